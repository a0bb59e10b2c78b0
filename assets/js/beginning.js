// How a training is begun: a form that shows the exact command first. The server knows what can be chosen, checks what was
// asked, and alone writes the command.
import { say } from "./speech.js";

const WHILE_TYPING = 250; // ms

export function beginning({ root, ask, open }) {
  const dialog = root.querySelector("[data-start]");
  const form = dialog.querySelector("[data-form]");
  const field = form.elements;
  const go = dialog.querySelector("[data-go]");
  let rows = [], timer, turn = 0, command = "";

  root.addEventListener("click", (event) => {
    const name = event.target.closest("[data-do]")?.dataset.do;
    if (name === "new") begin();
    if (name === "cancel") dialog.close();
  });
  form.addEventListener("input", (event) => {
    if (event.target.name === "name") event.target.dataset.own = "";
    if (event.target.name === "what") offer();
    unready();
    timer = setTimeout(weigh, event.target.type === "radio" || event.target.tagName === "SELECT" ? 0 : WHILE_TYPING);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!go.disabled) start();
  });

  async function begin() {
    const answer = await ask("offer", {});
    delete field.name.dataset.own;
    rows = answer.rows ?? [];
    dialog.querySelector("[data-models]").replaceChildren(...(answer.models ?? []).map((name) => new Option(name, name)));
    field.painter.replaceChildren(...(answer.painters ?? []).map((name) => new Option(name, name)));
    const own = new Option(say("the one that goes with the painter"), "");
    field.judge.replaceChildren(own, ...(answer.judges ?? []).map((name) => new Option(name, name)));
    if (rows.length && !stages().length) form.querySelector(`[value="${rows[0].stages[0]}"]`).checked = true;
    offer();
    dialog.showModal();
    unready();
    answer.error ? fault(answer.error) : weigh();
  }

  /** The folders that have rows for what was chosen. */
  function stages() {
    return rows.filter((each) => each.stages.includes(field.what.value));
  }

  function offer() {
    const chosen = field.data.value;
    const fitting = stages();
    field.data.replaceChildren(...fitting.map(({ name }) => new Option(name, name)));
    if (fitting.some(({ name }) => name === chosen)) field.data.value = chosen;
    if (!fitting.length) field.data.replaceChildren(new Option(say("none found"), ""));
    dialog.querySelector("[data-no-rows]").hidden = fitting.length > 0;
    for (const one of dialog.querySelectorAll("[data-for]")) one.hidden = one.dataset.for !== field.what.value;
  }

  /** As it was typed: the server says what of it is no number. What is not asked for here has its usual value. */
  function asked() {
    const rewards = field.what.value === "critic_rl";
    return {
      kind: rewards ? "grpo" : "sft",
      role: field.what.value === "planner_sft" ? "planner" : "critic",
      model: field.model.value.trim(),
      data: field.data.value,
      preset: field.preset.value,
      steps: field.steps.value.trim() || null,
      lora: { yes: true, no: false }[field.lora.value] ?? null,
      epochs: field.epochs.value.trim() || null,
      rate: field.rate.value.trim() || null,
      seed: field.seed.value.trim() || 0,
      ...(rewards && { painter: field.painter.value, judge: field.judge.value || null }),
      ...(rewards && { reward: field.reward.value, without: field.without.value || null }),
      name: "own" in field.name.dataset ? field.name.value.trim() : "",
    };
  }

  /** What is shown is what would be started: until the server has said so, nothing can be. */
  async function weigh() {
    const mine = ++turn;
    if (!field.data.value) return fault("");
    const answer = await ask("weigh", asked());
    if (mine !== turn) return;
    if (answer.error) return fault(answer.error);
    if (!("own" in field.name.dataset) && document.activeElement !== field.name) field.name.value = answer.name; // else typed into
    dialog.querySelector("[data-command]").replaceChildren(...words(answer.command));
    command = answer.name;
    fault("");
    go.disabled = false;
  }

  function unready() {
    clearTimeout(timer);
    turn += 1;
    go.disabled = true;
    if (!field.data.value) dialog.querySelector("[data-command]").textContent = "";
  }

  async function start() {
    go.disabled = true;
    const answer = await ask("start", { ...asked(), name: command });
    if (answer.error) return fault(answer.error);
    dialog.close();
    open(answer.run);
  }

  function fault(words) {
    const place = dialog.querySelector("[data-start-fault]");
    place.textContent = words;
    place.hidden = !words;
    if (words) dialog.querySelector("[data-command]").textContent = "";
  }
}

/** The words of a command, each of its own, so that lines end between them. */
function* words(command) {
  for (const [place, word] of command.split(" ").entries()) {
    if (place) yield " ";
    yield Object.assign(document.createElement("span"), { textContent: word });
  }
}
