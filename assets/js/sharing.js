// Links by which others read the open story: made, copied and taken back. A link's secret is told once, when it is made.
import { morph, parse } from "./morph.js";
import { say } from "./speech.js";

const LOCAL = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export function sharing(studio, server) {
  const { root } = studio;
  const dialog = root.querySelector("[data-share]");
  const find = (name) => dialog.querySelector(`[data-share-${name}]`);
  let newest = ""; // the letters that the link which is shown ends with

  const ACTS = {
    share: open,
    "make-link": make,
    "copy-link": copy,
    "revoke-link": (button) => wish("revoke", { link: button.dataset.link }),
    "close-share": () => dialog.close(),
  };
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    ACTS[button?.dataset.do]?.(button);
  });
  dialog.addEventListener("keydown", (event) => event.stopPropagation()); // the page's keys rest; Escape closes by itself
  dialog.addEventListener("close", () => (find("link").value = newest = "")); // nobody who comes later finds it
  studio.addEventListener("opened", () => dialog.open && dialog.close());
  studio.addEventListener("changed", () => {
    for (const button of root.querySelectorAll('[data-do="share"]')) button.hidden = !studio.state.mine;
  });

  function open() {
    find("here").hidden = !LOCAL.test(location.hostname);
    find("fresh").hidden = true;
    find("links").replaceChildren();
    dialog.showModal();
    return wish("links");
  }

  async function make() {
    const answer = await wish("share");
    if (!answer.secret) return;
    newest = answer.secret.slice(-4);
    find("link").value = new URL(`shared/${answer.secret}`, new URL(".", location.href)).href;
    find("fresh").hidden = false;
    find("link").focus();
    find("link").select();
  }

  async function copy(button) {
    find("link").select();
    await navigator.clipboard?.writeText(find("link").value).catch(() => {}); // without https there is none: it is selected
    button.querySelector("svg").nextSibling.textContent = navigator.clipboard ? say("Copied") : say("Press Ctrl+C");
    setTimeout(() => (button.querySelector("svg").nextSibling.textContent = say("Copy")), 2000);
  }

  /** Asks for something about the links, and shows those that there are then. */
  async function wish(name, call = {}) {
    const answer = (await server[name]({ story: studio.story, ...call }).catch(() => null)) ?? {
      error: say("The studio can't be reached; try again in a moment."),
    };
    find("fault").textContent = answer.error ?? "";
    find("fault").hidden = !answer.error;
    if ("markup" in answer) morph(find("links"), parse(answer.markup));
    if (!find("links").textContent.includes(`…${newest}`)) find("fresh").hidden = true;
    if (name === "revoke") dialog.querySelector('[data-do="make-link"]').focus();
    return answer;
  }
}
