// @ts-check
// Two traces side by side: what each spent its time on.
/** @import { Route } from "./route.js" */
/** @import { Span, Trace } from "./types.d.ts" */
import { heading, outcomesOf } from "./annotations.js";
import { dot, el } from "./dom.js";
import { duration, timeOfDay } from "./format.js";
import { formatRoute } from "./route.js";
import { isUnmetCondition, statusOf } from "./status.js";
import { callerOf, rows } from "./tree.js";
import { label } from "./waterfall.js";

/**
 * @param {Trace} left
 * @param {Trace} right
 * @param {Route} route
 * @param {string} prefix what the reader knows of each name
 */
export function drawComparison(left, right, route, prefix) {
  const pairs = paired(left, right, prefix);
  const open = (/** @type {Trace} */ { id, start }) => el("th", { scope: "col", class: "number" },
    el("a", { href: formatRoute({ ...route, view: "trace", trace: id, other: "" }) }, timeOfDay(start)));
  return [el("section", { "data-key": "compare" },
    el("h2", {}, "Two traces", el("small", {}, "what both did stands in one line")),
    el("div", { class: "wide-table compare", role: "region", "aria-label": "Comparison", tabindex: 0 }, el("table", {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Part"), open(left), open(right), el("th", { scope: "col", class: "number" }, "Difference"))),
      el("tbody", {},
        el("tr", {}, el("td", {}, "trace"), ...[left, right].map(({ id }) => el("td", { class: "number mono" }, id)), el("td")),
        ...["in all", ...outcomeNames(left, right)].map((name) => name === "in all"
          ? line("in all", [left.duration, right.duration])
          : el("tr", {}, el("td", {}, heading(name)), ...[left, right].map((trace) => el("td", { class: "number" }, outcome(trace, name))), el("td"))),
        ...pairs.map(({ key, text, depth, spans }) => {
          const row = line(text, spans.map((span) => span && span.end !== null ? span.end - span.start : null), [left, right].map((trace, side) => statusIn(trace, spans[side])));
          row.dataset.key = key;
          row.style.setProperty("--depth", String(depth));
          return row;
        })))))];
}

/**
 * The parts of both traces in the order of the tree; the same part of both together.
 * @param {Trace} left
 * @param {Trace} right
 * @param {string} prefix
 */
function paired(left, right, prefix) {
  const [a, b] = [keyed(left.nodes, prefix), keyed(right.nodes, prefix)];
  const pairs = [...a].map(([key, one]) => ({ key, text: one.text, depth: one.depth, spans: [one.span, b.get(key)?.span] }));
  const known = new Map(pairs.map((pair, at) => [pair.key, at]));
  let place = 0;
  for (const [key, one] of b) {
    // What only the right one did stands behind what it did before.
    const at = known.get(key);
    if (at !== undefined) place = Math.max(place, pairs.findIndex((pair) => pair.key === key) + 1);
    else pairs.splice(place++, 0, { key, text: one.text, depth: one.depth, spans: [undefined, one.span] });
  }
  return pairs;
}

/**
 * Each span by the names on the way to it, and a number where there are several.
 * @param {Span[]} nodes
 * @param {string} prefix
 */
function keyed(nodes, prefix) {
  /** @type {Map<string, { span: Span, depth: number, text: string }>} */
  const found = new Map();
  /** @type {Map<Span | undefined, string>} */
  const keys = new Map([[undefined, ""]]);
  for (const { span, depth } of rows(nodes)) {
    const text = label(span, prefix), path = `${keys.get(callerOf(nodes, span)) ?? ""} > ${text}`;
    let key = path;
    for (let number = 2; found.has(key); number += 1) key = `${path} ${number}`;
    keys.set(span, key);
    found.set(key, { span, depth, text });
  }
  return found;
}

/**
 * @param {string} name
 * @param {(number | null | undefined)[]} seconds of the left and the right trace
 * @param {string[]} statuses
 */
function line(name, seconds, statuses = []) {
  const [left, right] = seconds;
  const known = typeof left === "number" && typeof right === "number";
  const difference = known ? signed(right - left) : left === right ? "" : typeof left === "number" ? "left only" : "right only";
  return el("tr", {}, el("td", { class: "part" }, name),
    ...seconds.map((each, side) => el("td", { class: "number" }, statuses[side] && statuses[side] !== "ok" ? dot(statuses[side] ?? "") : null, typeof each === "number" ? duration(each) : "–")),
    el("td", { class: "number" }, difference));
}

/**
 * What is nothing when it is rounded has no sign.
 * @param {number} seconds
 */
export function signed(seconds) {
  const size = duration(Math.abs(seconds));
  return size === duration(0) ? size : (seconds < 0 ? "−" : "+") + size;
}

/**
 * @param {Trace} trace
 * @param {Span | undefined} span
 */
function statusIn({ nodes }, span) {
  return !span || isUnmetCondition(span, callerOf(nodes, span)) ? "ok" : statusOf(span);
}

/** @param {Trace[]} traces */
function outcomeNames(...traces) {
  return [...new Set(traces.flatMap(({ nodes }) => outcomesOf(...nodes.map(({ annotations }) => annotations)).map(({ name }) => name)))];
}

/**
 * @param {Trace} trace
 * @param {string} wanted
 */
function outcome({ nodes }, wanted) {
  return outcomesOf(...nodes.map(({ annotations }) => annotations)).filter(({ name }) => name === wanted).map(({ value }) => value).join(", ");
}
