// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { filtered } from "../../filter.js";

/** @import { TraceRow } from "../../types.d.ts" */

/** @type {TraceRow[]} */
const traces = [
  { id: "1-a", start: 0, duration: 1, responseTime: 1, name: "demo/prod", http: { HttpMethod: "POST", HttpURL: "https://x/rides/7", HttpStatus: 201 }, annotations: { ride_id: "Ride_1", fare: 3 }, fault: false, error: false },
  { id: "1-b", start: 0, duration: 1, responseTime: 1, name: "demo/prod", http: { HttpStatus: 503 }, annotations: { ride_id: "Ride_2" }, fault: true, error: false },
  { id: "1-c", start: 0, duration: 1, responseTime: 1, name: null, http: null, partial: true },
];

test("every word of the filter has to occur", () => {
  for (const [filter, ids] of /** @type {[string, string[]][]} */ ([
    ["", ["1-a", "1-b", "1-c"]], ["  ", ["1-a", "1-b", "1-c"]],
    ["1-b", ["1-b"]], ["ride_id=ride", ["1-a", "1-b"]], ["POST /rides", ["1-a"]], ["fare=3", ["1-a"]],
    ["fault", ["1-b"]], ["FAULT 503", ["1-b"]], ["fault 201", []], ["partial", ["1-c"]], ["error", []], ["null", []], ["undefined", []],
  ])) assert.deepEqual(filtered(traces, filter).map(({ id }) => id), ids, filter);
});
