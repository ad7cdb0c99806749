// Keeps focus and text selection when a live fragment is replaced, and leaves the page when the session has ended.
(() => {
  let focusedHref = "";

  function hasSelection(fragment) {
    const selection = document.getSelection();
    return selection && !selection.isCollapsed && selection.containsNode(fragment, true);
  }

  function isRedirected({ xhr, requestConfig }) {
    const answered = xhr.responseURL && new URL(xhr.responseURL).pathname;
    return Boolean(answered) && answered !== new URL(requestConfig.path, location.href).pathname;
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const fragment = event.detail.target;
    // The answer is the login page. The page itself redirects there, too, and comes back afterwards.
    if (event.detail.requestConfig.verb === "get" && isRedirected(event.detail)) {
      event.detail.shouldSwap = false;
      location.reload();
      return;
    }
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
