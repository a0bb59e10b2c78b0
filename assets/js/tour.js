// A short tour: on a first visit it is offered, and it can be shown again from the front page and the list of keys. What it
// points at stays in sight; everything else waits behind it. Esc ends it, the arrows go through it.

import { say } from "./speech.js";

const SEEN = "interleave-studio.tour";
const MARGIN = 8; // px between what is pointed at and its ring

/** Where each stop points, and what it says. One whose place is not on the page is passed over. */
const DESK = [
  ["#request", say("Say what it is about"), say("A sentence is enough. A planner makes it a story of a few steps, each with a picture and a caption.")],
  ["#pictures", say("Bring what you have"), say("Pictures to go on from or to look at, a sequence to continue, notes on style and characters. All of it is optional.")],
  ["#start", say("Then watch"), say("Each picture is drawn, judged, and drawn again until it is right. You can change anything while the story runs.")],
  ["#shelf", say("Find it again"), say("Stories are kept here and go on when you close the page. Press ? for all keys.")],
];
const STORY = [
  [".story-head", say("How far it is"), say("Pause it, stop it, undo, and change what it may cost. Nothing that was drawn is ever lost.")],
  [".card", say("A step"), say("Its picture, its caption, and every attempt with what the critic said. Agree, overrule it, or choose another attempt.")],
  [".card .menu, .card [data-do=edit]", say("Change it"), say("Edit the words, add or move steps: only what builds on your change is drawn again.")],
  [".views", say("Read it"), say("The same story as a book. Download takes it along, as a PDF or an e-book.")],
];

export function tour(studio) {
  const { root } = studio;
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-do=tour]")) return;
    event.target.closest("dialog")?.close();
    begin();
  });
  const invitation = seen() ? null : invite();
  studio.addEventListener("opened", () => {
    if (invitation) invitation.hidden = seen() || Boolean(studio.story); // it is about the desk
  });
  window.addEventListener("studio:open", () => invitation && remember(invitation)); // who began a story knows their way

  function invite() {
    const card = made("aside", "tour-invitation", say("First time here?"));
    card.setAttribute("aria-label", say("An invitation to a tour"));
    card.querySelector("p").textContent = say("A short tour shows you around. It takes half a minute.");
    card.querySelector(".tour-acts").append(
      button(say("Show me around"), () => begin(), "button-main"),
      button(say("Not now"), () => remember(card)),
    );
    card.hidden = Boolean(studio.story);
    root.append(card);
    return card;
  }

  function begin() {
    if (invitation) remember(invitation);
    const stops = (studio.story ? STORY : DESK).filter(([place]) => visible(place));
    if (stops.length) walk(root, stops);
  }
}

function walk(root, stops) {
  const before = document.activeElement;
  const dialog = document.createElement("dialog");
  dialog.className = "tour";
  dialog.setAttribute("aria-labelledby", "tour-title");
  const ring = dialog.appendChild(document.createElement("div"));
  ring.className = "tour-ring";
  const card = dialog.appendChild(made("section", "tour-card"));
  card.querySelector("h2").id = "tour-title";
  card.setAttribute("aria-live", "polite");
  const count = document.createElement("span");
  count.className = "tour-count";
  const back = button(say("Back"), () => go(at - 1)), next = button(say("Next"), () => go(at + 1), "button-main");
  card.querySelector(".tour-acts").append(count, button(say("End"), () => dialog.close(), "button-plain"), back, next);
  let at = 0;

  function go(to) {
    if (to >= stops.length) return dialog.close();
    at = Math.max(to, 0);
    const [place, title, words] = stops[at];
    card.querySelector("h2").textContent = title;
    card.querySelector("p").textContent = words;
    count.textContent = say("{at} of {all}", { at: at + 1, all: stops.length });
    back.hidden = at === 0;
    next.textContent = at === stops.length - 1 ? say("Done") : say("Next");
    visible(place)?.scrollIntoView({ block: "center", behavior: "instant" });
    settle();
    next.focus();
  }

  function settle() {
    const target = visible(stops[at][0]);
    if (target) point(ring, card, target.getBoundingClientRect());
  }

  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") go(at + 1);
    else if (event.key === "ArrowLeft") go(at - 1);
  });
  dialog.addEventListener("close", () => {
    removeEventListener("resize", settle);
    dialog.remove();
    before?.focus?.();
  });
  addEventListener("resize", settle);
  root.append(dialog);
  dialog.showModal();
  go(0);
}

/** Puts the ring around a place, and the card where there is room: below it, above it, or over its lower end. */
function point(ring, card, place) {
  const left = Math.max(place.left - MARGIN, 4), right = Math.min(place.right + MARGIN, innerWidth - 4);
  const top = Math.max(place.top - MARGIN, 4), bottom = Math.min(place.bottom + MARGIN, innerHeight - 4);
  Object.assign(ring.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
  const { width, height } = card.getBoundingClientRect();
  const below = bottom + 14, above = top - 14 - height, beside = right + 14;
  const fits = below + height < innerHeight - 12;
  const y = fits ? below : above > 12 ? above : Math.max(Math.min(place.top + 24, innerHeight - height - 16), 12);
  const x = !fits && above <= 12 && beside + width < innerWidth ? beside : place.left + place.width / 2 - width / 2;
  card.style.top = `${y}px`;
  card.style.left = `${Math.max(Math.min(x, innerWidth - width - 16), 16)}px`;
}

function visible(place) {
  return [...document.querySelectorAll(place)].find((found) => found.checkVisibility?.({ visibilityProperty: true }) && found.getBoundingClientRect().right > 40);
}

function made(tag, name, title = "") {
  const card = document.createElement(tag);
  card.className = name;
  const heading = card.appendChild(document.createElement("h2"));
  heading.textContent = title;
  card.append(document.createElement("p"), Object.assign(document.createElement("div"), { className: "tour-acts" }));
  return card;
}

function button(words, act, look = "") {
  const made = Object.assign(document.createElement("button"), { type: "button", className: `button ${look}`, textContent: words });
  made.addEventListener("click", act);
  return made;
}

function seen() {
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    return false; // a browser that keeps nothing
  }
}

function remember(invitation) {
  invitation.hidden = true;
  try {
    localStorage.setItem(SEEN, "seen");
  } catch {
    // as above
  }
}
