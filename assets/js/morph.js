// Makes a piece of the page equal to fresh markup with as few changes as possible, so that what a person holds stays:
// focus, what they typed, what they opened, pictures that are on the screen. Nodes are matched by data-key, then by kind.
//
// data-own   the page's own place (a form): its children are never touched
// data-keep  a <details>: whether it is open is the person's business

export function parse(markup) {
  const template = document.createElement("template");
  template.innerHTML = markup; // inert: nothing in it loads or runs until it is moved into the page
  return template.content;
}

export function morph(parent, fresh) {
  let at = parent.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const match = find(at, wanted);
    if (!match) {
      parent.insertBefore(wanted, at);
      continue;
    }
    if (match === at) at = at.nextSibling;
    else parent.insertBefore(match, at);
    become(match, wanted);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function find(at, wanted) {
  for (let node = at; node; node = node.nextSibling) {
    if (node.nodeType !== wanted.nodeType || node.nodeName !== wanted.nodeName) continue;
    if (key(node) === key(wanted)) return node;
  }
  return null;
}

const key = (node) => node.dataset?.key ?? node.dataset?.own ?? null;

export function become(node, wanted) {
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.nodeValue !== wanted.nodeValue) node.nodeValue = wanted.nodeValue;
    return;
  }
  for (const { name } of [...node.attributes]) {
    if (!wanted.hasAttribute(name) && !kept(node, name)) node.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
  if (!("own" in node.dataset)) morph(node, wanted);
}

const kept = (node, name) => name === "open" && "keep" in node.dataset;
