// The library's life: which stories are on the page, how more come below them, and how they are kept up to date. The server
// answers with cards of markup that it has escaped; the other modules say what is asked for and what is done with stories.
import { become, parse } from "./morph.js";
import { say, translate } from "./speech.js";
import { deeds } from "./deeds.js";
import { intake } from "./intake.js";
import { picking } from "./picking.js";
import { listenToKeys } from "./librarykeys.js";
import { sieve } from "./sieve.js";
import { taleMenu } from "./talemenu.js";
import { takeaway } from "./takeaway.js";

const BETWEEN_LOOKS = 3000; // ms, at stories that models work on
const AHEAD = 900; // px below the page's end at which more is fetched
const AT_ONCE = 400; // stories that news is asked of; the server takes 500
const TOAST = 7000, TOAST_WITH_UNDO = 15000; // ms

/** What the modules share. ``story`` is the one that the menu is open for. */
export const library = Object.assign(new EventTarget(), { story: null, most: 0, load, refresh, put, ask, toast, tales, tale, idOf });

let root, server, list, next = null, turn = 0, busy = false, failures = 0;
const near = new Set(); // cards that are in sight, or nearly: only these are worth looking at again and again
const watch = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) isIntersecting ? near.add(target) : near.delete(target);
}, { rootMargin: "200px" });

export function mount(element, functions) {
  root = element.querySelector("[data-library]");
  server = functions;
  list = root.querySelector("[data-tales]");
  library.root = root;
  translate(root);
  document.title = `${say("Library")} · Interleave Studio`;
  sieve(library);
  picking(library);
  deeds(library);
  taleMenu(library);
  takeaway(library, server);
  intake(library);
  listenToKeys(library);
  root.addEventListener("click", clicked);
  new IntersectionObserver((seen) => seen.some((entry) => entry.isIntersecting) && more(), { rootMargin: `${AHEAD}px` })
    .observe(root.querySelector(".tales-end"));
  document.addEventListener("visibilitychange", () => document.hidden || look(true));
  setInterval(() => document.hidden || look(false), BETWEEN_LOOKS);
  document.body.dataset.screen = "library";
  load();
}

function clicked(event) {
  const name = event.target.closest("[data-do]")?.dataset.do;
  if (name === "show-more") more();
  if (name === "again") load();
  if (name === "help") root.querySelector("[data-help]").showModal();
  if (name === "close-help") event.target.closest("dialog").close();
}

// ---------------------------------------------------------------- stories

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

/** Shows the newest stories that are asked for. */
async function load() {
  const mine = ++turn;
  root.dataset.state = "loading";
  const answer = await ask("browse", library.query());
  if (mine !== turn) return;
  if (answer.error) {
    root.querySelector("[data-fault]").textContent = answer.error;
    list.replaceChildren();
    next = null;
    return settle("fault");
  }
  watch.disconnect();
  near.clear();
  const held = document.activeElement.closest?.(".tale")?.dataset.key; // who walks among the stories stays where they are
  list.replaceChildren(parse(answer.markup));
  if (held) tale(held)?.querySelector(".tale-open").focus({ preventScroll: true });
  library.most = answer.most;
  library.offer(answer.profiles);
  root.querySelector("[data-trains]").hidden = !answer.trains;
  root.querySelector("[data-hosts]").hidden = !answer.hosts;
  root.querySelector("[data-own-account]").hidden = !answer.tokens;
  for (const way of root.querySelectorAll("[data-reviews]")) way.hidden = !answer.reviews;
  next = answer.next;
  settle(list.children.length ? "ready" : !answer.known ? "unknown" : library.filtered() ? "unmatched" : "none");
  window.scrollTo({ top: 0 });
  fill();
}

/** Puts the next page of stories below those that are there. */
async function more() {
  if (!next || busy) return;
  const mine = turn;
  busy = true;
  const answer = await ask("browse", { ...library.query(), after: next });
  busy = false;
  if (mine !== turn) return;
  if (answer.error) return toast(answer.error); // the button stays
  const there = new Set(tales().map(idOf));
  list.append(...[...parse(answer.markup).children].filter((fresh) => !there.has(idOf(fresh))));
  next = answer.next;
  settle("ready");
  fill();
}

/** One page more where the screen shows the end of what is there. */
function fill() {
  if (next && root.querySelector(".tales-end").getBoundingClientRect().top < innerHeight + AHEAD) more();
}

/** Brings stories up to date; those that are gone are taken away. */
async function refresh(stories) {
  for (let at = 0; at < stories.length; at += AT_ONCE) {
    const some = stories.slice(at, at + AT_ONCE);
    const answer = await ask("news", { stories: some });
    reached(!answer.unreached);
    if (answer.error) return;
    const there = new Map([...parse(answer.markup).children].map((fresh) => [fresh.dataset.key, fresh]));
    for (const story of some) there.has(story) ? put(there.get(story)) : tale(story)?.remove();
  }
  settle();
}

/** Puts a story's fresh card in its place, if that is among those that are shown. */
function put(fresh) {
  const old = tale(fresh.dataset.key);
  if (old) return become(old, fresh);
  const after = tales().find((other) => other.dataset.stamp < fresh.dataset.stamp);
  if (!after && next) return; // it is further below
  list.insertBefore(fresh, after ?? null);
}

/** Looks at what changes by itself; ``all``: at everything, and at what is new, for the page was not seen for a while. */
async function look(all) {
  if (root.dataset.state === "loading" || root.dataset.state === "fault") return;
  const stories = (all ? tales() : [...near].filter((one) => one.isConnected && "active" in one.dataset)).map(idOf);
  if (stories.length) await refresh(stories);
  if (!all) return;
  const mine = turn;
  const answer = await ask("browse", library.query());
  if (mine !== turn || answer.error) return;
  for (const fresh of [...parse(answer.markup).children]) put(fresh);
  settle();
}

function reached(yes) {
  failures = yes ? 0 : failures + 1;
  root.querySelector("[data-lost]").hidden = failures < 2;
}

/** After any change of the cards: what the page says of them as a whole. */
function settle(state) {
  const count = list.children.length;
  const was = root.dataset.state;
  root.dataset.state = state ?? (count ? "ready" : was === "ready" ? (library.filtered() ? "unmatched" : "none") : was);
  root.querySelector("[data-more]").hidden = !next || !count;
  const words = !count ? "" : next ? say("{count} shown, more below", { count }) : count === 1 ? say("1 story") : say("{count} stories", { count });
  for (const place of [root.querySelector("[data-count]"), root.querySelector("[data-says]")]) {
    if (place.textContent !== words) place.textContent = words;
  }
  for (const time of list.querySelectorAll("time:not([title])")) {
    tell(time);
    watch.observe(time.closest(".tale"));
  }
  library.dispatchEvent(new Event("changed"));
}

/** Says a moment in this browser's time zone and language. */
function tell(time) {
  const at = new Date(time.dateTime), today = new Date(), yesterday = new Date();
  yesterday.setDate(today.getDate() - 1);
  const language = document.documentElement.lang || "en";
  const clock = at.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
  const is = (day) => at.toDateString() === day.toDateString();
  time.title = at.toLocaleString(language, { dateStyle: "full", timeStyle: "short" });
  time.textContent = is(today) ? say("Today, {clock}", { clock }) : is(yesterday) ? say("Yesterday, {clock}", { clock })
    : at.toLocaleDateString(language, { day: "numeric", month: "short", year: "numeric" });
}

// ---------------------------------------------------------------- small things

let toasting;
function toast(text, undo = false) {
  const toast = root.querySelector("[data-toast]");
  toast.querySelector("[data-toast-words]").textContent = text;
  toast.querySelector("[data-toast-undo]").hidden = !undo;
  toast.hidden = false;
  const fade = () => (toast.matches(":hover, :focus-within") ? wait(2000) : (toast.hidden = true));
  const wait = (time) => (toasting = setTimeout(fade, time));
  clearTimeout(toasting);
  wait(undo ? TOAST_WITH_UNDO : TOAST);
}

function tales() {
  return [...list.children];
}

function tale(story) {
  return list.querySelector(`[data-key="${CSS.escape(story)}"]`);
}

function idOf(tale) {
  return tale.dataset.key;
}
