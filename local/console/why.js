// @ts-check
// What went wrong in a trace, and where: the first thing that its reader wants to know.
/** @import { Span, Trace } from "./types.d.ts" */
import { dot, el } from "./dom.js";
import { withoutPrefix } from "./format.js";
import { chain } from "./exceptions.js";
import { isUnmetCondition, statusOf } from "./status.js";
import { callerOf } from "./tree.js";
import { label } from "./waterfall.js";

/**
 * The list of what went wrong; nothing where nothing did.
 * @param {Trace} trace
 * @param {string} prefix what the reader knows of each name
 */
export function drawWhy(trace, prefix) {
  const spans = once(culprits(trace.nodes).map((span) => ({ span, where: place(trace.nodes, span, prefix), why: reason(span, trace.nodes) })));
  const lines = trace.logs.filter((line) => line.level === "ERROR");
  const items = [
    ...spans.map(({ span, where, why, times }) => el("li", { "data-key": span.id },
      dot(statusOf(span)), el("button", { type: "button", "data-opens": span.id }, where), times > 1 && ` (${times} times)`, reasoned(why))),
    ...trace.deadLetters.map((letter) => el("li", { "data-key": letter.id },
      dot("fault"), "dead letter in ", withoutPrefix(letter.queue, prefix), reasoned(letter.reason))),
    ...lines.map((line) => el("li", {},
      dot("fault"), "log of ", withoutPrefix(line.function, prefix), reasoned(line.message), el("span", { class: "soft" }, " " + line.fields))),
  ];
  return items.length ? [el("div", { "data-key": "why", class: "why" }, el("h3", {}, "What went wrong"), el("ul", {}, items))] : [];
}

/**
 * Where the failure began: the spans that failed without a failed span among those that they waited for, the earliest first.
 * @param {Span[]} nodes
 */
export function culprits(nodes) {
  const failed = nodes.filter((span) => span.kind !== "inferred"
    && (span.fault || span.error || span.throttle) && !isUnmetCondition(span, callerOf(nodes, span)));
  /** @type {Set<Span>} */
  const passedOn = new Set();
  for (const span of failed) {
    for (let caller = callerOf(nodes, span); caller && waited(caller, span); caller = callerOf(nodes, caller)) passedOn.add(caller);
  }
  return failed.filter((span) => !passedOn.has(span)).sort((a, b) => a.start - b.start);
}

/**
 * Whether a span lasted as long as what it called, as it does not where it only published an event.
 * @param {Span} caller
 * @param {Span} callee
 */
function waited(caller, callee) {
  return caller.end === null || callee.end === null || caller.end >= callee.end;
}

/**
 * A span's causes, the outermost first, each once; else its HTTP status.
 * @param {Span} span
 * @param {Span[]} nodes
 */
export function reason(span, nodes = []) {
  const { http } = span;
  const messages = chain(span, nodes).map(({ type, message }) => message || type).filter(Boolean);
  if (messages.length) return [...new Set(messages)].join(": ");
  return http?.response?.status ? `answered with ${http.response.status}` : "no cause given";
}

/**
 * A span's name, after that of the segment that it is part of.
 * @param {Span[]} nodes
 * @param {Span} span
 * @param {string} prefix
 */
function place(nodes, span, prefix) {
  let segment = /** @type {Span | undefined} */ (span);
  while (segment && segment.kind !== "segment") segment = callerOf(nodes, segment);
  const name = withoutPrefix(segment?.name ?? "", prefix);
  return segment === span || !name ? label(span, prefix) : `${name} · ${label(span, prefix)}`;
}

/**
 * Retries often fail alike: what failed in the same place for the same reason is listed once.
 * @template {{ where: string, why: string }} T
 * @param {T[]} failures
 * @returns {(T & { times: number })[]}
 */
function once(failures) {
  /** @type {Map<string, T & { times: number }>} */
  const found = new Map();
  for (const failure of failures) {
    const key = failure.where + "\n" + failure.why;
    const same = found.get(key);
    if (same) same.times += 1;
    else found.set(key, { ...failure, times: 1 });
  }
  return [...found.values()];
}

/** @param {string} text */
function reasoned(text) {
  return el("span", { class: "reason" }, " " + text);
}
