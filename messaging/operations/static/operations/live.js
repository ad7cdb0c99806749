// Does who reads a page that brings itself up to date keep focus and selection?
(() => {
  let focused = "";

  function selectsIn(part) {
    const selection = document.getSelection();
    return selection && !selection.isCollapsed && selection.containsNode(part, true);
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.target;
    if (part.id !== "desk-live") return;
    // What is being selected, to be copied, stays as it is; the next answer comes in five seconds.
    if (selectsIn(part)) event.detail.shouldSwap = false;
    const active = document.activeElement;
    focused = part.contains(active) ? active.getAttribute("href") || "" : "";
  });

  document.addEventListener("htmx:afterSwap", () => {
    if (!focused) return;
    const links = document.querySelectorAll("#desk-live a[href]");
    const same = [...links].find((link) => link.getAttribute("href") === focused);
    if (same) same.focus({ preventScroll: true });
    focused = "";
  });
})();
