// What the library is asked for: the form's fields, kept in the page's address, so that a reload and the way back find them.
import { say } from "./speech.js";

const WHILE_TYPING = 250; // ms

export function sieve(library) {
  const form = library.root.querySelector("[data-sieve]");
  const field = form.elements;
  const told = form.querySelector("[data-profiles]");
  let timer;

  restore();
  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(changed, event.target.name === "words" ? WHILE_TYPING : 0);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    changed();
  });
  window.addEventListener("popstate", () => (restore(), library.load()));
  library.root.addEventListener("click", (event) => {
    const name = event.target.closest("[data-do]")?.dataset.do;
    if (name === "fold") fold(!form.classList.contains("is-open"));
    if (name !== "clear") return;
    form.reset();
    changed();
    field.words.focus();
  });

  Object.assign(library, {
    /** The question for the server; days are this browser's, from midnight to midnight. */
    query: () => ({
      words: field.words.value,
      status: field.status.value || null,
      profile: field.profile.value || null,
      starred: field.starred.checked || null,
      since: midnight(field.from, 0),
      until: midnight(field.to, 1),
    }),
    filtered: () => [...said().keys()].length > 0,
    offer,
  });

  /** Offers the profiles that there are stories of, if that is a choice. */
  function offer(profiles) {
    const chosen = field.profile.value;
    const known = profiles.some(({ name }) => name === chosen) || !chosen ? profiles : [...profiles, { name: chosen, title: chosen }];
    field.profile.replaceChildren(new Option(say("anyone"), ""), ...known.map(({ name, title }) => new Option(title, name)));
    field.profile.value = chosen;
    told.hidden = known.length < 2 && !chosen;
  }

  function changed() {
    const query = said().toString();
    history.replaceState(null, "", location.pathname + (query && `?${query}`));
    mark();
    library.load();
  }

  /** What the fields say, as the address has it. */
  function said() {
    const query = new URLSearchParams();
    for (const name of ["words", "status", "profile", "from", "to"]) {
      if (field[name].value.trim() && field[name].validity.valid) query.set(name, field[name].value.trim());
    }
    if (field.starred.checked) query.set("starred", "yes");
    return query;
  }

  function restore() {
    form.reset();
    const query = new URLSearchParams(location.search);
    for (const name of ["words", "status", "from", "to"]) field[name].value = query.get(name) ?? "";
    const profile = query.get("profile");
    if (profile) field.profile.append(new Option(profile, profile, true, true));
    field.starred.checked = query.has("starred");
    mark();
  }

  function mark() {
    const query = said();
    const rest = [...query.keys()].filter((name) => name !== "words").length;
    const count = form.querySelector("[data-count-filters]");
    count.textContent = rest;
    count.hidden = !rest;
    form.querySelector("[data-clear]").hidden = !query.size;
    field.to.min = field.from.value || "2000-01-01";
  }

  function fold(open) {
    form.classList.toggle("is-open", open);
    form.querySelector("[data-do=fold]").setAttribute("aria-expanded", String(open));
  }
}

function midnight(field, daysLater) {
  if (!field.value || !field.validity.valid) return null;
  const [year, month, day] = field.value.split("-").map(Number);
  return new Date(year, month - 1, day + daysLater).toISOString();
}
