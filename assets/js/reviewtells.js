// What the review page says: how far everybody is, what became of a decision, and what was said of the item before.
import { parse } from "./morph.js";
import { say } from "./speech.js";

const TOAST = 5000; // ms

export function telling(review) {
  const { root } = review;
  const find = (name) => root.querySelector(`[data-${name}]`);
  const box = find("toast"), before = find("said"), hint = before.firstElementChild;
  let toasting, last = null; // the item before, with its answer

  Object.assign(review, { toast, tellProgress, tellNone, tellDispute, reveal });
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do=gold]");
    if (button) makeGold(button);
  });

  function toast(words, undoable = false) {
    find("toast-words").textContent = words;
    find("toast-undo").hidden = !undoable;
    box.hidden = false;
    clearTimeout(toasting);
    toasting = setTimeout(() => (box.hidden = true), TOAST);
  }

  function tellProgress({ today, own, done, all, pace }) {
    const parts = [say("{done} of {all} done", { done, all }), say("{today} today, {own} in all by you", { today, own })];
    if (pace) parts.push(say("{pace} a minute", { pace: pace < 10 ? pace.toFixed(1) : Math.round(pace) }));
    find("progress").textContent = parts.join(" · ");
  }

  function tellNone() {
    find("none").textContent = review.disputes ? say("Reviewers agree about everything that matches, or somebody has decided.")
      : review.filtered() ? say("Nothing more matches these filters that you have not seen.")
      : say("You have seen all that there is. What models make from now on comes here, too.");
  }

  /** Says what reviewers who disagree said of an item, and how many such items are left. */
  function tellDispute({ said }) {
    find("dispute").hidden = !said;
    find("dispute-said").replaceChildren(parse(said ?? ""));
    const count = review.line.length + (review.disputes?.length ?? 0);
    find("dispute-count").textContent = count === 1 ? say("The last one to decide.") : say("{count} to decide, this one among them.", { count });
  }

  /** Says what the critic and the others said of an item that was just answered; with nothing, nothing. */
  function reveal(markup, item = null, answer = null) {
    last = { item, answer };
    before.replaceChildren(markup ? parse(markup) : hint);
  }

  async function makeGold(button) {
    button.disabled = true;
    const told = await review.ask("gold", last);
    toast(told.error ?? say("This is the right answer from now on."));
    button.disabled = !told.error;
  }
}
