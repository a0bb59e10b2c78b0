// A plan on a reviewer's desk: a rating from 1 to 5, and the plan as it should have been, if its steps were changed. The list
// on the page is the correction; what the planner wrote comes with it as data.
import { say } from "./speech.js";

const FIELDS = ["title", "instruction", "prompt", "caption"];

/** The keys that work on a plan while nobody types; Alt with an arrow moves the step that has the focus also while typing. */
export const KEYS = [
  ["1", say("rate the plan: useless")],
  ["2", say("rate the plan: poor")],
  ["3", say("rate the plan: usable")],
  ["4", say("rate the plan: good")],
  ["5", say("rate the plan: just right")],
  ["a", say("save the rating and the correction")],
  ["Enter", say("save the rating and the correction (while typing, with Ctrl)")],
  ["e", say("correct the plan, from its first prompt on (Alt ↑, Alt ↓: move the step)")],
];

export function open(stage, data, review) {
  const root = stage.querySelector("[data-plan]");
  const list = root.querySelector("[data-steps]");
  const comment = root.querySelector("[name=comment]");
  const find = (name) => root.querySelector(`[data-${name}]`);
  const all = () => [...list.children];
  const kept = () => all().filter((step) => !isGone(step));
  let rating = null, undone = null; // undone: the correction that resetting took away

  const acts = {
    up: (step) => move(step, -1),
    down: (step) => move(step, 1),
    insert: add,
    add: () => add(list.lastElementChild),
    remove,
    "bring-back": bringBack,
    reset,
    redo,
    submit: () => review.submit(),
  };
  root.addEventListener("click", (event) => {
    const { rate: mark, act: name } = event.target.closest("[data-rate], [data-act]")?.dataset ?? {};
    if (mark) rate(Number(mark));
    acts[name]?.(event.target.closest(".planned-step"));
  });
  root.addEventListener("input", changed);
  root.addEventListener("keydown", pressed);
  show();

  function pressed(event) {
    const step = event.target.closest(".planned-step");
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step && by && event.altKey) move(step, by);
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.target.matches("[data-rate][aria-pressed=true]"))) review.submit();
    else if (event.key === "Escape" && event.target.matches("input, textarea")) stage.focus({ preventScroll: true });
    else return;
    event.preventDefault();
  }

  function rate(mark) {
    rating = mark;
    changed();
    if (document.activeElement.matches("[data-rate]")) root.querySelector("[aria-pressed=true][data-rate]").focus(); // for Enter
  }

  // ---------------------------------------------------------------- steps

  /** Moves the step past its neighbour, by moving the neighbour: what is moved in a page loses the focus. */
  function move(step, by) {
    const steps = kept();
    const other = steps[steps.indexOf(step) + by];
    if (!other || isGone(step)) return;
    if (by < 0) step.after(other);
    else step.before(other);
    changed();
    tell(say("Now step {number} of {count}.", { number: kept().indexOf(step) + 1, count: steps.length }));
    step.scrollIntoView({ block: "nearest" });
  }

  /** A new step after another one; at the top if there is none. */
  function add(after) {
    if (kept().length >= data.most) return review.toast(say("A plan may have {most} steps.", { most: data.most }));
    const step = fresh();
    if (after) after.after(step);
    else list.prepend(step);
    changed();
    field(step, "title").focus();
    step.scrollIntoView({ block: "nearest" });
  }

  function fresh() {
    return find("new-step").content.firstElementChild.cloneNode(true);
  }

  /** Takes a step out. It can be put back, unless it is a new one without words. */
  function remove(step) {
    const steps = kept(), place = steps.indexOf(step);
    if (isNew(step) && FIELDS.every((name) => !field(step, name)?.value.trim())) step.remove();
    else gone(step, true);
    changed();
    tell(say("The step is removed."));
    const near = steps[place + 1] ?? steps[place - 1];
    if (step.isConnected) act(step, "bring-back").focus();
    else if (near) act(near, "remove").focus();
  }

  function bringBack(step) {
    if (kept().length >= data.most) return review.toast(say("A plan may have {most} steps.", { most: data.most }));
    gone(step, false);
    changed();
    act(step, "remove").focus();
  }

  function gone(step, yes) {
    step.classList.toggle("is-gone", yes);
    for (const part of ["words", "acts"]) step.querySelector(`[data-${part}]`).hidden = yes;
    step.querySelector("[data-gone]").hidden = !yes;
    step.querySelector("[data-gone-title]").textContent = field(step, "title").value || field(step, "prompt").value || field(step, "caption").value;
  }

  function reset() {
    undone = draft().steps;
    put(data.steps.map((words, of) => ({ of: String(of), gone: false })));
    changed();
    tell(say("The plan is as the planner wrote it."));
    root.querySelector("[data-act=redo]").focus();
  }

  function redo() {
    put(undone);
    undone = null;
    changed();
    root.querySelector("[data-act=reset]").focus();
  }

  /** Makes the list these steps: the planner's with other words in them, where there are any, and new ones. */
  function put(steps) {
    const planners = new Map(all().filter((step) => !isNew(step)).map((step) => [step.dataset.of, step]));
    const places = steps.map(({ of }) => of).filter((of) => planners.has(of));
    if (places.length !== planners.size || new Set(places).size !== planners.size) return; // not of this plan
    list.replaceChildren(...steps.map((words) => {
      const step = planners.get(words.of) ?? fresh();
      for (const input of FIELDS.map((name) => field(step, name)).filter(Boolean)) input.value = words[input.name] ?? input.defaultValue;
      gone(step, words.gone);
      return step;
    }));
  }

  // ---------------------------------------------------------------- what it comes to

  function changed() {
    show();
    review.changed();
  }

  function show() {
    for (const button of root.querySelectorAll("[data-rate]")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.rate) === rating));
    }
    const steps = kept();
    for (const [place, step] of steps.entries()) {
      step.querySelector("[data-number]").textContent = place + 1;
      step.querySelector("[data-words]").setAttribute("aria-label", say("Step {number}", { number: place + 1 }));
      step.querySelector("[data-new]").hidden = !isNew(step);
      step.querySelector("[data-changed]").hidden = isNew(step) || isSame(words(step), data.steps[step.dataset.of]);
      act(step, "up").setAttribute("aria-disabled", String(place === 0));
      act(step, "down").setAttribute("aria-disabled", String(place === steps.length - 1));
    }
    const corrected = correction() !== null;
    find("corrected").hidden = root.querySelector("[data-act=reset]").hidden = !corrected;
    root.querySelector("[data-act=redo]").hidden = corrected || undone === null;
    find("submit-words").textContent = corrected ? say("Save with the correction") : say("Save");
  }

  /** The steps as they should have been; null where they are as the planner wrote them. */
  function correction() {
    const steps = kept().map(words);
    const same = steps.length === data.steps.length && steps.every((step, place) => isSame(step, data.steps[place]));
    return same ? null : steps;
  }

  /** A step's words; where nothing was typed, as the planner wrote them to the letter. */
  function words(step) {
    const planned = isNew(step) ? { title: "", instruction: "", prompt: null, caption: null } : data.steps[step.dataset.of];
    return Object.fromEntries(FIELDS.map((name) => {
      const input = field(step, name);
      if (!input || input.value === input.defaultValue) return [name, planned[name]];
      const text = input.value.trim();
      return [name, name === "prompt" || name === "caption" ? text || null : text];
    }));
  }

  function answer() {
    if (rating === null) return refuse(say("Rate the plan first, from 1 to 5."), stage);
    const steps = correction();
    if (steps?.length === 0) return refuse(say("A plan needs a step: put one back, or add one."), root.querySelector("[data-act=add]"));
    const bare = steps ? steps.findIndex((step) => !step.prompt && !step.caption) : -1;
    if (bare >= 0) {
      const number = bare + 1;
      return refuse(say("Step {number} needs a prompt to draw or a caption to show.", { number }), field(kept()[bare], "prompt"));
    }
    return { kind: "plan", rating, steps, comment: comment.value.trim() };
  }

  function refuse(sentence, place) {
    review.toast(sentence);
    place.focus({ preventScroll: place === stage });
    return null;
  }

  function draft() {
    const steps = all().map((step) => {
      const inputs = FIELDS.map((name) => field(step, name)).filter(Boolean);
      return { of: step.dataset.of, gone: isGone(step), ...Object.fromEntries(inputs.map(({ name, value }) => [name, value])) };
    });
    return { rating, comment: comment.value, steps };
  }

  function restore(draft) {
    rating = draft.rating;
    comment.value = draft.comment;
    put(draft.steps);
    show();
  }

  function tell(sentence) {
    find("plan-says").textContent = sentence;
  }

  const marks = [1, 2, 3, 4, 5].map((mark) => [mark, () => rate(mark)]);
  const edit = () => kept().length && field(kept()[0], "prompt").focus();
  return {
    keys: { ...Object.fromEntries(marks), a: acts.submit, Enter: acts.submit, e: edit },
    answer,
    words: ({ rating, steps }) => (steps ? say("Rated {rating} of 5, and corrected.", { rating }) : say("Rated {rating} of 5.", { rating })),
    draft,
    restore,
    close() {}, // all that listens goes with the markup
  };
}

const field = (step, name) => step.querySelector(`[name=${name}]`);
const act = (step, name) => step.querySelector(`[data-act=${name}]`);
const isNew = (step) => step.dataset.of === "";
const isGone = (step) => step.classList.contains("is-gone");
const isSame = (one, other) => FIELDS.every((name) => one[name] === other[name]);
