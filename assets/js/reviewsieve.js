// What is reviewed, in which order, and by which rules: the form's fields, kept in the page's address, so that a reload finds
// them and a link hands them on. Names in the address: kind, order, blind, words, verdict, model, profile, from, to, faults (with
// commas between them), flagged, unreviewed, required, gold (in percent).
import { say } from "./speech.js";

const WHILE_TYPING = 300; // ms
const KINDS = ["attempt", "plan", "pair"];
const PLAIN = ["order", "words", "verdict", "model", "profile", "from", "to", "required", "gold"];
const CHECKS = ["blind", "flagged", "unreviewed"];
const USUAL = { order: "uncertain", required: "1" };
const NO_FILTER = ["kind", "order", "blind", "required", "gold"]; // they say how, not what

export function sieve(review) {
  const { root } = review;
  const form = root.querySelector("[data-sieve]");
  const field = form.elements;
  let kind = "attempt", timer;

  Object.assign(review, {
    /** The question for the server; days are this browser's, from midnight to midnight. */
    query: () => ({
      kind,
      order: field.order.value,
      required: valid("required") ? Number(field.required.value) : 1,
      gold_share: Number(field.gold.value) / 100,
      blind: kind === "attempt" && field.blind.checked,
      words: field.words.value.trim(),
      verdict: (kind === "attempt" && field.verdict.value) || null,
      model: field.model.value || null,
      profile: field.profile.value || null,
      faults: kind === "attempt" ? faults() : [],
      since: midnight(field.from, 0),
      until: midnight(field.to, 1),
      flagged: field.flagged.checked,
      unreviewed: field.unreviewed.checked,
    }),
    filtered: () => filters().length > 0,
    offer,
    openFilters() {
      fold(true);
      field.words.focus();
    },
  });
  restore();

  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(changed, ["words", "required"].includes(event.target.name) ? WHILE_TYPING : 0);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    changed();
  });
  form.addEventListener("keydown", (event) => event.key === "Escape" && !(event.target === field.words && field.words.value) && event.target.blur());
  window.addEventListener("popstate", () => (restore(), review.restart()));
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do], [data-kind]");
    if (button?.dataset.do === "fold") fold(root.querySelector("[data-rest]").hidden);
    if (button?.dataset.do === "clear") clear();
    if (button?.classList.contains("view-button") && button.dataset.kind !== kind) {
      kind = button.dataset.kind;
      changed();
    }
  });

  function changed() {
    const query = said().toString();
    history.replaceState(null, "", location.pathname + (query && `?${query}`));
    mark();
    review.restart();
  }

  function clear() {
    const { order, blind, required, gold } = field;
    const kept = [order.value, blind.checked, required.value, gold.value];
    form.reset();
    [order.value, blind.checked, required.value, gold.value] = kept;
    changed();
  }

  /** What the fields say, as the address has it. */
  function said() {
    const query = new URLSearchParams();
    if (kind !== "attempt") query.set("kind", kind);
    for (const name of PLAIN) {
      const value = field[name].value.trim();
      if (value && valid(name) && value !== USUAL[name]) query.set(name, value);
    }
    for (const name of CHECKS) if (field[name].checked) query.set(name, "yes");
    if (faults().length) query.set("faults", faults().join(","));
    return query;
  }

  function restore() {
    form.reset();
    const query = new URLSearchParams(location.search);
    kind = KINDS.includes(query.get("kind")) ? query.get("kind") : "attempt";
    for (const name of ["model", "profile"]) keepOption(field[name], query.get(name));
    for (const name of PLAIN) if (query.has(name)) field[name].value = query.get(name);
    if (field.order.selectedIndex < 0) field.order.value = USUAL.order;
    for (const name of CHECKS) field[name].checked = query.has(name);
    const tagged = (query.get("faults") ?? "").split(",");
    for (const box of form.querySelectorAll("[name=faults]")) box.checked = tagged.includes(box.value);
    mark();
  }

  /** Offers the models and profiles that there is something of. */
  function offer({ models, profiles }) {
    put(field.model, say("any"), models.map((name) => [name, name]));
    put(field.profile, say("anyone"), profiles.map(({ name, title }) => [title, name]));
  }

  function mark() {
    for (const button of root.querySelectorAll(".view-button")) button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
    for (const element of form.querySelectorAll("[data-only]")) element.hidden = element.dataset.only !== kind;
    const count = form.querySelector("[data-count-filters]");
    count.textContent = filters().length;
    count.hidden = !filters().length;
    for (const button of root.querySelectorAll("[data-clear]")) button.hidden = !filters().length;
    field.to.min = field.from.value || "2000-01-01";
  }

  function filters() {
    return [...said().keys()].filter((name) => !NO_FILTER.includes(name));
  }

  function faults() {
    return [...form.querySelectorAll("[name=faults]:checked")].map((box) => box.value);
  }

  function valid(name) {
    return field[name].validity.valid;
  }

  function fold(open) {
    root.querySelector("[data-rest]").hidden = !open;
    form.querySelector("[data-do=fold]").setAttribute("aria-expanded", String(open));
  }
}

function put(select, none, choices) {
  const chosen = select.value;
  select.replaceChildren(new Option(none, ""), ...choices.map(([words, value]) => new Option(words, value)));
  keepOption(select, chosen);
}

/** Chooses a value, also where nothing of it is there (any more). */
function keepOption(select, value) {
  if (value && ![...select.options].some((option) => option.value === value)) select.append(new Option(value, value));
  select.value = value ?? "";
}

function midnight(field, daysLater) {
  if (!field.value || !field.validity.valid) return null;
  const [year, month, day] = field.value.split("-").map(Number);
  return new Date(year, month - 1, day + daysLater).toISOString();
}
