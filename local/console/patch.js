// @ts-check
// Keyed updates: a refresh changes what differs and leaves the rest alone, so that focus, selection, scroll
// positions and what the reader opened stay as they are.

/**
 * Makes `wanted` the children of `parent`, reusing those that are there: an element with a key (`data-key`, else
 * its id) is the same as the one with that key, any other is the same as one of its kind in the same place.
 * @param {Node} parent
 * @param {Iterable<Node>} wanted
 */
export function update(parent, wanted) {
  const nodes = [...wanted];
  const keys = new Set(nodes.map(keyOf));
  /** @type {Map<string, ChildNode>} */
  const known = new Map();
  for (const child of parent.childNodes) {
    const key = keyOf(child);
    if (key) known.set(key, child);
  }
  /** @type {ChildNode | null} */
  let next = parent.firstChild;
  for (const node of nodes) {
    // What went away must not stand in the way: moving what stays would take its focus.
    while (next && keyOf(next) && !keys.has(keyOf(next))) next = removed(next);
    const key = keyOf(node);
    const same = key ? known.get(key) : next && !keyOf(next) ? next : undefined;
    if (!same || same.nodeName !== node.nodeName) {
      parent.insertBefore(node, next);
      continue;
    }
    if (key) known.delete(key);
    if (same === next) next = next.nextSibling;
    else parent.insertBefore(same, next);
    patch(same, node);
  }
  while (next) next = removed(next);
}

/**
 * @param {ChildNode} current
 * @param {Node} wanted of the same kind
 */
function patch(current, wanted) {
  if (!(current instanceof Element && wanted instanceof Element)) {
    if (current.nodeValue !== wanted.nodeValue) current.nodeValue = wanted.nodeValue;
    return;
  }
  for (const { name } of [...current.attributes]) {
    if (!wanted.hasAttribute(name) && !isReaders(current, name)) current.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (current.getAttribute(name) === value || isReaders(current, name)) continue;
    // The content security policy refuses the attribute, but not the property.
    if (name === "style" && (current instanceof HTMLElement || current instanceof SVGElement)) current.style.cssText = value;
    else current.setAttribute(name, value);
  }
  if (current instanceof HTMLInputElement && wanted instanceof HTMLInputElement) current.checked = wanted.checked;
  update(current, wanted.childNodes);
}

/**
 * Whether the reader, not the data, says what an attribute is.
 * @param {Element} element
 * @param {string} name
 */
function isReaders(element, name) {
  return name === "data-yields" || name === "open" && element instanceof HTMLDetailsElement;
}

/** @param {Node} node */
function keyOf(node) {
  return node instanceof Element ? node.getAttribute("data-key") ?? node.id : "";
}

/** @param {ChildNode} node */
function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}
