// @ts-check
// Why a span failed: its exceptions, each with what caused it.
/** @import { Exception, Span } from "./types.d.ts" */

/**
 * A span's exceptions, the outermost first, each followed by its cause. A span may point to an exception of another.
 * @param {Span} span
 * @param {Span[]} nodes
 * @returns {(Exception & { because: boolean })[]} `because` says that it caused the one before
 */
export function chain({ cause }, nodes) {
  const own = typeof cause === "string" ? nodes.flatMap(exceptionsOf).filter(({ id }) => id === cause) : cause?.exceptions ?? [];
  const caused = new Set(own.map(({ cause }) => cause).filter(Boolean));
  const byId = new Map(own.map((exception) => [exception.id, exception]));
  /** @type {Set<Exception>} */
  const found = new Set();
  /** @type {(Exception & { because: boolean })[]} */
  const ordered = [];
  const follow = (/** @type {Exception | undefined} */ exception, because = false) => {
    for (; exception && !found.has(exception); exception = exception.cause ? byId.get(exception.cause) : undefined, because = true) {
      found.add(exception);
      ordered.push({ ...exception, because });
    }
  };
  for (const exception of own) if (!exception.id || !caused.has(exception.id)) follow(exception);
  for (const exception of own) follow(exception); // Those that cause each other.
  return ordered;
}

/** @param {Span} span */
export function exceptionsOf({ cause }) {
  return typeof cause === "object" ? cause.exceptions ?? [] : [];
}
