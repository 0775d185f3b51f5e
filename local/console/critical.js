// @ts-check
// The critical path of a trace: the spans that its end waited for.
/** @import { Span } from "./types.d.ts" */
import { callerOf } from "./tree.js";

/** Clocks differ by so many seconds. */
const SLACK = 0.0005;

/**
 * The spans without which the trace would have ended earlier: backwards from its end, at each time the one that was
 * the last to end. What a span published counts as its child, however late it ends.
 * @param {Span[]} nodes
 * @returns {Set<Span>}
 */
export function criticalPath(nodes) {
  /** @type {Map<Span | undefined, Span[]>} */
  const children = new Map();
  for (const span of nodes) {
    if (span.kind === "inferred") continue;
    const caller = callerOf(nodes, span), siblings = children.get(caller);
    if (siblings) siblings.push(span);
    else children.set(caller, [span]);
  }
  const ends = latestEnds(children);
  const endOf = (/** @type {Span} */ span) => ends.get(span) ?? span.start;
  /** @type {Set<Span>} */
  const path = new Set();
  /** @type {[Span | undefined, number][]} */
  const open = [[undefined, Infinity]];
  for (let next = open.pop(); next; next = open.pop()) {
    let [span, until] = next;
    if (span) path.add(span);
    for (const child of (children.get(span) ?? []).toSorted((a, b) => endOf(b) - endOf(a))) {
      if (endOf(child) > until + SLACK) continue;
      open.push([child, endOf(child)]);
      until = child.start;
    }
  }
  return path;
}

/**
 * When each span and everything below it was over.
 * @param {Map<Span | undefined, Span[]>} children
 */
function latestEnds(children) {
  /** @type {Span[]} */
  const order = [...children.get(undefined) ?? []];
  for (let at = 0; at < order.length; at += 1) order.push(...children.get(order[at]) ?? []);
  /** @type {Map<Span, number>} */
  const ends = new Map();
  for (const span of order.reverse()) {
    const below = (children.get(span) ?? []).map((child) => ends.get(child) ?? child.start);
    ends.set(span, Math.max(span.end ?? span.start, ...below));
  }
  return ends;
}
