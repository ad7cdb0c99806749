// Two changes at once: the first answer replaces the form whose answer is still to come. That one may be older than what
// is shown, so the page is loaded again.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "basket" || event.detail.requestConfig.elt.isConnected) return;
  event.detail.shouldSwap = false;
  location.reload();
});
