// Polls the order page for changes: often while the order progresses, backing off while nothing happens, and never while
// the tab is hidden. The page's own attributes define the request, and are gone once the order is final.
const SHORTEST_MS = 1500;
const LONGEST_MS = 20000;
const BACKOFF = 1.15;

let wait = SHORTEST_MS;
let timer;

function refresh() {
  const live = document.querySelector("#order-live > [hx-get]");
  if (live) htmx.trigger(live, "refresh");
}

function schedule() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, wait);
}

document.addEventListener("htmx:afterRequest", (event) => {
  const response = event.detail.xhr;
  const hasChanged = response.status === 200;
  wait = hasChanged ? SHORTEST_MS : Math.min(wait * BACKOFF, LONGEST_MS);
  schedule();
});

// A poll never replaces a form whose answer is still to come, nor what a form's answer has shown meanwhile.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { elt, verb } = event.detail.requestConfig;
  const isOvertaken = !elt.isConnected || document.querySelector("#order-live form.htmx-request");
  if (verb === "get" && isOvertaken) event.detail.shouldSwap = false;
});

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) {
    wait = SHORTEST_MS;
    refresh();
  }
});

schedule();
