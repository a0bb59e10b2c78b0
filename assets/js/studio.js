// The page's life: which story is open, what the server says of it, and what a person does. The server is asked for what
// has changed; it answers with parts of markup that it has escaped, and this module puts them in their places.
import { morph, parse } from "./morph.js";
import { forms } from "./forms.js";
import { lightbox } from "./lightbox.js";
import { listenToKeys } from "./keys.js";
import { tour } from "./tour.js";
import { askAbout } from "./asking.js";
import { versus } from "./versus.js";
import { takeaway } from "./takeaway.js";
import { reader } from "./reader.js";
import { sharing } from "./sharing.js";
import { keepTranslating, say, translate } from "./speech.js";

const WHILE_ACTIVE = 400; // ms between looks while models work
const AT_REST = 2500;
const REMEMBERED = "interleave-studio.story";

/** What the modules share. Other components of the page listen to "opened" and "changed". */
export const studio = Object.assign(new EventTarget(), {
  story: null,
  state: null,
  pending: null, // the newest command on its way: what a person may do next shows when it is done
  open,
  compose,
  send,
  wish,
  toast,
  act,
  view,
});

let root, server, seen, timer, skew = 0, failures = 0;

export function mount(element, functions) {
  root = element.querySelector(".studio");
  server = functions;
  studio.root = root;
  translate(root);
  for (const gradios of document.querySelectorAll("#composer, .toast-wrap")) keepTranslating(gradios);
  root.addEventListener("click", clicked);
  forms(studio);
  lightbox(studio);
  versus(studio, server);
  takeaway(studio, server);
  reader(studio);
  sharing(studio, server);
  listenToKeys(studio);
  tour(studio);
  document.addEventListener("visibilitychange", () => document.hidden || soon(0));
  document.addEventListener("click", closeMenus);
  window.addEventListener("studio:open", (event) => open(event.detail)); // from Gradio's own fields
  window.addEventListener("popstate", () => show(new URLSearchParams(location.search).get("story")));
  setInterval(tick, 1000);
  new ResizeObserver(measure).observe(part("header"));
  show(new URLSearchParams(location.search).get("story") ?? unfinished());
}

// ---------------------------------------------------------------- which story

function open(story) {
  if (story && story !== studio.story) history.pushState(null, "", `?story=${encodeURIComponent(story)}`);
  show(story);
}

function compose() {
  if (studio.story) history.pushState(null, "", location.pathname);
  show(null);
  document.querySelector("#request textarea")?.focus();
}

function show(story) {
  if (story !== studio.story) {
    seen = "";
    studio.state = null;
    part("header").replaceChildren();
    part("plan").replaceChildren();
    part("reading").replaceChildren();
    cards().replaceChildren();
    view("board");
  }
  studio.story = story || null;
  root.dataset.screen = document.body.dataset.screen = studio.story ? "story" : "compose";
  root.querySelector("[data-story]").hidden = !studio.story;
  if (!studio.story) {
    document.title = "Interleave Studio";
    delete root.dataset.look;
  } else if (!new URLSearchParams(location.search).get("story")) {
    history.replaceState(null, "", `?story=${encodeURIComponent(studio.story)}`);
  }
  studio.dispatchEvent(new Event("opened"));
  window.scrollTo({ top: 0 });
  soon(0);
}

/** The story that was open last, if it was still being told: a page that lost its address finds its way back. */
function unfinished() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null; // a browser that keeps nothing
  }
}

function remember() {
  try {
    if (studio.state?.active && studio.state.mine) localStorage.setItem(REMEMBERED, studio.story);
    else if (localStorage.getItem(REMEMBERED) === studio.story) localStorage.removeItem(REMEMBERED);
  } catch {
    // as above
  }
}

// ---------------------------------------------------------------- looking

function soon(wait) {
  clearTimeout(timer);
  timer = setTimeout(look, wait);
}

async function look() {
  if (!studio.story || document.hidden) return;
  const story = studio.story;
  try {
    const answer = await asked(server.look({ story, seen }));
    if (story !== studio.story) return;
    reached(true);
    if (answer.gone) {
      toast(answer.gone);
      seen = "";
      history.replaceState(null, "", location.pathname);
      return show(null);
    }
    skew = Date.now() / 1000 - answer.now;
    if (answer.news) apply(answer.news);
  } catch (error) {
    console.warn("The studio did not answer.", error);
    reached(false);
  }
  if (story === studio.story) soon(failures ? AT_REST : studio.state?.active ? WHILE_ACTIVE : AT_REST);
}

/** The server's answer. Gradio's client answers with nothing, rather than throw, when the server could not be reached. */
async function asked(call) {
  const answer = await call;
  if (!answer) throw new Error("no answer");
  return answer;
}

function reached(yes) {
  failures = yes ? 0 : failures + 1;
  root.querySelector("[data-lost]").hidden = failures < 2;
}

function apply(news) {
  seen = news.version;
  for (const name of ["header", "plan", "reading"]) {
    if (name in news.parts) morph(part(name), parse(news.parts[name]));
  }
  arrange(news.order, news.parts);
  const before = studio.state;
  if (!before) arrive();
  studio.state = news.state;
  root.dataset.look = news.state.look;
  if (before?.says !== news.state.says) root.querySelector("[data-says]").textContent = news.state.says;
  document.title = `${news.state.look === "busy" ? "✎ " : ""}${news.state.title} · Interleave Studio`;
  for (const button of root.querySelectorAll('[data-do="show-book"], [data-format]:not([data-format="story"])')) {
    button.disabled = !news.state.readable;
  }
  remember();
  tick();
  studio.dispatchEvent(new Event("changed"));
}

/** Puts the cards in this order, and makes or changes those that came along. Cards that stay are not moved. */
function arrange(order, parts) {
  const list = cards();
  const old = new Map([...list.children].map((card) => [card.dataset.step, card]));
  for (const [id, card] of old) if (!order.includes(id)) card.remove();
  order.forEach((id, place) => {
    const card = old.get(id) ?? newCard(id);
    if (list.children[place] !== card) list.insertBefore(card, list.children[place] ?? null);
    if (`card:${id}` in parts) morph(card, parse(parts[`card:${id}`]));
  });
}

/** Goes to the step that the address names, once: a link from another page leads there. */
function arrive() {
  const address = new URL(location.href), step = address.searchParams.get("step");
  if (!step) return;
  address.searchParams.delete("step");
  history.replaceState(null, "", address.search);
  const card = cards().querySelector(`[data-step="${CSS.escape(step)}"]`);
  card?.scrollIntoView({ block: "center" });
  card?.querySelector("[data-card]").focus({ preventScroll: true });
}

function newCard(id) {
  const card = document.createElement("li");
  card.className = "slot";
  card.dataset.step = id;
  return card;
}

/** How much of the head may scroll away, so that its last rows, with the controls, stay in sight. */
function measure() {
  const foot = root.querySelector(matchMedia("(max-width: 768px)").matches ? ".controls" : ".story-foot");
  if (foot) part("header").style.setProperty("--above", foot.offsetTop);
}

/** Clocks tick here, so that the server need not send each second. */
function tick() {
  for (const clock of root.querySelectorAll("[data-clock]")) {
    const running = clock.dataset.since ? Date.now() / 1000 - skew - Number(clock.dataset.since) : 0;
    const seconds = Math.round(Number(clock.dataset.clock) + Math.max(running, 0));
    const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (clock.textContent !== text) clock.textContent = text;
  }
}

// ---------------------------------------------------------------- acting

/** Sends a command; returns an empty text, or the sentence that says why it was not done, once the page shows what came of it. */
function send(command) {
  const sending = sent(command);
  studio.pending = sending;
  return sending;
}

async function sent(command) {
  let answer;
  try {
    answer = await asked(server.send({ story: studio.story, command }));
  } catch {
    answer = { error: say("The studio can't be reached. Nothing was changed; try again in a moment.") };
  }
  clearTimeout(timer);
  await look();
  studio.pending = null;
  return answer.error ?? "";
}

/** Commands that can take the ground from under pictures. */
const MAY_LOSE = new Set([
  "edit_step", "insert_step", "split_step", "move_step", "remove_step", "lock_step", "retry", "choose", "overrule",
]);

/**
 * Sends a command, after asking what shall become of pictures that it takes the ground from. Returns an empty text; the
 * sentence that says why it was not done; or null if the person thought better of it.
 */
async function wish(command) {
  if (!MAY_LOSE.has(command.kind)) return send(command);
  let answer;
  try {
    answer = await asked(server.weigh({ story: studio.story, command }));
  } catch {
    return say("The studio can't be reached. Nothing was changed; try again in a moment.");
  }
  if (answer.error) return answer.error;
  if (!answer.loses.length) return send(command);
  const stale = await askAbout(root, answer.loses);
  return stale ? send({ ...command, stale }) : null;
}

async function act(command) {
  const fault = await wish(command);
  if (fault) toast(fault);
}

/** Begins another story that shares this one's beginning, and opens it. */
async function branch(attempt) {
  let answer;
  try {
    answer = await asked(server.branch({ story: studio.story, attempt }));
  } catch {
    answer = { error: say("The studio can't be reached. Nothing was changed; try again in a moment.") };
  }
  if (answer.error) return toast(answer.error);
  open(answer.story);
  toast(say("This is the branch. It waits: change what you like, then go on. The story that it came from stays as it is."));
}

const keyOf = (name) => {
  const [step, revision, number] = name.split(".");
  return { step, revision: Number(revision), number: Number(number) };
};

const place = (step) => [...cards().children].findIndex((card) => card.dataset.step === step);

const ACTS = {
  pause: () => act({ kind: "pause" }),
  stop: () => act({ kind: "pause", now: true }),
  resume: () => act({ kind: "resume" }),
  replan: () => act({ kind: "replan" }),
  retry: (step) => act({ kind: "retry", step }),
  remove: (step) => act({ kind: "remove_step", step }),
  up: (step) => act({ kind: "move_step", step, position: place(step) - 1 }),
  down: (step) => act({ kind: "move_step", step, position: place(step) + 1 }),
  choose: (_, button) => act({ kind: "choose", attempt: keyOf(button.dataset.attempt) }),
  accept: (_, button) => act({ kind: "overrule", attempt: keyOf(button.dataset.attempt), accepted: true }),
  undo: () => act({ kind: "undo" }),
  redo: () => act({ kind: "redo" }),
  lock: (step) => act({ kind: "lock_step", step, locked: true }),
  unlock: (step) => act({ kind: "lock_step", step, locked: false }),
  branch: () => branch(null),
  "branch-here": (_, button) => branch(keyOf(button.dataset.attempt)),
  "show-compare": () => view("compare"),
  "show-board": () => view("board"),
  "show-book": () => view("book"),
  print: () => window.print(),
  help: () => root.querySelector("[data-help]").showModal(),
};

function clicked(event) {
  const link = event.target.closest("[data-open]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault(); // a modified click opens a tab, as for any link
    return open(link.dataset.open);
  }
  const button = event.target.closest("[data-do]");
  const name = button?.dataset.do;
  if (!ACTS[name]) return;
  ACTS[name](button.closest("[data-step]")?.dataset.step, button);
}

function closeMenus(event) {
  const inside = event.target.closest?.(".menu");
  const done = event.target.closest?.(".menu-item");
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (menu !== inside || done) menu.open = false;
  }
}

function view(which) {
  root.dataset.view = which;
  for (const name of ["board", "book", "compare"]) {
    root.querySelector(`[data-do="show-${name}"]`).setAttribute("aria-pressed", String(name === which));
  }
}

let toasting;
function toast(text) {
  const toast = root.querySelector("[data-toast]");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(toasting);
  toasting = setTimeout(() => (toast.hidden = true), 7000);
}

const part = (name) => root.querySelector(`[data-part="${name}"]`);
const cards = () => root.querySelector("[data-cards]");
