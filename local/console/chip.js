// @ts-check
// A badge for what the business says of a trace, beside the dot for what the machines say.
/** @import { Fact } from "./annotations.js" */
import { heading, hue } from "./annotations.js";
import { el } from "./dom.js";

/** @param {Fact} fact */
export function chip({ name, value }) {
  return el("span", { class: `chip hue${hue(value)}`, title: heading(name) }, value);
}
