// @ts-check
// Which annotations say what a trace is about and how its business ended. The page knows no business:
// it goes by how annotations are named.
/** @import { Scalar } from "./types.d.ts" */

/** @typedef {Record<string, Scalar>} Annotations */

/** Names of what identifies something. */
const IDENTIFIER = /_id$/;
/** Names of how something ended. */
const OUTCOME = /(^|_)(outcome|status|result|type)$/;
/** How many columns the list has unless the reader chooses. */
const COLUMNS = 2;

/**
 * The names of the annotations that tell these traces apart best, in alphabetical order.
 * @param {{ annotations?: Annotations }[]} traces
 */
export function columnsOf(traces) {
  /** @type {Map<string, Set<Scalar>>} */
  const values = new Map();
  for (const { annotations = {} } of traces) for (const [name, value] of Object.entries(annotations)) {
    if (!IDENTIFIER.test(name)) continue;
    values.set(name, (values.get(name) ?? new Set()).add(value));
  }
  const distinct = [...values].sort(([a, as], [b, bs]) => bs.size - as.size || (a < b ? -1 : 1));
  return distinct.slice(0, COLUMNS).map(([name]) => name).sort();
}

/**
 * How the business ended, by the annotations that say so.
 * @param {Annotations} annotations
 */
export function outcomesOf(annotations = {}) {
  return Object.entries(annotations)
    .filter(([name]) => OUTCOME.test(name))
    .map(([name, value]) => ({ name, value: String(value) }));
}

/**
 * An annotation's name as a heading.
 * @param {string} name
 */
export function heading(name) {
  const words = name.replaceAll("_", " ");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
