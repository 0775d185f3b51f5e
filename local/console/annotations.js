// @ts-check
// Which annotations say what a trace is about and how its business ended. The page knows no business:
// it goes by how annotations are named.
/** @import { Scalar } from "./types.d.ts" */

/** @typedef {Record<string, Scalar>} Annotations */

/** Names of what identifies something; those that AWS gives have a colon or a dot in them. */
const IDENTIFIER = /^\w+_id$/;
/** Names of how something ended. */
const OUTCOME = /^(\w+_)?(outcome|status|result|type)$/;
/** How many columns the list has unless the reader chooses. */
const COLUMNS = 2;
/** How many colours `style.css` has for values. */
const HUES = 6;

/**
 * The names of the annotations that distinguish these traces best, in alphabetical order.
 * @param {{ annotations?: Annotations }[]} traces
 */
export function columnsOf(traces) {
  /** @type {Map<string, Set<Scalar>>} */
  const values = new Map();
  for (const { annotations = {} } of traces) for (const [name, value] of Object.entries(annotations)) {
    if (!IDENTIFIER.test(name)) continue;
    values.set(name, (values.get(name) ?? new Set()).add(value));
  }
  const byVariety = [...values].sort(([a, as], [b, bs]) => bs.size - as.size || (a < b ? -1 : 1));
  return byVariety.slice(0, COLUMNS).map(([name]) => name).sort();
}

/** @typedef {{ name: string, value: string }} Fact */

/**
 * What the annotations of one trace say about how its business ended.
 * @param {(Annotations | undefined)[]} annotations
 */
export function outcomesOf(...annotations) {
  return distinct(annotations, OUTCOME);
}

/**
 * What the annotations of one trace say about what it concerns.
 * @param {(Annotations | undefined)[]} annotations
 */
export function identifiersOf(...annotations) {
  return distinct(annotations, IDENTIFIER);
}

/**
 * One of so many colours, the same one for the same value. It distinguishes values and says nothing of good or bad.
 * @param {string} value
 */
export function hue(value) {
  let hash = 0;
  for (const letter of value) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 997;
  return hash % HUES;
}

/**
 * @param {(Annotations | undefined)[]} annotations
 * @param {RegExp} named
 * @returns {Fact[]}
 */
function distinct(annotations, named) {
  /** @type {Map<string, Fact>} */
  const found = new Map();
  for (const each of annotations) for (const [name, value] of Object.entries(each ?? {})) {
    if (named.test(name)) found.set(`${name}=${value}`, { name, value: String(value) });
  }
  return [...found.values()];
}

/**
 * An annotation's name as a heading.
 * @param {string} name
 */
export function heading(name) {
  const words = name.replaceAll("_", " ");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
