// A person's own page: tokens for their programs, made and taken back. A token's secret is told once, when it is made.
import { morph, parse } from "./morph.js";
import { say, translate } from "./speech.js";

let root, server;

export function mount(element, functions) {
  root = element.querySelector("[data-account]");
  server = functions;
  translate(root);
  document.title = `${say("Your account")} · Interleave Studio`;
  root.addEventListener("click", (event) => {
    const button = event.target.closest('[data-do="revoke"]');
    if (button) revoke(button);
  });
  const form = root.querySelector("[data-form]");
  form.addEventListener("submit", make);
  for (const part of form.elements) part.disabled = false;
  document.body.dataset.screen = "account";
  look();
}

async function look() {
  const answer = await ask("look", {});
  root.querySelector("[data-lost]").hidden = !answer.unreached;
  if (answer.unreached) return;
  root.dataset.state = answer.error ? "fault" : "ready";
  if (answer.error) return (root.querySelector("[data-fault]").textContent = answer.error);
  morph(root.querySelector("[data-tokens]"), parse(answer.markup));
}

async function make(event) {
  event.preventDefault();
  const form = event.target;
  const answer = await ask("make", { label: form.elements.label.value });
  told(answer);
  if (!answer.secret) return;
  form.reset();
  root.querySelector("[data-fresh]").hidden = false;
  root.querySelector("[data-secret]").value = answer.secret;
  root.querySelector("[data-secret]").focus();
  root.querySelector("[data-secret]").select();
  await look();
}

async function revoke(button) {
  told(await ask("revoke", { token: button.dataset.token }));
  root.querySelector("[data-fresh]").hidden = true;
  await look();
  root.querySelector("[name=label]").focus();
}

function told(answer) {
  root.querySelector("[data-fault-line]").textContent = answer.error ?? "";
  root.querySelector("[data-fault-line]").hidden = !answer.error;
}

/** Asks the server; its answer, or one whose ``error`` says why there is none. */
async function ask(name, call) {
  const answer = await server[name](call).catch(() => null); // Gradio's client answers with nothing, too
  return answer ?? { error: say("The studio can't be reached. Nothing was changed; try again in a moment."), unreached: true };
}
