// @ts-check
// A badge for what the business says of a trace, beside the dot for what the machines say.
/** @import { Fact } from "./annotations.js" */
import { heading, hue } from "./annotations.js";
import { el } from "./dom.js";

/** The most letters of what stays on one line. */
const LINE = 40;

/**
 * Whether a value, such as an id, is short enough to stay on one line where there is room.
 * @param {string} value
 */
export function isShort(value) {
  return value.length <= LINE;
}

/** @param {Fact} fact */
export function chip({ name, value }) {
  return el("span", { class: `chip hue${hue(value)}${isShort(value) ? " whole" : ""}`, title: heading(name) }, value);
}
