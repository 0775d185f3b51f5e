// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsOf, heading, hue, identifiersOf, outcomesOf } from "../../annotations.js";

test("columns are the identifiers that distinguish the traces", () => {
  /** @type {{ annotations?: Record<string, string | number | boolean> }[]} */
  const rides = [
    { annotations: { ride_id: "r1", driver_id: "d1", city_id: "x", fare: 3, cold_start: true } },
    { annotations: { ride_id: "r2", driver_id: "d1", city_id: "x", "aws:api_id": "a" } },
    { annotations: { ride_id: "r3", driver_id: "d2", "aws:api_id": "b" } },
    { annotations: { "aws:api_id": "c" } },
    {},
  ];
  assert.deepEqual(columnsOf(rides), ["driver_id", "ride_id"]);
  assert.deepEqual(columnsOf([]), []);
});

test("outcomes are known by their names", () => {
  assert.deepEqual(outcomesOf({ notification_type: "sent", ride_outcome: "done", status: 3, type_of_car: "x", prototype: "x" }), [
    { name: "notification_type", value: "sent" }, { name: "ride_outcome", value: "done" }, { name: "status", value: "3" },
  ]);
  assert.deepEqual(outcomesOf(undefined), []);
});

test("what several parts of a trace say alike is said once", () => {
  assert.deepEqual(identifiersOf({ ride_id: "r1", seats: 2 }, undefined, { ride_id: "r1" }, { ride_id: "r2" }), [
    { name: "ride_id", value: "r1" }, { name: "ride_id", value: "r2" },
  ]);
});

test("a value has one colour", () => {
  for (const value of ["", "confirmed", "payment_failed", "ü😀"]) assert.ok(Number.isInteger(hue(value)) && hue(value) >= 0 && hue(value) < 6, value);
  assert.equal(hue("confirmed"), hue("confirmed"));
  assert.notEqual(hue("confirmed"), hue("payment_failed"));
});

test("names make headings", () => {
  assert.equal(heading("ride_id"), "Ride id");
});
