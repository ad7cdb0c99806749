// How do suggestions behave under the keyboard? Arrows walk through them, Escape and leaving the field close them.
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

// An answer that comes after the shopper has gone elsewhere is not shown.
list.addEventListener("htmx:beforeSwap", (event) => {
  if (!form.contains(document.activeElement)) event.detail.shouldSwap = false;
});
