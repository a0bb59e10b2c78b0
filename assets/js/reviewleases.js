// An item is a reviewer's alone for ten minutes at a time: renewed while they are at it, and told when the time is up.
import { say } from "./speech.js";

const BETWEEN_LOOKS = 15_000; // ms
const EARLY = 5 * 60_000; // ms before the end from which on an item is renewed
const AT_IT = 4 * 60_000; // ms after the last key or touch that somebody counts as being at it

export function leases(review) {
  const { root } = review;
  const notice = root.querySelector("[data-notice]");
  const act = root.querySelector("[data-notice-act]");
  let moved = Date.now();

  for (const kind of ["pointerdown", "pointermove", "keydown"]) root.ownerDocument.addEventListener(kind, () => (moved = Date.now()), { passive: true });
  setInterval(look, BETWEEN_LOOKS);
  document.addEventListener("visibilitychange", () => document.hidden || look());
  root.addEventListener("click", (event) => {
    const name = event.target.closest("[data-do]")?.dataset.do;
    if (name === "keep") keep(review.line[0]);
    if (name === "drop") review.drop();
  });
  review.tellLease = tell;

  function look() {
    const now = Date.now();
    const [first, ...rest] = review.line;
    review.line.splice(1, Infinity, ...rest.filter((held) => held.ends > now)); // what nobody looks at just goes back
    if (now - moved < AT_IT && !document.hidden) {
      for (const held of review.line) if (held.ends > now && held.ends - now < EARLY) renew(held);
    }
    if (first) tell();
  }

  async function renew(held) {
    const told = await review.ask("renew", { item: held.item });
    if (!told.error) held.ends = Date.now() + told.seconds * 1000;
    tell();
    return told;
  }

  /** Says that the time is up, if it is. */
  function tell() {
    const over = review.line.length > 0 && review.line[0].ends <= Date.now();
    if (over && notice.hidden) words(say("Your ten minutes for this one are up: somebody else may get it now."), true);
    notice.hidden = !over;
  }

  function words(said, goesOn) {
    root.querySelector("[data-notice-words]").textContent = said;
    act.hidden = !goesOn;
  }

  async function keep(held) {
    if (!held) return;
    const told = await renew(held);
    if (told.error) words(told.error, Boolean(told.unreached));
  }
}
