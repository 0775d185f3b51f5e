// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { rateOf } from "../../subject.js";

test("a rate is said in the unit in which it can be read", () => {
  for (const [count, seconds, expected] of /** @type {[number, number, string][]} */ ([
    [5, 3600, "5.0 an hour"], [90, 3600, "1.5 a minute"], [12, 3600, "0.20 a minute"], [6000, 60, "6000 a minute"], [2, 86400, "0.08 an hour"],
  ])) assert.equal(rateOf(count, seconds), expected);
});
