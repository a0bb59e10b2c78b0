// Shows one picture large: against the picture it was drawn on, with what was said of it, and on to the next.

export function lightbox(studio) {
  const { root } = studio;
  const box = root.querySelector("[data-lightbox]");
  const find = (name) => box.querySelector(`[data-${name}]`);
  let at = null; // the attempt's name

  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    const name = button?.dataset.do;
    if (name === "enlarge" && button.dataset.attempt) open(button.dataset.attempt);
    if (name === "enlarge-start") alone(button.dataset.picture, "The starting picture");
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

  const attempts = () => [...root.querySelectorAll(".attempt")];

  function open(name) {
    const attempt = attempts().find((found) => found.dataset.attempt === name);
    if (!attempt) return;
    at = name;
    const { full, source } = attempt.dataset;
    const title = attempt.closest("[data-step]").querySelector("h2").textContent;
    show(full, source, title, attempt.querySelector("img").alt);
    const words = attempt.querySelector(".attempt-words").cloneNode(true);
    words.querySelectorAll("[data-own], .attempt-acts").forEach((node) => node.remove());
    find("words").replaceChildren(...words.childNodes);
    const many = attempts().length > 1;
    for (const side of box.querySelectorAll(".lightbox-side")) side.hidden = !many;
  }

  function alone(address, name) {
    at = null;
    show(address, null, name, name);
    find("words").replaceChildren();
    for (const side of box.querySelectorAll(".lightbox-side")) side.hidden = true;
  }

  function show(full, source, title, alt) {
    find("after").src = full;
    find("after").alt = alt;
    find("before").hidden = find("slide").hidden = find("line").hidden = !source;
    box.querySelectorAll("[data-tag]").forEach((tag) => (tag.hidden = !source));
    if (source) find("before").src = source;
    else find("before").removeAttribute("src");
    find("slide").value = 50;
    slide(50);
    find("name").textContent = title;
    if (!box.open) box.showModal();
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
