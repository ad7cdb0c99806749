// Keeps what was typed into a form that was sent after its session had ended, in this tab, until signing in has led back
// to the page. Any other page drops it. Never a form with a password, for nobody else than who typed it, for an hour at
// most, and only while the page shows what it showed: its hidden fields are the same.
(() => {
  const KEY = "kept-form";
  const MILLISECONDS = 3_600_000;
  const SECRET = "[type=password]";
  const TYPED = ":is(input, textarea, select):not([type=hidden], [type=file], [type=submit], [type=button])";
  const HIDDEN = "input[type=hidden]:not([name=csrfmiddlewaretoken])";
  const here = location.pathname + location.search;

  function user() {
    return document.querySelector("[data-user]")?.dataset.user;
  }

  function isKept(form) {
    return form.method === "post" && !form.querySelector(SECRET) && form.querySelector(TYPED);
  }

  function nameOf(form) {
    return `${form.getAttribute("action")} ${form.id}`;
  }

  function shownBy(form) {
    return [...form.querySelectorAll(HIDDEN)].map((field) => `${field.name}=${field.value}`).join("&");
  }

  function typedInto(field) {
    if (field.matches("[type=checkbox], [type=radio]")) return field.checked;
    return field.multiple ? [...field.selectedOptions].map((option) => option.value) : field.value;
  }

  function fill(field, typed) {
    if (field.matches("[type=checkbox], [type=radio]")) field.checked = typed;
    else if (!Array.isArray(typed)) field.value = typed;
    else for (const option of field.options) option.selected = typed.includes(option.value);
  }

  function restore(kept) {
    const form = [...document.forms].find((candidate) => isKept(candidate) && nameOf(candidate) === kept.form);
    if (!form || shownBy(form) !== kept.shown) return;
    const fields = [...form.querySelectorAll(TYPED)];
    if (fields.length === kept.typed.length) fields.forEach((field, at) => fill(field, kept.typed[at]));
  }

  document.addEventListener("submit", ({ target }) => {
    if (!user() || !isKept(target)) return;
    const kept = { at: Date.now(), page: here, user: user(), form: nameOf(target), shown: shownBy(target) };
    kept.typed = [...target.querySelectorAll(TYPED)].map(typedInto);
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  });

  document.addEventListener("DOMContentLoaded", () => {
    const kept = JSON.parse(sessionStorage.getItem(KEY));
    if (!kept) return;
    const isRecent = Date.now() - kept.at < MILLISECONDS;
    const leadsBack = new URLSearchParams(location.search).get("next") === kept.page;
    if (leadsBack && isRecent) sessionStorage.setItem(KEY, JSON.stringify({ ...kept, isLost: true }));
    else sessionStorage.removeItem(KEY);
    if (kept.isLost && isRecent && kept.page === here && kept.user === user()) restore(kept);
  });
})();
