// Keyboard control of search suggestions: arrow keys move through them, Escape or leaving the form closes them.
const form = document.querySelector("form[role=search]");
const field = form.querySelector("input[type=search]");
const list = document.getElementById("suggestions");

const hide = () => list.replaceChildren();

form.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && list.childElementCount) {
    hide();
    field.focus();
    event.preventDefault();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && list.childElementCount) {
    const stops = [field, ...list.querySelectorAll("a")];
    const next = stops.indexOf(document.activeElement) + step;
    stops[(next + stops.length) % stops.length].focus();
    event.preventDefault();
  }
});

form.addEventListener("focusout", (event) => {
  if (!form.contains(event.relatedTarget)) hide();
});

// Suggestions that arrive after the focus has left the form are dropped.
list.addEventListener("htmx:beforeSwap", (event) => {
  if (!form.contains(document.activeElement)) event.detail.shouldSwap = false;
});
