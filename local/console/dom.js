// @ts-check
// Elements. Texts become text nodes, so nothing in a trace is ever taken for markup.
import { visible } from "./format.js";

/** @typedef {Node | string | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined>} Attributes */

/** The attributes that are shown or read out. */
const SPOKEN = new Set(["title", "aria-label"]);

/**
 * Makes an HTML element.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} attributes those that are false, null or undefined are left out
 * @param {(Child | Child[])[]} children
 */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children.flat());
}

/**
 * Makes an SVG element.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} attributes
 * @param {Child[]} children
 */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** @param {string} status */
export function dot(status) {
  return el("span", { class: "dot " + status, title: status, role: "img", "aria-label": status });
}

/**
 * The element of `index.html` with that id.
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`index.html has no ${kind.name} with the id \`${id}\``);
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {Attributes} attributes
 * @param {Child[]} children
 */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    const text = value === true ? "" : String(value);
    element.setAttribute(name, SPOKEN.has(name) ? visible(text) : text);
  }
  for (const child of children) if (child || child === "") element.append(typeof child === "string" ? visible(child) : child);
  return element;
}
