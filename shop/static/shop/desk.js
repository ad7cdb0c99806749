// The desk's sidebar, filters and keys. Loaded before the page, so that the sidebar has its state at the first paint.
(() => {
  const ROWS = "#result_list tbody tr, .desk-list li";
  const root = document.documentElement;
  const closed = localStorage.getItem("django.admin.navSidebarIsOpen") === "false";
  root.dataset.sidebar = closed ? "closed" : "open";

  function isTyping(element) {
    return element.isContentEditable || element.matches("input:not([type=checkbox], [type=submit]), textarea, select");
  }

  function links() {
    return [...document.querySelectorAll(ROWS)]
      .map((row) => row.querySelector("th a[href], :scope > a[href], td a[href]"))
      .filter((link) => link && link.checkVisibility());
  }

  function currentRow() {
    return document.activeElement && document.activeElement.closest(ROWS);
  }

  // The focus marks the row: Enter opens it, and a list that refreshes itself keeps it.
  function move(step) {
    const all = links();
    const row = currentRow();
    const at = row ? all.findIndex((link) => row.contains(link)) : step > 0 ? -1 : all.length;
    const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
    if (!next) return;
    next.focus({ focusVisible: true, preventScroll: true });
    next.closest(ROWS).scrollIntoView({ block: "nearest" });
  }

  // A link leads to its confirmation; a button, which would act, is only focused.
  function approach(action) {
    const target = document.querySelector(`[data-action="${action}"]`);
    if (target && target.href) location.assign(target.href);
    else if (target) target.focus({ focusVisible: true });
  }

  // From a row of a list, on the row's own page.
  function propose(action) {
    const row = currentRow();
    const link = row && links().find((candidate) => row.contains(candidate));
    if (link) location.assign(`${link.href.split("#")[0]}#${action}`);
    else approach(action);
  }

  function search() {
    const field = document.getElementById("searchbar");
    if (field) field.select();
    return Boolean(field);
  }

  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    r: () => propose("retry"),
    d: () => propose("discard"),
    "/": search,
    "?": () => document.getElementById("desk-keys").showModal(),
  };

  function closeFilters(except) {
    for (const open of document.querySelectorAll("#changelist-filter details[open]")) {
      if (!open.contains(except)) open.open = false;
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeFilters(null);
    if (document.readyState === "loading") return; // the dialogs are not there yet
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const act = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : null;
    if (act && act() !== false) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    closeFilters(event.target);
    if (event.target.closest("#desk-keys button")) document.getElementById("desk-keys").close();
    if (event.target.closest("#toggle-nav-sidebar")) {
      root.dataset.sidebar = root.dataset.sidebar === "open" ? "closed" : "open";
    }
  });

  // Django's lists to choose from have labelled icons without a role, which screen readers may skip.
  addEventListener("load", () =>
    setTimeout(() => {
      for (const icon of document.querySelectorAll("span.help-tooltip[aria-label]")) icon.setAttribute("role", "img");
    }),
  );

  document.addEventListener("DOMContentLoaded", () => {
    const action = location.hash.slice(1);
    if (action !== "retry" && action !== "discard") return;
    history.replaceState(null, "", location.pathname + location.search);
    approach(action);
  });
})();
