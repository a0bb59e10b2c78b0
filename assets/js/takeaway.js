// A story as a file: asked for, watched while it is made, given up if need be, and fetched when it is ready.

import { say } from "./speech.js";

const BETWEEN_LOOKS = 400; // ms

export function takeaway(studio, server) {
  const { root } = studio;
  const panel = root.querySelector("[data-takeaway]");
  const find = (name) => panel.querySelector(`[data-${name}]`);
  let job = "";

  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button?.dataset.do === "export") begin(button.dataset.format);
    if (button?.dataset.do === "give-up") giveUp();
  });

  async function begin(format) {
    const answer = await server.export({ story: studio.story, format }).catch(() => null);
    if (!answer || answer.error) return studio.toast(answer?.error ?? say("The studio can't be reached; try again in a moment."));
    job = answer.job;
    panel.hidden = false;
    find("link").hidden = true;
    follow(job);
  }

  async function follow(mine) {
    let told;
    try {
      told = await server.exporting({ job: mine });
    } catch {
      told = null; // unreached; the file is made all the same
    }
    if (mine !== job) return;
    if (told?.error) return end(told.error, []);
    if (told) {
      find("words").textContent = told.message;
      find("bar").style.setProperty("--part", told.total ? told.done / told.total : 0);
    }
    if (told?.state === "done") {
      const link = find("link");
      link.href = told.address;
      link.click();
      return end(told.message, told.warnings, true);
    }
    if (told && ["failed", "cancelled"].includes(told.state)) return end(told.message, told.warnings);
    find("give-up").hidden = false;
    setTimeout(() => follow(mine), BETWEEN_LOOKS);
  }

  /** What came of it stays until it is closed. */
  function end(words, warnings, ready = false) {
    find("words").textContent = [words, ...warnings].join(" ");
    find("bar").style.setProperty("--part", ready ? 1 : 0);
    find("link").hidden = !ready;
    find("give-up").textContent = say("Close");
    find("give-up").hidden = false;
    job = "";
  }

  function giveUp() {
    if (job) server.give_up({ job }).catch(() => null);
    job = "";
    panel.hidden = true;
    find("give-up").textContent = say("Cancel");
  }
}
