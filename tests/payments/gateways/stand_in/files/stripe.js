// Stand-in for Stripe.js, as far as the shop uses it. As at Stripe, what the shopper enters stays inside a frame of
// another origin; the page gets a confirmation token. Source: https://docs.stripe.com/js.
const base = new URL(document.currentScript.src).origin;
const required = (condition, message) => {
  if (!condition) throw new Error(`IntegrationError: ${message}`);
};

class PaymentElement {
  constructor() {
    this.listeners = {};
    this.frame = document.createElement("iframe");
    this.frame.title = "Secure payment input frame";
    this.frame.src = `${base}/element`;
  }

  mount(target) {
    const place = typeof target === "string" ? document.querySelector(target) : target;
    this.frame.addEventListener("load", () => this.listeners.ready?.());
    place.append(this.frame);
  }

  on(event, listener) {
    this.listeners[event] = listener;
  }

  ask(message) {
    return new Promise((resolve) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = (event) => resolve(event.data);
      this.frame.contentWindow.postMessage(message, base, [channel.port2]);
    });
  }
}

class Elements {
  constructor(options) {
    required(options.mode === "payment", "mode must be payment.");
    required(Number.isInteger(options.amount) && options.amount > 0, "amount must be a positive integer.");
    required(/^[a-z]{3}$/.test(options.currency), "currency must be in lowercase.");
    this.options = options;
  }

  create(type) {
    required(type === "payment", "the shop uses the Payment Element.");
    this.element = new PaymentElement();
    return this.element;
  }

  update(options) {
    required(Number.isInteger(options.amount ?? 1), "amount must be an integer.");
    Object.assign(this.options, options);
  }

  async submit() {
    const answer = await this.element.ask("validate");
    this.isSubmitted = !answer.error;
    return answer;
  }
}

window.Stripe = (key) => {
  required(/^pk_/.test(key), "the key must be a publishable key.");
  return {
    elements: (options) => new Elements(options),
    createConfirmationToken: async ({ elements }) => {
      required(elements.isSubmitted, "elements.submit() must be called before.");
      return elements.element.ask("tokenise");
    },
  };
};
