// What is done with stories: star, rename, resume, duplicate, delete, and bring back what was deleted.
import { parse } from "./morph.js";
import { say } from "./speech.js";

export function deeds(library) {
  const { root, ask, toast, idOf } = library;
  const deleted = []; // batches that can be brought back, the last one first to come: {stories, stopped, reviews, words}

  root.addEventListener("click", (event) => {
    const name = event.target.closest("[data-do]")?.dataset.do;
    const tale = event.target.closest(".tale") ?? (event.target.closest("[data-menu]") && library.tale(library.story));
    DEEDS[name]?.(tale);
  });
  Object.assign(library, { star, remove, undo, rename });

  const DEEDS = {
    star: (tale) => star([tale]),
    rename,
    resume,
    duplicate,
    delete: (tale) => remove([tale]),
    "star-picked": () => star(library.picked()),
    "delete-picked": () => remove(library.picked()),
    undo,
  };

  /** Does it with these stories, then shows them as they are; whether it was done. */
  async function done(name, call, stories) {
    const answer = await ask(name, call);
    if (answer.error) toast(answer.error);
    await library.refresh(stories);
    return !answer.error;
  }

  /** Stars those that are not, or, if all are, unstars them. */
  function star(tales) {
    const on = !tales.every((tale) => tale.classList.contains("is-starred"));
    return done("star", { stories: tales.map(idOf), on }, tales.map(idOf));
  }

  async function resume(tale) {
    const story = idOf(tale);
    if (await done("send", { story, command: { kind: "resume" } }, [story])) {
      toast(say("“{title}” goes on.", { title: tale.dataset.title }));
      library.tale(story)?.querySelector(".tale-open").focus();
    }
  }

  async function duplicate(tale) {
    const answer = await ask("duplicate", { story: idOf(tale) });
    if (answer.error) return toast(answer.error);
    await arrive([answer.story]);
    library.tale(answer.story)?.querySelector(".tale-open").focus();
    toast(say("This is a copy of “{title}”. What you change in one, the other keeps.", { title: tale.dataset.title }));
  }

  /** Shows stories that were not on the page. */
  async function arrive(stories) {
    const answer = await ask("news", { stories });
    if (answer.error) return;
    for (const fresh of [...parse(answer.markup).children]) library.put(fresh);
    await library.refresh(stories);
  }

  // ------------------------------------------------------------ deleting

  async function remove(tales) {
    if (!tales.length) return;
    const stories = tales.map(idOf);
    const words = tales.length === 1 ? `“${tales[0].dataset.title}”` : say("{count} stories", { count: tales.length });
    const at = document.activeElement; // what has the focus, if it is not somewhere else on the page
    const held = at === document.body || at.closest("[data-picked], [data-menu]") || tales.some((tale) => tale.contains(at));
    const heir = held ? neighbour(tales) : null; // asked now: the page may let go of them before the studio has answered
    const answer = await ask("delete", { stories });
    if (answer.error) return toast(answer.error);
    await library.refresh(stories);
    if (heir) library.tale(idOf(heir))?.querySelector(".tale-open").focus();
    deleted.push({ stories, stopped: answer.stopped, reviews: answer.reviews, words });
    toast(`${say("Deleted: {stories}.", { stories: words })}${gone(answer.reviews)}`, true);
  }

  /** What becomes of the reviews of deleted stories. */
  function gone(count) {
    if (!count) return "";
    return ` ${count === 1 ? say("1 review went along: it leaves queue, agreement and training until you undo.")
      : say("{count} reviews went along: they leave queue, agreement and training until you undo.", { count })}`;
  }

  function returned(count) {
    if (!count) return "";
    return ` ${count === 1 ? say("1 review is back, too.") : say("{count} reviews are back, too.", { count })}`;
  }

  /** The story that the focus goes to when these go. */
  function neighbour(tales) {
    const all = library.tales();
    const stay = (tale) => !tales.includes(tale);
    const at = all.indexOf(tales[0]);
    return all.slice(at).find(stay) ?? all.slice(0, at).findLast(stay);
  }

  async function undo() {
    const batch = deleted.pop();
    if (!batch) return false;
    const answer = await ask("restore", { stories: batch.stories, stopped: batch.stopped });
    if (answer.error) {
      deleted.push(batch);
      return toast(answer.error, true);
    }
    await arrive(batch.stories);
    library.tale(batch.stories[0])?.querySelector(".tale-open").focus();
    const before = deleted.at(-1);
    const too = returned(batch.reviews);
    if (before) toast(`${say("Back again: {stories}. Still deleted: {others}.", { stories: batch.words, others: before.words })}${too}`, true);
    else toast(`${say("Back again: {stories}.", { stories: batch.words })}${too}`);
    return true;
  }

  // ------------------------------------------------------------ renaming

  function rename(tale) {
    const own = tale.querySelector("[data-own=rename]");
    if (own.firstElementChild) return own.querySelector("input").focus();
    const form = root.querySelector("[data-template=rename]").content.firstElementChild.cloneNode(true);
    const input = form.elements.title;
    const story = idOf(tale);
    input.value = tale.dataset.title;
    let over = false;

    async function end(save) {
      if (over) return;
      over = true;
      const back = form.contains(document.activeElement);
      const title = input.value.trim();
      form.remove();
      if (back) tale.querySelector(".tale-open").focus();
      if (save && title !== tale.dataset.title) await done("send", { story, command: { kind: "rename", title } }, [story]);
    }

    form.addEventListener("submit", (event) => (event.preventDefault(), end(true)));
    form.addEventListener("focusout", () => end(true));
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      end(false);
    });
    own.append(form);
    input.select();
    input.focus();
  }
}
