// Keeps focus and text selection when a live fragment is replaced.
(() => {
  let focusedHref = "";

  function hasSelection(fragment) {
    const selection = document.getSelection();
    return selection && !selection.isCollapsed && selection.containsNode(fragment, true);
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const fragment = event.detail.target;
    if (fragment.id !== "desk-live") return;
    // A swap would lose text that somebody is about to copy. The next answer comes in five seconds.
    if (hasSelection(fragment)) event.detail.shouldSwap = false;
    const active = document.activeElement;
    focusedHref = fragment.contains(active) ? active.getAttribute("href") || "" : "";
  });

  document.addEventListener("htmx:afterSwap", () => {
    if (!focusedHref) return;
    const links = document.querySelectorAll("#desk-live a[href]");
    const link = [...links].find((candidate) => candidate.getAttribute("href") === focusedHref);
    if (link) link.focus({ preventScroll: true });
    focusedHref = "";
  });
})();
