// @ts-check
// Which traces the list shows.
/** @import { TraceRow } from "./types.d.ts" */

/**
 * The traces in which every word of `filter` occurs: in the id, the request, its status or an annotation.
 * @template {TraceRow} T
 * @param {T[]} traces
 * @param {string} filter
 */
export function filtered(traces, filter) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return traces;
  return traces.filter((trace) => {
    const text = searchable(trace).toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** @param {TraceRow} trace */
function searchable({ id, name, http, annotations = {}, ...flags }) {
  const pairs = Object.entries(annotations).map(([key, value]) => `${key}=${value}`);
  const raised = ["fault", "error", "throttle", "partial"].filter((flag) => /** @type {Record<string, unknown>} */ (flags)[flag]);
  return [id, name, http?.HttpMethod, http?.HttpURL, http?.HttpStatus, ...pairs, ...raised].join(" ");
}
