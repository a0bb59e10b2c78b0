// The review page's life: items in hand, the next one fetched ahead, decisions and their way back. What is in an item, and how
// it is answered, is the business of a module of its kind (reviewattempt.js, reviewplan.js, reviewpair.js), which exports
//
//   KEYS = [[key, what it does], …]
//   open(stage, data, review) -> { keys: { [key]: (event) => … }, lifted?: { [key]: () => … },
//                                  answer(): object | null, draft(): object, restore(draft), close(), words?(answer): string }
import { lightbox } from "./lightbox.js";
import { parse } from "./morph.js";
import { calling } from "./reviewcalls.js";
import { drafts } from "./reviewdrafts.js";
import { guidelines } from "./reviewguide.js";
import { keys } from "./reviewkeys.js";
import { leases } from "./reviewleases.js";
import { sieve } from "./reviewsieve.js";
import { telling } from "./reviewtells.js";
import { whoReviews } from "./reviewwho.js";
import { say, translate } from "./speech.js";

const AHEAD = 2; // items in hand: the one that is looked at, and the next
const MOST = 6; // that may be in hand after undoing; the furthest ones go back

/** What the modules share. ``line`` are the items in hand, of which the first is looked at. */
export const review = {
  line: [], disputes: null, submit, changed: keepDraft, restart, drop, leaving,
  part: () => part,
  kind: () => review.line[0]?.kind ?? review.query().kind, // the way back may lead to another kind than is asked for
  moduleOf: (kind) => modules[kind],
};

let root, stage, part, began = 0, turn = 0, since = "";
const modules = {}; // by kind, once they are there
const decided = new Set(); // items whose decision the server has not heard of yet

export function mount(element, functions) {
  root = review.root = element.querySelector("[data-review]");
  stage = root.querySelector("[data-stage]");
  translate(root);
  document.title = `${say("Review")} · Interleave Studio`;
  calling(review, functions);
  telling(review);
  whoReviews(review);
  sieve(review);
  keys(review, FRAME);
  guidelines(review);
  leases(review);
  lightbox(review);
  root.addEventListener("click", clicked);
  window.addEventListener("beforeunload", (event) => decided.size && event.preventDefault());
  document.body.dataset.screen = "review";
  restart();
}

const FRAME = {
  undo: { key: "u", words: say("take back the last decision"), act: () => undo() },
  skip: { key: "s", words: say("skip: set it aside for you"), act: () => decide("skip") },
  flag: { key: "f", words: say("flag: set it aside, for somebody else to look at"), act: () => decide("flag") },
  guidelines: { key: "h", words: say("the guidelines"), act: () => review.openGuidelines() },
  filters: { key: "/", words: say("the filters"), act: () => review.openFilters() },
  help: { key: "?", words: say("this list"), act: () => review.openKeys() },
};

function clicked(event) {
  const name = event.target.closest("[data-do]")?.dataset.do;
  if (["undo", "skip", "flag", "guidelines", "help"].includes(name)) FRAME[name].act();
  if (name === "again") restart();
  if (name === "disputes") dispute(!review.disputes);
  if (name === "close") event.target.closest("dialog").close();
}

// ---------------------------------------------------------------- items in hand

/** Begins again: another reviewer, another question, or another try. What was in hand goes back when the next is taken. */
function restart() {
  const mine = ++turn;
  keepDraft();
  letGo();
  review.line.length = 0;
  settle("loading");
  return review.inTurn(async () => {
    if (mine !== turn) return;
    const [told] = await Promise.all([review.ask("begin"), learn(review.query().kind)]);
    if (mine !== turn) return;
    if (told.error) return fault(told.error);
    since ||= review.session(told);
    for (const element of root.querySelectorAll("[data-for-leads]")) element.hidden = !told.leads;
    review.offer(told);
    review.tellGuideline(told.guideline);
    review.tellProgress(told.progress);
    if (await gathered() && mine === turn) await take();
  });
}

/** Brings as many items as should be in hand. */
function fill() {
  const mine = turn;
  return review.inTurn(() => mine === turn && take());
}

async function take() {
  const mine = turn;
  while (review.line.length < AHEAD) {
    const who = review.about();
    const found = await (review.disputes ? nextDispute() : review.ask("take", { beside: inHand() }, who));
    if (mine !== turn) return found.item && review.ask("release", { beside: [found.item] }, who); // maybe of another name
    if (found.error && review.line.length) return review.toast(found.error);
    if (found.error) return fault(found.error);
    if (found.none) break;
    hold(found, review.line.length);
    if (review.line.length === 1) show();
    else warm(found);
  }
  if (review.line.length) return;
  review.tellNone();
  settle("none");
}

/** What the server should not hand out (again). */
function inHand() {
  return [...decided, ...review.line].map((held) => held.item);
}

/** Puts an item that the server handed out into the line. */
function hold(found, place) {
  review.line.splice(place, 0, { ...found, ends: Date.now() + (found.seconds ?? Infinity) * 1000 });
}

/** Fetches the pictures of an item that is not looked at yet. */
function warm({ markup }) {
  for (const image of parse(markup).querySelectorAll("img")) new Image().src = image.getAttribute("src");
}

/** Loads the module of a kind. */
async function learn(kind) {
  modules[kind] ??= await import(`./review${kind}.js`);
}

/** Shows the first in line. */
function show() {
  letGo();
  const held = review.line[0];
  if (!held) return settle("loading");
  const had = stage.contains(document.activeElement) || document.activeElement === document.body;
  stage.replaceChildren(parse(held.markup));
  review.writeKeys(stage);
  part = modules[held.kind].open(stage, held.data, review);
  const draft = drafts.of(review.name(), held.item);
  if (draft) part.restore(draft);
  review.tellDispute(held);
  began = performance.now();
  settle("ready");
  review.tellLease();
  if (had) stage.focus({ preventScroll: true });
  if (stage.getBoundingClientRect().top < 0) stage.scrollIntoView({ block: "start" });
  root.querySelector("[data-says]").textContent = stage.querySelector("h2")?.textContent ?? "";
}

/** Another reviewer comes: what was begun is kept for this one, and what they decided is no longer to be undone. */
function leaving() {
  keepDraft();
  letGo();
  const released = review.ask("release", { beside: inHand() }); // in the old name
  review.inTurn(() => released);
  review.line.length = 0;
  since = "";
}

function letGo() {
  part?.close();
  part = null;
  stage.replaceChildren();
}

/** Lets the item that is looked at go, for somebody else has it. */
function drop() {
  letGo();
  review.line.shift();
  show();
  fill();
}

// ---------------------------------------------------------------- decisions

/** Sends the answer as it stands, and goes on; the kind's module says what is missing, if something is. */
function submit() {
  if (!part || !review.line.length) return;
  const answer = part.answer();
  if (answer) decide(review.disputes ? "adjudicate" : "answer", answer);
}

/** What the reviewer has decided of the item that they look at: the next one is there at once, and the server hears of it. */
function decide(what, answer = null) {
  if (!part || !review.line.length) return;
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const words = { skip: say("Skipped."), flag: say("Flagged.") }[what] ?? part.words?.(answer) ?? say("Answered.");
  keepDraft();
  letGo();
  const held = review.line.shift();
  show();
  review.toast(words, !review.disputes || what === "adjudicate");
  if (review.disputes && what !== "adjudicate") return fill(); // it only goes past
  const full = answer && { ...answer, seconds };
  const mine = turn, about = review.about(); // as it is now: somebody else may review when the server is asked
  const call = { item: held.item, answer: full, guideline: review.guideline() };
  decided.add(held);
  review.inTurn(async () => {
    const told = await review.ask(what, call, about);
    decided.delete(held);
    if (told.error) return refused(told, held, mine);
    if (told.progress) review.tellProgress(told.progress);
    if (told.markup) review.reveal(told.markup, held.item, full);
  });
  fill();
}

/** What to do where the server did not take a decision: it is asked again, unless it is too late for it. */
function refused(told, held, mine) {
  review.toast(told.error);
  if (told.over || mine !== turn) return;
  keepDraft();
  review.line.unshift(held);
  show();
}

/** Takes the last decision of this session back, and shows its item as it was left. */
function undo() {
  const mine = turn;
  return review.inTurn(async () => {
    const told = await review.ask("undo", { since });
    if (told.error) return review.toast(told.error);
    if (told.none) return review.toast(say("There is nothing to undo: this is where the session began."));
    if (told.progress) review.tellProgress(told.progress);
    if (mine !== turn) return;
    review.reveal("");
    const found = review.disputes ? await review.ask("dispute", { item: told.item ?? told.lost }) : told;
    if (!found.item) return review.toast(found.error ?? say("Taken back. Somebody else has this one now."));
    await learn(found.kind);
    keepDraft();
    const same = (held) => JSON.stringify(held.item) === JSON.stringify(found.item);
    review.line.splice(0, Infinity, ...review.line.filter((held) => !same(held)).slice(0, MOST - 1));
    hold(found, 0);
    show();
    review.toast(say("Taken back."));
  });
}

// ---------------------------------------------------------------- drafts

/** Keeps what there is so far in this browser, whenever something was typed or chosen. */
function keepDraft() {
  if (part && review.line.length) drafts.put(review.name(), review.line[0].item, part.draft());
}

// ---------------------------------------------------------------- disagreements

/** Goes over to what reviewers disagree about, or back. */
function dispute(yes) {
  review.disputes = yes ? [] : null;
  root.querySelector("[data-do=disputes]").setAttribute("aria-pressed", String(yes));
  root.classList.toggle("is-deciding", yes);
  review.reveal("");
  restart();
}

/** Asks what reviewers disagree about, where that is looked at; false if there was no answer. */
async function gathered() {
  if (!review.disputes) return true;
  const told = await review.ask("disputed");
  if (told.error) fault(told.error);
  review.disputes = told.items ?? [];
  return !told.error;
}

async function nextDispute() {
  const item = review.disputes.shift();
  return item ? review.ask("dispute", { item }) : { none: true };
}

// ---------------------------------------------------------------- what the page says

function settle(state) {
  root.dataset.state = state;
}

function fault(error) {
  letGo();
  root.querySelector("[data-fault]").textContent = error;
  settle("fault");
}
