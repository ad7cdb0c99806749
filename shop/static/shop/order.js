// Polls the order page for changes: often while the order progresses, backing off while nothing happens, and never while
// the tab is hidden. The page's own attributes define the request, and are gone once the order is final.
const SHORTEST_MS = 1500;
const LONGEST_MS = 20000;
const BACKOFF = 1.15;

let wait = SHORTEST_MS;
let timer;

function refresh() {
  const live = document.getElementById("order-live");
  if (live?.hasAttribute("hx-get")) htmx.trigger(live, "refresh");
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

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) {
    wait = SHORTEST_MS;
    refresh();
  }
});

schedule();
