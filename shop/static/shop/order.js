// When is it time to look whether the order has moved? Often while it moves, seldom while nothing happens, and not at
// all while nobody sees the page. The page itself says what is asked and when the last answer was final.
const SOON = 1500;
const SELDOM = 20000;
const SLOWER = 1.15;

let wait = SOON;
let timer;

function look() {
  const live = document.getElementById("order-live");
  if (live?.hasAttribute("hx-get")) htmx.trigger(live, "look");
}

function plan() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(look, wait);
}

document.addEventListener("htmx:afterRequest", (event) => {
  const answer = event.detail.xhr;
  const hasMoved = answer.status === 200;
  wait = hasMoved ? SOON : Math.min(wait * SLOWER, SELDOM);
  plan();
});

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) {
    wait = SOON;
    look();
  }
});

plan();
