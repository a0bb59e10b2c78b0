// Story files on their way in: chosen, or dropped anywhere on the page; sent one after the other, and watched while the studio
// examines them. A picture that a studio drew leads to its story.
import { textsOf } from "./provenance.js";
import { say } from "./speech.js";

export function intake(library) {
  const { root } = library;
  const panel = root.querySelector("[data-intake]"), veil = root.querySelector("[data-veil]"), chosen = root.querySelector("[data-file]");
  const words = panel.querySelector("[data-intake-words]"), stop = panel.querySelector("[data-intake-stop]");
  let sending = null, underway = false;

  root.addEventListener("click", (event) => {
    const name = event.target.closest("[data-do]")?.dataset.do;
    if (name === "bring") chosen.click();
    if (name !== "stop-intake") return;
    sending?.abort();
    if (!underway) panel.hidden = true;
  });
  chosen.addEventListener("change", () => {
    take([...chosen.files]);
    chosen.value = "";
  });
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    veil.hidden = false;
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || (veil.hidden = true));
  document.addEventListener("drop", (event) => {
    veil.hidden = true;
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });

  async function take(files) {
    if (!files.length) return;
    if (underway) return library.toast(say("Wait until the stories that are on their way are there."));
    underway = true;
    panel.hidden = false;
    panel.classList.remove("is-bad");
    const stories = [], faults = [];
    for (const file of files) {
      const answer = file.type === "image/png" ? await traced(file) : await sent(file);
      if (answer.here) return location.assign(`./?story=${encodeURIComponent(answer.here)}`); // the page goes
      if (answer.cancelled) break;
      if (answer.story) stories.push(answer.story);
      else faults.push(files.length > 1 ? `${file.name}: ${answer.error}` : answer.error);
    }
    underway = false;
    if (stories.length === 1 && !faults.length && files.length === 1) return location.assign(`./?story=${encodeURIComponent(stories[0])}`);
    if (stories.length) library.load();
    end(stories.length, faults);
  }

  /** What came of it stays until it is closed; what was cancelled is gone at once. */
  function end(count, faults) {
    panel.hidden = !count && !faults.length;
    panel.classList.toggle("is-bad", faults.length > 0);
    const came = count ? [count === 1 ? say("One story is there.") : say("{count} stories are there.", { count })] : [];
    words.textContent = [...came, ...faults].join(" ");
    bar(faults.length ? 0 : 1);
    stop.textContent = say("Close");
    stop.hidden = false;
  }

  /** Finds the story of a picture that a studio drew: ``here`` is its id, or ``error`` says what is known of it. */
  async function traced(file) {
    const { Software, story, prompt, seed } = await textsOf(file);
    if (Software !== "Interleave Studio" || !story) return { error: say("This picture says nothing of a story: choose a story file.") };
    const answer = await library.ask("news", { stories: [story] });
    if (answer.markup?.trim()) return { here: story };
    return { error: say("The story of this picture is not here. It was drawn with seed {seed} and the prompt: {prompt}", { seed, prompt }) };
  }

  /** Sends one file; resolves to what the studio's last line says: ``story`` or ``error``. */
  function sent(file) {
    const { name } = file;
    if (library.most && file.size > library.most) {
      const most = Math.floor(library.most / 2 ** 20);
      return { error: say("This file is too large: a story file may have {most} MB here.", { most }) };
    }
    words.textContent = say("Sending “{name}”…", { name });
    stop.textContent = say("Cancel");
    stop.hidden = false;
    bar(0);
    return new Promise((resolve) => {
      const request = (sending = new XMLHttpRequest());
      request.upload.addEventListener("progress", ({ loaded, total }) => bar(loaded / total / 2));
      request.upload.addEventListener("load", () => {
        stop.hidden = true; // from here on the story comes, whether or not this page waits for it
        words.textContent = say("Examining “{name}”…", { name });
      });
      request.addEventListener("progress", () => {
        const { done, total } = lastOf(request.responseText);
        if (total) bar(0.5 + done / total / 2);
      });
      request.addEventListener("load", () => resolve(lastOf(request.responseText)));
      request.addEventListener("error", () => resolve(UNREACHED()));
      request.addEventListener("abort", () => resolve({ cancelled: true }));
      request.open("POST", "imports");
      request.setRequestHeader("Content-Type", "application/zip");
      request.send(file);
    }).finally(() => (sending = null));
  }

  function bar(part) {
    panel.querySelector("[data-intake-bar]").style.setProperty("--part", part);
  }
}

const UNREACHED = () => ({ error: say("The file did not arrive: the studio can't be reached, or refused it. Try again in a moment.") });

/** The last whole line that has come of an answer. */
function lastOf(text) {
  try {
    return JSON.parse(text.trimEnd().split("\n").at(-1));
  } catch {
    return UNREACHED();
  }
}
