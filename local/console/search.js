// @ts-check
// What stands below the search box: completions, and what is wrong with the expression, at its place.
/** @import { FilterError, Service, TraceRow } from "./types.d.ts" */
import { el } from "./dom.js";
import { completions } from "./expression.js";

/**
 * The options of the search box.
 * @param {string} text what is in the box
 * @param {TraceRow[]} traces
 * @param {Service[]} services
 */
export function drawCompletions(text, traces, services) {
  const annotations = new Set(traces.flatMap(({ annotations = {} }) => Object.keys(annotations)));
  const names = services.filter(({ Type }) => Type !== "client").map(({ Name }) => Name);
  return completions(text, [...annotations].sort(), names).slice(0, 40).map((value) => el("option", { value }));
}

/**
 * What stands above the result of an earlier expression while there is an error in the present one.
 * @param {string} filter the earlier expression
 */
export function staleNote(filter) {
  return el("p", { "data-key": "stale", class: "hint stale" }, "The filter has an error. This is ",
    filter.trim() ? ["what ", el("code", {}, filter.trim()), " found:"] : "everything, without a filter:");
}

/**
 * The expression with its error marked, and the error; nothing where there is none.
 * @param {string} text the expression that was sent
 * @param {FilterError | undefined} error
 */
export function drawFilterError(text, error) {
  if (!error) return [];
  const lines = text.split("\n");
  const before = lines.slice(0, error.line - 1).join("\n").length + (error.line > 1 ? 1 : 0) + error.position - 1;
  const at = text.slice(before).match(/^(\s*(\w+|\W))?/)?.[0] ?? "";
  return [
    el("code", {}, text.slice(0, before), el("mark", {}, at || "␣"), text.slice(before + at.length)),
    el("span", {}, ` ${error.message}`), el("span", { class: "soft" }, ` (position ${error.position})`)];
}
