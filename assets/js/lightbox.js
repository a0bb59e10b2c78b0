// Shows one picture large: against the picture it was drawn on, or any other attempt at its step, under a slider or side by
// side, with what was said of it, and on to the next.

import { say } from "./speech.js";

export function lightbox(studio) {
  const { root } = studio;
  const box = root.querySelector("[data-lightbox]");
  const find = (name) => box.querySelector(`[data-${name}]`);
  let at = null; // the attempt's name

  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    const name = button?.dataset.do;
    if (name === "enlarge" && button.dataset.attempt) open(button.dataset.attempt);
    if (name === "enlarge-start") alone(button.dataset.picture, button.dataset.name ?? say("The starting picture"));
    if (name === "enlarge-versus") versus(button);
    if (name === "beside") beside(button.getAttribute("aria-pressed") !== "true");
    if (name === "previous") turn(-1);
    if (name === "next") turn(1);
    if (name === "close") button.closest("dialog").close();
    if (event.target === box) box.close(); // the backdrop
  });
  box.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.target === find("slide")) return; // there, arrows move the slider
    event.preventDefault();
    turn(by);
  });
  find("slide").addEventListener("input", (event) => slide(event.target.value));
  find("against").addEventListener("change", (event) => against(event.target.value, event.target.selectedOptions[0].text));

  const attempts = () => [...root.querySelectorAll(".attempt")];

  function open(name) {
    const attempt = attempts().find((found) => found.dataset.attempt === name);
    if (!attempt) return;
    at = name;
    const { full, source } = attempt.dataset;
    const title = attempt.closest("[data-step]").querySelector("h2").textContent;
    const label = (one) => one.querySelector("strong").textContent;
    const others = [...attempt.parentElement.children].filter((other) => other !== attempt);
    const choices = others.map((other) => [label(other), other.dataset.full]);
    if (source) choices.unshift([say("before"), source]);
    show(full, title, attempt.querySelector("img").alt, label(attempt), choices);
    const words = attempt.querySelector(".attempt-words").cloneNode(true);
    words.querySelectorAll("[data-own], .attempt-acts").forEach((node) => node.remove());
    find("words").replaceChildren(...words.childNodes);
    const many = attempts().length > 1;
    for (const side of box.querySelectorAll(".lightbox-side")) side.hidden = !many;
  }

  function alone(address, name) {
    at = null;
    show(address, name, name, name, []);
    find("words").replaceChildren();
    for (const side of box.querySelectorAll(".lightbox-side")) side.hidden = true;
  }

  /** The same step of two stories. */
  function versus(button) {
    const [here, there] = [...button.closest("li").querySelectorAll("[data-full]")];
    const other = button === here ? there : here;
    alone(button.dataset.full, button.dataset.name);
    if (other) show(button.dataset.full, button.dataset.name, "", say("this one"), [[say("the other story"), other.dataset.full]]);
  }

  /** ``choices`` are the pictures that this one can be compared with: [name, address]; the first is chosen. */
  function show(full, title, alt, label, choices) {
    find("after").src = full;
    find("after").alt = alt;
    find("tag-after").textContent = label === alt ? "" : label;
    find("against").replaceChildren(...choices.map(([name, address]) => new Option(name, address)));
    find("against-label").hidden = choices.length < 2;
    box.querySelector('[data-do="beside"]').hidden = !choices.length;
    against(choices[0]?.[1], choices[0]?.[0]);
    find("name").textContent = title;
    if (!box.open) box.showModal();
  }

  function against(address, name) {
    for (const part of ["before", "slide", "line", "tag-before", "tag-after"]) find(part).hidden = !address;
    if (address) find("before").src = address;
    else find("before").removeAttribute("src");
    find("tag-before").textContent = name ?? "";
    if (!address) beside(false);
    find("slide").value = 50;
    slide(50);
  }

  function beside(yes) {
    find("compare").classList.toggle("is-beside", yes);
    box.querySelector('[data-do="beside"]').setAttribute("aria-pressed", String(yes));
  }

  function slide(percent) {
    find("compare").style.setProperty("--cut", `${percent}%`);
  }

  function turn(by) {
    const all = attempts();
    const place = all.findIndex((attempt) => attempt.dataset.attempt === at);
    if (at && all.length) open(all[(place + by + all.length) % all.length].dataset.attempt);
  }
}
