// @ts-check
// A node or an edge of the map: how often, how well, how fast, and why it failed.
/** @import { Route, Subject } from "./route.js" */
/** @import { SubjectAnswer } from "./types.d.ts" */
import { dot, el, svg } from "./dom.js";
import { expressionOf } from "./expression.js";
import { duration, withoutPrefix } from "./format.js";
import { formatRoute } from "./route.js";
import { STATUSES } from "./status.js";

/** The histogram's size. */
const WIDTH = 480, HEIGHT = 90;

/**
 * @param {SubjectAnswer} answer
 * @param {Subject} subject
 * @param {Route} route
 * @param {string} prefix what the reader knows of each name
 */
export function drawSubject(answer, subject, route, prefix) {
  const { count, seconds } = answer;
  const rate = count > 1 && seconds > 0 ? `, ${rateOf(count, seconds)}` : "";
  return el("section", { "data-key": "subject", "aria-label": "Selected on the map" },
    el("h2", {}, nameOf(subject, prefix), el("small", {}, (count === 1 ? "1 call" : `${count} calls`) + rate), el("a", { href: formatRoute({ ...route, subject: null }) }, "close")),
    el("p", { class: "counts" }, Object.entries(STATUSES).map(([status, meaning]) => counted(answer, status, meaning, subject, route)),
      tracesLink("all its traces", route, expressionOf(subject))),
    count ? latency(answer) : el("p", { class: "hint" }, "No call ended in this time."),
    causes(answer, route));
}

/**
 * @param {SubjectAnswer} answer
 * @param {string} status
 * @param {string} meaning
 * @param {Subject} subject
 * @param {Route} route
 */
function counted(answer, status, meaning, subject, route) {
  const number = Number(answer[/** @type {"ok"} */ (status)]);
  const share = answer.count ? ` (${Math.round(number / answer.count * 1000) / 10} %)` : "";
  const text = `${number} ${meaning}${number ? share : ""}`;
  return el("span", {}, dot(status), number ? tracesLink(text, route, expressionOf(subject, status)) : text);
}

/**
 * @param {string} text
 * @param {Route} route
 * @param {string} condition what is true of the traces, beside the filter that there is
 */
function tracesLink(text, route, condition) {
  const filter = route.filter.trim() ? `(${route.filter.trim()}) AND ${condition}` : condition;
  return el("a", { href: formatRoute({ ...route, view: "traces", filter, after: "", subject: null }) }, text);
}

/** @param {SubjectAnswer} answer */
function latency({ percentiles, histogram }) {
  const shown = percentiles.map(({ percent, time }) => `${percent === 100 ? "longest" : `p${percent}`} ${duration(time)}`);
  const most = Math.max(1, ...histogram.map(({ count }) => count)), step = WIDTH / Math.max(1, histogram.length);
  const bars = histogram.map(({ from, to, count }, number) => {
    const height = count ? Math.max(2, count / most * HEIGHT) : 0;
    return svg("rect", { x: number * step, y: HEIGHT - height, width: step - 1, height }, svg("title", {}, `${duration(from)} to ${duration(to)}: ${count}`));
  });
  const [first] = histogram, last = histogram.at(-1);
  return el("div", { class: "latency" },
    el("p", {}, shown.map((text) => el("span", {}, text))),
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "histogram", role: "img", "aria-label": `Histogram of latencies: ${shown.join(", ")}` }, ...bars),
    el("p", { class: "ends soft" }, el("span", {}, first ? duration(first.from) : ""), el("span", {}, last ? duration(last.to) : "")));
}

/**
 * @param {SubjectAnswer} answer
 * @param {Route} route
 */
function causes({ causes }, route) {
  if (!causes.length) return null;
  return el("table", { class: "causes" },
    el("thead", {}, el("tr", {}, ["Status", "Times", "Cause", "Newest"].map((text) => el("th", { scope: "col" }, text)))),
    el("tbody", {}, causes.map(({ cause, count, status, trace }) => el("tr", { "data-key": cause },
      el("td", {}, dot(status)), el("td", {}, String(count)), el("td", { class: "wide mono" }, cause),
      el("td", {}, el("a", { href: formatRoute({ ...route, view: "trace", trace }) }, "trace"))))));
}

/**
 * @param {Subject} subject
 * @param {string} prefix
 */
function nameOf({ name, type, callee, calleeType }, prefix) {
  const named = (/** @type {string} */ name, /** @type {string | undefined} */ type) =>
    type === "client" ? "client" : [withoutPrefix(name, prefix), type?.replace("AWS::", "")].filter(Boolean).join(" · ");
  return callee === undefined ? named(name, type) : `${named(name, type)} → ${named(callee, calleeType)}`;
}

/**
 * @param {number} count
 * @param {number} seconds
 */
export function rateOf(count, seconds) {
  const rate = count / seconds * 60;
  return rate < 0.1 ? `${digits(rate * 60)} an hour` : `${digits(rate)} a minute`;
}

/** @param {number} rate */
function digits(rate) {
  return rate.toFixed(rate >= 10 ? 0 : rate >= 1 ? 1 : 2);
}
