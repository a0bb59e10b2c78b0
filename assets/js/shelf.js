// The shelf: a person's stories, kept up to date while the page is seen, and a field to search them.
import { morph, parse } from "./morph.js";
import { studio } from "./studio.js";
import { say, translate } from "./speech.js";

const BETWEEN_LOOKS = 5000; // ms

export function mount(element, server) {
  translate(element);
  document.querySelector("#shelf .toggle-button")?.setAttribute("aria-label", say("Show or hide your stories")); // Gradio's
  const list = element.querySelector("[data-shelf]");
  const search = element.querySelector("[data-search]");
  let timer, asked = 0;

  async function look() {
    clearTimeout(timer);
    if (document.hidden) return;
    const turn = ++asked;
    try {
      const markup = await server.shelf({ search: search.value, here: studio.story ?? "" });
      if (turn === asked && typeof markup === "string") morph(list, parse(markup));
    } catch {
      // the story's own view says that the studio can't be reached
    }
    if (turn === asked) timer = setTimeout(look, BETWEEN_LOOKS);
  }

  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 200);
  });
  element.addEventListener("click", (event) => {
    const card = event.target.closest("[data-story]");
    if (event.target.closest("[data-new]")) studio.compose();
    else if (card && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault(); // a modified click opens a tab, as for any link
      studio.open(card.dataset.story);
    } else return;
    fold();
  });
  let active;
  studio.addEventListener("opened", look);
  studio.addEventListener("changed", () => {
    if (active !== studio.state.look) look();
    active = studio.state.look;
  });
  document.addEventListener("visibilitychange", () => document.hidden || look());
  fold();
  look();
}

/** On a phone the shelf covers the page: it opens only when it is asked for. */
function fold() {
  if (matchMedia("(max-width: 768px)").matches) document.querySelector("#shelf.open .toggle-button")?.click();
}
