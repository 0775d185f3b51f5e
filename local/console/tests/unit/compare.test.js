// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { signed } from "../../compare.js";

test("a difference has a sign unless it is rounded to nothing", () => {
  for (const [seconds, text] of /** @type {[number, string][]} */ ([
    [0.012_34, "+12.3 ms"], [-0.5, "−500 ms"], [0, "0.00 ms"], [-0.000_000_1, "0.00 ms"], [0.000_004, "0.00 ms"], [0.000_04, "+0.04 ms"],
  ])) assert.equal(signed(seconds), text);
});
