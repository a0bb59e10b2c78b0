// Reviewing an attempt: its picture against the one before, pass or fail, what is wrong, and what to draw instead.
import { comparing, zooming } from "./reviewlook.js";
import { say } from "./speech.js";

const FAULTS = 7, PLACE = "studio.review.look";

export const KEYS = [
  ["a", say("pass: it does what the step asks")],
  ["x", say("fail")],
  ["e", say("write a better prompt (Ctrl Enter: fail with it)")],
  ["1", say("tag: intent missed")],
  ["2", say("tag: anatomy")],
  ["3", say("tag: artefact")],
  ["4", say("tag: collateral change")],
  ["5", say("tag: text")],
  ["6", say("tag: style drift")],
  ["7", say("tag: other")],
  ["b", say("before or after")],
  [" ", say("hold it: before; let it go: after")],
  ["v", say("side by side or slider")],
  ["z", say("closer")],
];

/** Shows how to answer about the attempt whose markup ``stage`` holds; ``data`` is its view's. */
export function open(stage, data, review) {
  const form = stage.querySelector("[data-form]");
  const field = form.elements;
  const figure = stage.querySelector("[data-look]");
  const compare = comparing(figure);
  const closer = zooming([...figure.querySelectorAll("[data-zoom]")]);
  const boxes = [...form.querySelectorAll("[data-fault]")];
  let accepted = null;

  const press = (name, yes) => stage.querySelector(`[data-do="${name}"]`)?.setAttribute("aria-pressed", String(yes));
  const mark = (name) => (field[name].value === "" ? null : Number(field[name].value));

  function look(view) {
    compare.look(view);
    press("look", view === "slide");
  }

  function decide(yes) {
    accepted = yes;
    review.submit();
  }

  function tag(number) {
    boxes[number - 1].checked = !boxes[number - 1].checked;
    review.changed();
  }

  const acts = {
    pass: () => decide(true),
    fail: () => decide(false),
    flicker: () => press("flicker", compare.swap()),
    zoom: () => press("zoom", closer()),
    look() {
      const view = figure.dataset.view === "slide" ? "beside" : "slide";
      look(view);
      localStorage.setItem(PLACE, view);
    },
  };

  function clicked(event) {
    acts[event.target.closest("[data-do]")?.dataset.do]?.();
    const chosen = event.target.closest("[data-mark]");
    if (!chosen) return;
    if (chosen.dataset.chosen) chosen.checked = false; // a second click takes it back
    for (const other of form.querySelectorAll(`[name="${chosen.name}"]`)) delete other.dataset.chosen;
    if (chosen.checked) chosen.dataset.chosen = "yes";
    review.changed();
  }

  function typed(event) {
    if (event.key === "Escape" && event.target.matches("textarea")) {
      event.preventDefault();
      stage.focus({ preventScroll: true });
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target === field.refined) {
      event.preventDefault();
      decide(false);
    }
  }

  const changed = () => review.changed();
  const refuse = (event) => event.preventDefault(); // the form is only a place: buttons and keys answer
  const listeners = [[stage, "click", clicked], [form, "input", changed], [form, "keydown", typed], [form, "submit", refuse]];
  for (const [place, kind, act] of listeners) place.addEventListener(kind, act);
  look(localStorage.getItem(PLACE) ?? (matchMedia("(max-width: 768px)").matches ? "slide" : "beside"));

  return {
    keys: {
      a: acts.pass,
      x: acts.fail,
      e() {
        field.refined.focus();
        field.refined.select();
      },
      ...Object.fromEntries(Array.from({ length: FAULTS }, (_, at) => [String(at + 1), () => tag(at + 1)])),
      b: acts.flicker,
      " ": () => press("flicker", compare.swap(true)),
      v: acts.look,
      z: acts.zoom,
    },
    lifted: { " ": () => press("flicker", compare.swap(false)) },

    answer() {
      if (accepted === null) return review.toast(say("Choose first whether it passes.")), null;
      const refined = field.refined.value.trim();
      return {
        kind: "attempt",
        accepted,
        refined_prompt: refined && refined !== data.refined.trim() ? refined : null,
        faults: boxes.filter((box) => box.checked).map((box) => box.value),
        semantics: mark("semantics"),
        quality: mark("quality"),
        comment: field.comment.value.trim(),
        blind: data.blind,
      };
    },

    words(answer) {
      const agrees = data.critic === answer.accepted;
      if (data.critic === null) return answer.accepted ? say("Passed.") : say("Failed.");
      if (answer.accepted) return agrees ? say("Passed: you agree with the critic.") : say("Passed: you overturn the critic.");
      return agrees ? say("Failed: you agree with the critic.") : say("Failed: you overturn the critic.");
    },

    draft: () => ({
      refined: field.refined.value === data.refined ? null : field.refined.value,
      faults: boxes.filter((box) => box.checked).map((box) => box.value),
      semantics: field.semantics.value,
      quality: field.quality.value,
      comment: field.comment.value,
    }),

    restore(draft) {
      if (draft.refined !== null) field.refined.value = draft.refined;
      for (const box of boxes) box.checked = draft.faults.includes(box.value);
      for (const name of ["semantics", "quality"]) {
        field[name].value = draft[name];
        const chosen = form.querySelector(`[name="${name}"]:checked`);
        if (chosen) chosen.dataset.chosen = "yes";
      }
      field.comment.value = draft.comment;
      if (draft.comment || draft.semantics || draft.quality) form.querySelector("[data-more]").open = true;
    },

    close() {
      for (const [place, kind, act] of listeners) place.removeEventListener(kind, act);
    },
  };
}
