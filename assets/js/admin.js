// The hosts' page: looks at the studio every few seconds, and does what a host wishes. The markup is the server's, escaped.
import { morph, parse } from "./morph.js";
import { say, translate } from "./speech.js";

const BETWEEN_LOOKS = 5000; // ms
const TOAST = 7000; // ms

let root, server, timer, failures = 0, person = "";

export function mount(element, functions) {
  root = element.querySelector("[data-admin]");
  server = functions;
  translate(root);
  document.title = `${say("Hosting")} · Interleave Studio`;
  root.addEventListener("click", clicked);
  const form = root.querySelector("[data-form]");
  form.addEventListener("input", () => (form.querySelector("[data-go]").disabled = form.elements.typed.value.trim() !== person));
  form.addEventListener("submit", erase);
  document.addEventListener("visibilitychange", () => document.hidden || look());
  document.body.dataset.screen = "admin";
  look();
}

function clicked(event) {
  const button = event.target.closest("[data-do]");
  const name = button?.dataset.do;
  if (name === "hold") wish(button, "hold", { on: button.dataset.on === "yes" });
  if (name === "sign-out") wish(button, "sign_out", { person: button.dataset.person });
  if (name === "erase") confirm(button.dataset.person);
  if (name === "cancel") dialog().close();
}

async function wish(button, name, call) {
  button.disabled = true;
  const answer = await ask(name, call);
  button.disabled = false;
  if (answer.error) return toast(answer.error);
  await look();
  if (name === "sign_out") toast(say("{name} is signed out everywhere.", { name: call.person }));
}

// ---------------------------------------------------------------- deleting somebody's data

function confirm(name) {
  person = name;
  const form = root.querySelector("[data-form]");
  form.reset();
  form.querySelector("[data-go]").disabled = true;
  root.querySelector("#erase-title").textContent = say("Delete all data of {name}?", { name });
  root.querySelector("[data-erase-fault]").hidden = true;
  dialog().showModal();
  form.elements.typed.focus();
}

async function erase(event) {
  event.preventDefault();
  const go = root.querySelector("[data-go]");
  if (go.disabled) return;
  go.disabled = true;
  const answer = await ask("erase", { person, typed: event.target.elements.typed.value });
  const fault = root.querySelector("[data-erase-fault]");
  fault.textContent = answer.error ?? "";
  fault.hidden = !answer.error;
  go.disabled = false;
  if (answer.error) return;
  dialog().close();
  toast(say("All data of {name} is deleted: {count} stories.", { name: person, count: answer.stories }));
  await look();
  root.querySelector("#admin-people").closest("section").querySelector("[tabindex]").focus(); // their row is gone
}

// ---------------------------------------------------------------- looks

async function look() {
  clearTimeout(timer);
  if (document.hidden) return;
  const answer = await ask("look", {});
  failures = answer.unreached ? failures + 1 : 0;
  root.querySelector("[data-lost]").hidden = failures < 2;
  if (!answer.unreached) tell(answer);
  if (root.dataset.state !== "fault") timer = setTimeout(look, BETWEEN_LOOKS);
}

function tell(answer) {
  root.dataset.state = answer.error ? "fault" : "ready";
  if (answer.error) return (root.querySelector("[data-fault]").textContent = answer.error);
  morph(root.querySelector("[data-room]"), parse(answer.markup));
  const said = answer.held ? say("The models begin nothing more.") : "";
  if (root.querySelector("[data-says]").textContent !== said) root.querySelector("[data-says]").textContent = said;
}

/** Asks the server; its answer, or one whose ``error`` says why there is none. */
async function ask(name, call) {
  try {
    const answer = await server[name](call);
    if (answer) return answer; // Gradio's client answers with nothing when the server could not be reached
  } catch (error) {
    console.warn("The studio did not answer.", error);
  }
  return { error: say("The studio can't be reached. Nothing was changed; try again in a moment."), unreached: true };
}

let toasting;
function toast(text) {
  const toast = root.querySelector("[data-toast]");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(toasting);
  toasting = setTimeout(() => (toast.hidden = true), TOAST);
}

const dialog = () => root.querySelector("[data-erase]");
