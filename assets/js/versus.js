// Two stories side by side: this one, and another that shares its beginning.
import { morph, parse } from "./morph.js";
import { say } from "./speech.js";

export function versus(studio, server) {
  const { root } = studio;
  const place = root.querySelector("[data-versus]");
  const button = root.querySelector('[data-do="show-compare"]');
  let other = "";

  async function show() {
    const story = studio.story;
    let answer;
    try {
      answer = await server.versus({ story, other });
    } catch {
      answer = null;
    }
    if (story !== studio.story) return;
    if (answer?.markup) morph(place, parse(answer.markup));
    else studio.toast(answer?.error ?? say("The studio can't be reached; try again in a moment."));
  }

  /** Only a story that shares its beginning with another can be compared. */
  async function offer() {
    const story = studio.story;
    button.hidden = true;
    if (!story) return;
    const answer = await server.versus({ story, other: "" }).catch(() => null);
    if (story === studio.story) button.hidden = !answer?.markup;
  }

  button.addEventListener("click", show);
  place.addEventListener("change", (event) => {
    if (!event.target.matches("[data-other]")) return;
    other = event.target.value;
    show();
  });
  studio.addEventListener("changed", () => root.dataset.view === "compare" && show());
  studio.addEventListener("opened", () => {
    other = "";
    place.replaceChildren();
    offer();
  });
}
