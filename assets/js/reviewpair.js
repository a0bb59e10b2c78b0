// Two attempts at a step on a reviewer's desk: which follows the prompt better? One key answers and goes on to the next.
import { zooming } from "./reviewlook.js";
import { say } from "./speech.js";

/** The keys that work on a pair while nobody types. */
export const KEYS = [
  ["1", say("the left picture is better")],
  ["ArrowLeft", say("the left picture is better")],
  ["2", say("the right picture is better")],
  ["ArrowRight", say("the right picture is better")],
  ["0", say("neither is better")],
  ["n", say("neither is better")],
  [" ", say("hold it: each picture in the other's place")],
  ["z", say("closer")],
];

export function open(stage, data, review) {
  const root = stage.querySelector("[data-pair]");
  const comment = root.querySelector("[name=comment]");
  const flicker = root.querySelector("[data-flicker]");
  const closer = zooming([...root.querySelectorAll("[data-zoom]")]);
  let better = null;

  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-better], [data-closer]");
    if (button?.dataset.better) choose(button.dataset.better);
    else if (button) zoom();
  });
  root.addEventListener("input", () => review.changed());
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target === comment) stage.focus({ preventScroll: true });
    if (event.key === " " && event.target === flicker) swap(true);
  });
  root.addEventListener("keyup", (event) => event.target === flicker && swap(false));
  for (const name of ["pointerdown", "pointerup", "pointercancel", "pointerleave"]) {
    flicker.addEventListener(name, () => swap(name === "pointerdown"));
  }

  function swap(yes) {
    root.classList.toggle("is-swapped", yes);
    flicker.setAttribute("aria-pressed", String(yes));
  }

  function zoom() {
    root.querySelector("[data-closer]").setAttribute("aria-pressed", String(closer()));
  }

  function choose(side) {
    mark(side);
    review.submit();
  }

  function mark(side) {
    better = side;
    for (const button of root.querySelectorAll("[data-better]")) {
      button.setAttribute("aria-pressed", String(button.dataset.better === side));
    }
  }

  function answer() {
    if (better !== null) return { kind: "pair", better, comment: comment.value.trim() };
    review.toast(say("Say first which picture is better: the left one, the right one, or neither."));
    return null;
  }

  function restore(draft) {
    mark(draft.better);
    comment.value = draft.comment;
  }

  const left = () => choose("first"), right = () => choose("second"), neither = () => choose("neither");
  const chosen = { first: say("The left one is better."), second: say("The right one is better."), neither: say("Neither is better.") };
  return {
    keys: { 1: left, ArrowLeft: left, 2: right, ArrowRight: right, 0: neither, n: neither, " ": () => swap(true), z: zoom },
    lifted: { " ": () => swap(false) },
    answer,
    words: (answer) => chosen[answer.better],
    draft: () => ({ better, comment: comment.value }),
    restore,
    close() {}, // all that listens goes with the markup
  };
}
