// Says things in the language of whoever looks. English is what the code says; the server has a catalogue for the browser's
// language, looked up by the English. Modules that import this wait until it is there.

const { language, catalogue } = await learned();

/** The sentence in the reader's language, its ``{places}`` filled with the values. */
export function say(english, values = {}) {
  return (catalogue[english] ?? english).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

/**
 * Says all that stands in a piece of the page: its texts, and what is said to those who can't see it. Not for people's words,
 * and not for names, which have translate="no".
 */
export function translate(root) {
  if (language === "en") return;
  document.documentElement.lang = language;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) retell(node);
  for (const element of [root, ...root.querySelectorAll("*")]) {
    for (const name of SPOKEN) {
      const said = element.getAttribute?.(name);
      if (said && catalogue[said]) element.setAttribute(name, catalogue[said]);
    }
    if (element.tagName === "TEMPLATE") translate(element.content);
  }
}

/** Goes on saying what others put into a piece of the page later on: Gradio's fields. */
export function keepTranslating(root) {
  if (language === "en") return;
  translate(root);
  new MutationObserver((changes) => {
    for (const { target, addedNodes, type } of changes) {
      if (type === "characterData") retell(target);
      for (const node of addedNodes) node.nodeType === Node.TEXT_NODE ? retell(node) : node.querySelectorAll && translate(node);
    }
  }).observe(root, { subtree: true, childList: true, characterData: true });
}

const SPOKEN = ["title", "aria-label", "placeholder"];

function retell(node) {
  if (node.parentElement?.closest("[translate=no]")) return;
  const english = node.nodeValue.trim().replace(/\s+/g, " ");
  const said = catalogue[english];
  if (said && said !== english) node.nodeValue = node.nodeValue.replace(node.nodeValue.trim(), said);
}

async function learned() {
  try {
    const answer = await fetch(new URL("../speech.json", import.meta.url));
    return await answer.json();
  } catch {
    return { language: "en", catalogue: {} };
  }
}
