// The guidelines: read by everybody, written by those who lead. Which version somebody had before them goes with each answer.
import { parse } from "./morph.js";
import { say } from "./speech.js";

export function guidelines(review) {
  const { root } = review;
  const dialog = root.querySelector("[data-guide]");
  const form = root.querySelector("[data-guide-form]");
  const fault = root.querySelector("[data-guide-fault]");
  let version = 0, text = "";

  Object.assign(review, {
    guideline: () => version,
    tellGuideline(told) {
      ({ version, text } = told);
      root.querySelector("[data-guideline]").replaceChildren(parse(told.markup));
    },
    async openGuidelines() {
      write(false);
      dialog.showModal();
      const told = await review.ask("guideline"); // somebody may have published another since
      if (!told.error) review.tellGuideline(told.guideline);
    },
  });

  function write(yes) {
    form.hidden = !yes;
    root.querySelector("[data-guide-acts]").hidden = yes;
    root.querySelector("[data-guideline]").hidden = yes;
    fault.textContent = "";
    if (!yes) return;
    form.elements.text.value = text;
    form.elements.text.focus();
  }

  dialog.addEventListener("click", (event) => {
    const name = event.target.closest("[data-do]")?.dataset.do;
    if (name === "write" || name === "unwrite") write(name === "write");
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const told = await review.ask("publish", { text: form.elements.text.value });
    if (told.error) return void (fault.textContent = told.error);
    review.tellGuideline(told.guideline);
    write(false);
    review.toast(say("Published: it is version {version}.", { version }));
  });
}
