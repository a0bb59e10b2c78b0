// The agreement page's life: which attempts are counted, which number's attempts are listed, and both in the page's address.
// The server answers with figures and lists as markup that it has escaped; the plot is Gradio's, and is asked for by an event.
import { morph, parse } from "./morph.js";
import { say, translate } from "./speech.js";

const FILTERS = ["critic", "painter", "step", "fault"];
const REVIEWER = "studio.review.name"; // as the review page keeps it

let root, server, trigger, sieve, list, turn = 0;

export function mount(element, functions, send) {
  root = element.closest("#agreement"); // with the plot in it
  server = functions;
  trigger = send;
  translate(root);
  document.title = `${say("Agreement")} · Interleave Studio`;
  sieve = root.querySelector("[data-sieve]");
  list = root.querySelector("[data-cases]");
  root.dataset.state = "loading";
  root.addEventListener("click", clicked);
  sieve.addEventListener("change", () => go({ ...filters(), cell: asked().cell }));
  sieve.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("popstate", () => show());
  document.body.dataset.screen = "agreement";
  show();
}

function clicked(event) {
  const link = event.target.closest("[data-cell], [data-narrow]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault(); // a modified click opens a tab, as for any link
    const { narrow, value, cell } = link.dataset;
    return go({ ...asked(), ...(narrow ? { [narrow]: value, cell: "" } : {}), ...(cell ? { cell } : {}) }, true);
  }
  const button = event.target.closest("[data-do]");
  ACTS[button?.dataset.do]?.(button);
}

const ACTS = {
  clear: () => go({ cell: asked().cell }),
  again: () => show(),
  afresh: (button) => {
    button.disabled = true;
    show({ afresh: true });
  },
  "close-cases": () => {
    const { cell, ...rest } = asked();
    go(rest);
    root.querySelector(`.agreement-matrix [data-cell="${cell}"]`)?.focus();
  },
  "more-cases": (button) => more(button),
};

// ---------------------------------------------------------------- what is asked

/** What the page's address asks for; only what it says. */
function asked() {
  const given = new URLSearchParams(location.search);
  return Object.fromEntries([...FILTERS, "cell"].filter((name) => given.get(name)).map((name) => [name, given.get(name)]));
}

function filters() {
  return Object.fromEntries(FILTERS.map((name) => [name, sieve.elements[name].value]).filter(([, value]) => value));
}

function only(wanted) {
  return Object.fromEntries(FILTERS.filter((name) => wanted[name]).map((name) => [name, wanted[name]]));
}

/** Looks at other attempts, under an address of their own. ``focus``: at the list, where one opens. */
function go(wanted, focus = false) {
  const told = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
  history.pushState(null, "", `${location.pathname}${told.size ? `?${told}` : ""}`);
  return show({ focus });
}

// ---------------------------------------------------------------- figures

/** Shows what the address asks for. */
async function show({ afresh = false, focus = false } = {}) {
  const mine = ++turn;
  const wanted = asked();
  if (root.dataset.state === "ready") root.dataset.busy = "";
  const answer = await ask("look", { ...me(), sieve: only(wanted), afresh });
  if (mine !== turn) return;
  delete root.dataset.busy;
  const lost = answer.unreached && root.dataset.state === "ready"; // what is there can still be read
  root.querySelector("[data-lost]").hidden = !lost;
  for (const button of root.querySelectorAll("[data-do=afresh]")) button.disabled = false;
  if (lost) return;
  if (answer.error) {
    root.querySelector("[data-fault]").textContent = answer.error;
    root.dataset.state = "fault";
    return;
  }
  root.dataset.state = answer.any ? "ready" : "none";
  root.dataset.plots = answer.plots ? "yes" : "no";
  offer(answer.choices, wanted);
  for (const part of [...parse(answer.markup).children]) {
    morph(root.querySelector(`[data-part="${part.dataset.part}"]`), part);
  }
  trigger("submit", { ...me(), sieve: only(wanted) }); // draws the plot
  const says = root.querySelector("[data-says]");
  says.textContent = root.querySelector('[data-part="about"] p')?.textContent.trim() ?? "";
  await listCases(wanted, focus);
}

/** Puts what can be chosen into the fields, and what is. */
function offer(choices, wanted) {
  for (const name of FILTERS) {
    const field = sieve.elements[name];
    const known = choices[name].some(({ value }) => value === wanted[name]);
    const all = wanted[name] && !known ? [...choices[name], { value: wanted[name], name: wanted[name] }] : choices[name];
    field.replaceChildren(field.options[0], ...all.map(({ value, name: called }) => new Option(called, value)));
    field.value = wanted[name] ?? "";
  }
  sieve.querySelector("[data-clear]").hidden = !FILTERS.some((name) => wanted[name]);
}

// ---------------------------------------------------------------- attempts

/** Lists the attempts of the number that the address names, if it names one. */
async function listCases(wanted, focus) {
  for (const cell of root.querySelectorAll(".agreement-matrix [data-cell]")) {
    cell.ariaCurrent = cell.dataset.cell === wanted.cell ? "true" : null;
  }
  const mine = turn;
  const held = wanted.cell && root.dataset.state === "ready";
  list.hidden = !held;
  if (!held) return list.replaceChildren();
  const answer = await ask("cases", { ...me(), wanted: { cell: wanted.cell, sieve: only(wanted) } });
  if (mine !== turn) return;
  const fault = document.createElement("p");
  fault.className = "words-fault";
  fault.textContent = answer.error ?? "";
  list.replaceChildren(answer.error ? fault : parse(answer.markup));
  if (focus) (list.querySelector("h2") ?? list).focus({ preventScroll: true });
  if (focus) list.scrollIntoView({ block: "start" });
}

/** Puts the next attempts below those that are there. */
async function more(button) {
  const mine = turn, wanted = asked();
  button.disabled = true;
  const start = Number(button.dataset.next);
  const answer = await ask("cases", { ...me(), wanted: { cell: wanted.cell, sieve: only(wanted), start } });
  if (mine !== turn) return;
  button.disabled = false;
  if (answer.error) return (root.querySelector("[data-says]").textContent = answer.error);
  const fresh = parse(answer.markup), first = fresh.querySelector(".agreement-case");
  button.closest("p").remove();
  list.append(fresh);
  first?.querySelector("a")?.focus({ preventScroll: true });
}

// ---------------------------------------------------------------- the server

/** Who looks, where several people share a computer. */
function me() {
  try {
    return { as: localStorage.getItem(REVIEWER) ?? "" };
  } catch {
    return { as: "" }; // a browser that keeps nothing
  }
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
