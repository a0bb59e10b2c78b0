// The training page's life: which run is looked at, how it is kept up to date, and how one is begun, saved, stopped and resumed.
// The server reads the runs' folders at every look, and answers with markup that it has escaped.
import { morph, parse } from "./morph.js";
import { beginning } from "./beginning.js";
import { say, translate } from "./speech.js";

const BETWEEN_LOOKS = 2500; // ms
const TOAST = 7000; // ms

/** What the modules share. */
export const train = { ask, open };

let root, server, here = "", step = null, timer, turn = 0, failures = 0, shown = "";

export function mount(element, functions) {
  root = element.querySelector("[data-train]");
  server = functions;
  translate(root);
  document.title = `${say("Training")} · Interleave Studio`;
  here = new URLSearchParams(location.search).get("run") ?? "";
  train.root = root;
  beginning(train);
  root.addEventListener("click", clicked);
  window.addEventListener("popstate", () => show(new URLSearchParams(location.search).get("run") ?? ""));
  document.addEventListener("visibilitychange", () => document.hidden || look());
  document.body.dataset.screen = "train";
  look();
}

function clicked(event) {
  const link = event.target.closest("[data-run]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault(); // a modified click opens a tab, as for any link
    return open(link.dataset.run);
  }
  const other = event.target.closest("[data-step]");
  if (other) {
    step = Number(other.dataset.step);
    return look();
  }
  const name = event.target.closest("[data-do]")?.dataset.do;
  if (["save", "stop", "resume"].includes(name)) wish(name, event.target.closest("button"));
}

async function wish(name, button) {
  button.disabled = true;
  const answer = await ask(name, { run: here });
  if (answer.error) toast(answer.error);
  button.disabled = false;
  look();
}

// ---------------------------------------------------------------- looks

/** Looks at a run, under an address of its own. */
async function open(run) {
  history.pushState(null, "", `${location.pathname}?run=${encodeURIComponent(run)}`);
  await show(run);
  root.querySelector(".run h2")?.focus({ preventScroll: false });
}

function show(run) {
  here = run;
  step = null;
  return look();
}

/** Brings the page up to date, and looks again after a while. */
async function look() {
  clearTimeout(timer);
  if (document.hidden) return;
  const mine = ++turn;
  const answer = await ask("look", { run: here, step });
  if (mine !== turn) return;
  failures = answer.unreached ? failures + 1 : 0;
  root.querySelector("[data-lost]").hidden = failures < 2;
  if (!answer.unreached) tell(answer);
  if (root.dataset.state !== "fault") timer = setTimeout(look, BETWEEN_LOOKS);
  if (!here && answer.first && root.dataset.state === "ready") await show(answer.first);
}

function tell(answer) {
  if (answer.error) {
    root.querySelector("[data-fault]").textContent = answer.error;
    root.dataset.state = "fault";
    return;
  }
  root.dataset.state = answer.count ? "ready" : "none";
  morph(root.querySelector("[data-runs]"), parse(answer.runs));
  const part = root.querySelector("[data-run-part]");
  if (answer.gone) here = "";
  const log = part.querySelector("[data-log]");
  const below = !log || shown !== here || log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  const left = log?.scrollTop;
  morph(part, parse(answer.run ?? ""));
  const fresh = part.querySelector("[data-log]");
  if (fresh) fresh.scrollTop = below ? fresh.scrollHeight : left; // who reads further above is not moved
  const said = answer.run ? `${here}: ${part.querySelector(".run-line .badge").textContent.trim()}` : "";
  const says = root.querySelector("[data-says]");
  if (says.textContent !== said) says.textContent = said;
  shown = here;
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
