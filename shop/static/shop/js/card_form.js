// Payment step with Stripe: what the shopper enters stays in Stripe's frame, and the form gets a confirmation token for
// it, which a task charges. https://docs.stripe.com/payments/finalize-payments-on-the-server
const box = document.querySelector("[data-card-form]");
const form = box.closest("form");
const field = box.querySelector("[name=payment_method]");
const button = form.querySelector("[type=submit]");

function show(text) {
  box.querySelector("[data-error]").textContent = text;
}

// What is charged depends on the shipping method, on pages where it is chosen.
function amount() {
  const shipping = form.querySelector("[name=shipping_method]:checked")?.value ?? "";
  return Number(box.querySelector(`[data-amount-for="${shipping}"]`).value);
}

// The browser reports an invalid field before anything is collected, because the shopper would have to enter it again.
function isComplete() {
  const wrong = [...form.elements].find((input) => input.getClientRects().length && !input.checkValidity());
  wrong?.reportValidity();
  return !wrong;
}

async function collect(stripe, elements) {
  const submitted = await elements.submit();
  if (submitted.error) throw submitted.error;
  const { error, confirmationToken } = await stripe.createConfirmationToken({ elements });
  if (error) throw error;
  return confirmationToken.id;
}

async function submit(stripe, elements) {
  if (!isComplete()) return;
  show("");
  button.disabled = true;
  try {
    field.value = await collect(stripe, elements);
    form.submit();
  } catch (error) {
    button.disabled = false;
    show((error.type && error.message) || box.dataset.failed);
  }
}

function start() {
  const stripe = Stripe(box.dataset.key);
  const elements = stripe.elements({
    mode: "payment",
    amount: amount(),
    currency: box.dataset.currency,
    locale: document.documentElement.lang || "auto",
    appearance: { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "stripe" },
  });
  const element = elements.create("payment");
  element.on("loaderror", () => show(box.dataset.unavailable));
  element.mount(box.querySelector("[data-element]"));
  form.addEventListener("change", () => elements.update({ amount: amount() }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!button.disabled) submit(stripe, elements);
  });
}

// Back from the next page: a token is used once.
addEventListener("pageshow", () => {
  field.value = "";
  button.disabled = false;
});

if (window.Stripe) start();
else show(box.dataset.unavailable);
