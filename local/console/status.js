// @ts-check
// How a request, or a part of it, went.
/** @import { Flags } from "./types.d.ts" */

/** What each status means, the good one first. */
export const STATUSES = { ok: "OK", error: "error (4xx)", throttle: "throttled (429)", fault: "fault (5xx)" };

/** @param {Flags} flags */
export function statusOf({ fault, throttle, error, partial }) {
  return fault ? "fault" : throttle ? "throttle" : error ? "error" : partial ? "partial" : "ok";
}
