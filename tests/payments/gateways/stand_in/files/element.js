// Inside the frame: validates the number, and trades it for a confirmation token.
const number = document.querySelector("input");

async function answer(message) {
  const entered = number.value.replaceAll(" ", "");
  if (!entered) return { error: { type: "validation_error", message: "Your card number is incomplete." } };
  if (message === "validate") return {};
  const response = await fetch("/element", { method: "POST", body: new URLSearchParams({ number: entered }) });
  return response.json();
}

addEventListener("message", async (event) => event.ports[0].postMessage(await answer(event.data)));
