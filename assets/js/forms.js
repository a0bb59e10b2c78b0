// The forms that a person writes in: a step's words, a new step, a split, a better prompt, the story's title and notes, what it
// may cost. They stand in places that updates never touch, and what was typed but not saved survives a reload of the page.

import { say } from "./speech.js";

const DRAFTS = "interleave-studio.drafts";
const MOST_DRAFTS = 40; // the oldest go first

export function forms(studio) {
  const { root } = studio;
  const template = (name) => root.querySelector(`[data-template="${name}"]`).content.firstElementChild.cloneNode(true);

  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    const open = OPEN[button?.dataset.do];
    if (open) open(button.closest("[data-step]"), button);
    if (button?.dataset.do === "cancel") close(button.closest("form"));
  });
  root.addEventListener("keydown", (event) => {
    const form = event.target.closest("form.words");
    if (!form) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
    if (event.key === "Escape") {
      event.stopPropagation();
      if (!dirty(form)) close(form);
    }
  });
  root.addEventListener("input", (event) => {
    const form = event.target.closest("form.words");
    if (form) keep(form);
  });
  root.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    if (form.dataset.form === "policy") return setPolicy(form);
    if (form.dataset.sending) return;
    form.dataset.sending = "yes";
    const fault = await studio.wish(form.command(values(form)));
    delete form.dataset.sending;
    if (fault === null) return; // they thought better of it
    if (!fault) return close(form, true);
    const line = form.querySelector("[data-fault]");
    line.textContent = fault;
    line.hidden = false;
  });
  root.addEventListener("toggle", (event) => event.target.open && event.target.querySelector?.("form.policy")?.reset(), true);
  studio.addEventListener("changed", () => {
    restore();
    for (const form of root.querySelectorAll('form.words[data-kind="edit"]')) hint(form);
  });

  // ------------------------------------------------------------ opening

  const OPEN = {
    edit(slot) {
      const own = slot.querySelector('[data-own="edit"]');
      const { title, instruction, prompt, caption } = own.dataset;
      const form = put(own, "words", `edit:${slot.dataset.step}`, { title, prompt, caption });
      form.dataset.kind = "edit";
      form.base = { title, prompt, caption };
      form.command = (words) => ({ kind: "edit_step", step: slot.dataset.step, words: { instruction, ...words } });
      hint(form);
    },
    insert(slot) {
      const own = slot.querySelector('[data-own="insert"]');
      const form = put(own, "words", `insert:${slot.dataset.step}`, { title: "", prompt: "", caption: "" });
      form.command = (words) => ({ kind: "insert_step", position: [...slot.parentElement.children].indexOf(slot) + 1, words });
      form.querySelector("[data-hint]").textContent = say("The new step is drawn on the picture before it.");
    },
    split(slot) {
      const own = slot.querySelector('[data-own="edit"]');
      const { title, instruction, prompt, caption } = own.dataset;
      const [one, other] = halves(caption);
      const words = {
        "first.title": title, "first.prompt": prompt, "first.caption": one,
        "second.title": "", "second.prompt": "", "second.caption": other,
      };
      const form = put(own, "split", `split:${slot.dataset.step}`, words);
      form.command = (said) => ({
        kind: "split_step",
        step: slot.dataset.step,
        first: { instruction, ...part(said, "first") },
        second: part(said, "second"),
      });
    },
    reject(slot, button) {
      const attempt = button.closest(".attempt");
      attempt.closest("details").open = true;
      const [step, revision, number] = attempt.dataset.attempt.split(".");
      const key = { step, revision: Number(revision), number: Number(number) };
      const words = { refined_prompt: attempt.dataset.refined, note: "" };
      const form = put(attempt.querySelector('[data-own="reject"]'), "reject", `reject:${attempt.dataset.attempt}`, words);
      form.command = (said) => ({ kind: "overrule", attempt: key, accepted: false, ...said });
    },
    rename() {
      const own = root.querySelector('[data-own="story"]');
      const form = put(own, "rename", "rename:story", { title: own.dataset.title });
      form.command = (said) => ({ kind: "rename", ...said });
    },
    notes() {
      const own = root.querySelector('[data-own="story"]');
      const { style, characters, avoid, language } = own.dataset;
      const form = put(own, "notes", "notes:story", { style, characters, avoid, language });
      form.command = (notes) => ({ kind: "set_notes", notes });
    },
  };

  function put(own, name, draft, words) {
    const there = own.querySelector("form");
    if (there?.dataset.form === name) {
      there.querySelector("input, textarea").focus();
      return there;
    }
    there?.remove();
    const form = template(name);
    form.dataset.draft = `${studio.story}:${draft}`;
    const drafted = drafts()[form.dataset.draft];
    for (const [field, value] of Object.entries(words)) {
      form.elements[field].defaultValue = value;
      form.elements[field].value = drafted?.[field] ?? value;
    }
    own.append(form);
    own.closest("[data-step]")?.classList.add(`with-${name}`);
    form.querySelector("input, textarea").focus();
    return form;
  }

  function close(form, saved = false) {
    const slot = form.closest("[data-step]");
    forget(form);
    form.remove();
    if (!slot) return;
    for (const name of ["words", "split"]) {
      if (!slot.querySelector(`form[data-form="${name}"]`)) slot.classList.remove(`with-${name}`);
    }
    slot.querySelector('[data-do="edit"]')?.focus({ preventScroll: saved });
  }

  function hint(form) {
    const now = form.closest("[data-own]").dataset;
    const moved = ["title", "prompt", "caption"].some((field) => now[field] !== form.base[field]);
    form.querySelector("[data-hint]").textContent = moved
      ? say("This step was changed meanwhile. Saving puts your words in place of the new ones.")
      : say("A new prompt draws this step again. New words around it don't.");
  }

  function setPolicy(form) {
    const { max_attempts, candidates, threshold, on_exhausted, review } = form.elements;
    const policy = {
      max_attempts: Number(max_attempts.value),
      candidates: Number(candidates.value),
      threshold: threshold.value === "" ? null : Number(threshold.value),
      on_exhausted: on_exhausted.value,
      review: review.checked,
    };
    form.closest(".menu").open = false;
    studio.act({ kind: "set_policy", policy });
  }

  // ------------------------------------------------------------ drafts

  function drafts() {
    try {
      return JSON.parse(localStorage.getItem(DRAFTS) ?? "{}");
    } catch {
      return {};
    }
  }

  function store(all) {
    try {
      localStorage.setItem(DRAFTS, JSON.stringify(Object.fromEntries(Object.entries(all).slice(-MOST_DRAFTS))));
    } catch {
      // a browser that keeps nothing: the form itself still holds the words
    }
  }

  function keep(form) {
    const { [form.dataset.draft]: _, ...others } = drafts();
    store({ ...others, [form.dataset.draft]: values(form) });
  }

  function forget(form) {
    const all = drafts();
    delete all[form.dataset.draft];
    store(all);
  }

  /** Opens again, once per page, the forms in which something was typed before a reload. */
  function restore() {
    if (restore.done === studio.story) return;
    restore.done = studio.story;
    for (const draft of Object.keys(drafts())) {
      const [story, kind, name] = draft.split(":");
      if (story !== studio.story || !OPEN[kind]) continue;
      const own = kind === "reject" ? ".attempt[data-attempt" : "[data-step";
      const place = name === "story" ? root : root.querySelector(`${own}="${CSS.escape(name)}"]`);
      if (place) OPEN[kind](place, place);
    }
  }
}

/** A caption's two halves, cut between sentences. */
function halves(text) {
  const sentences = text.match(/[^.!?。！？]+[.!?。！？”"']*\s*/g) ?? [text];
  const cut = Math.ceil(sentences.length / 2);
  return [sentences.slice(0, cut).join("").trim(), sentences.slice(cut).join("").trim()];
}

const part = (said, name) => Object.fromEntries(["title", "prompt", "caption"].map((field) => [field, said[`${name}.${field}`]]));
const fields = (form) => [...form.elements].filter((field) => field.name);
const values = (form) => Object.fromEntries(fields(form).map((field) => [field.name, field.value]));
const dirty = (form) => fields(form).some((field) => field.value !== field.defaultValue);
