// Who reviews: a name that several people at one computer choose, each their own, kept in this browser; whoever signed in has theirs.
import { say } from "./speech.js";

const PLACE = "studio.review.name", SESSION = "studio.review.session";

export function whoReviews(review) {
  const { root } = review;
  const dialog = root.querySelector("[data-who]");
  const form = root.querySelector("[data-who-form]");
  let chosen = localStorage.getItem(PLACE) ?? "", known = "";

  Object.assign(review, {
    /** The name that the server is told; it knows better where somebody signed in. */
    name: () => chosen,

    /** Since when decisions can be undone: this tab's first look under this name. */
    session(told) {
      known = told.name;
      root.querySelector("[data-reviewer]").textContent = known;
      root.querySelector("[data-chooses]").hidden = !told.chooses;
      const { name, since } = JSON.parse(sessionStorage.getItem(SESSION) ?? "{}");
      if (name === known) return since;
      sessionStorage.setItem(SESSION, JSON.stringify({ name: known, since: told.since }));
      return told.since;
    },
  });

  root.querySelector("[data-do=name]").addEventListener("click", () => {
    form.elements.name.value = known;
    dialog.showModal();
    form.elements.name.select();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = form.elements.name.value.trim();
    if (!name) return;
    dialog.close();
    if (name === known) return;
    review.leaving();
    chosen = name;
    localStorage.setItem(PLACE, name);
    review.restart();
    review.toast(say("You review as {name} now.", { name }));
  });
}
