// @ts-check
// The lists of events, log lines, invocations and notifications, in a real browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { local, open, page } from "./session.js";
import { placeOrder, publishUntraced, putEvents } from "./world.js";

/** @param {string} name */
const follow = (name) => page.getByRole("link", { name, exact: true }).click();
/** @param {string} text */
const firstRow = (text) => page.locator("tbody tr:first-child b", { hasText: new RegExp(`^${text}$`) });

test("a list goes on, and back again", async () => {
  await putEvents(local, 230);
  await open("#events");
  await page.getByText("put on a bus, with a trace and without; 230 in this time, newest first").waitFor();
  await page.getByText("1 to 100 of 230").waitFor();
  await firstRow("Event 230").waitFor();
  await follow("older");
  await firstRow("Event 130").waitFor();
  await follow("older");
  await page.getByText("201 to 230 of 230").waitFor();
  await page.reload();
  await firstRow("Event 30").waitFor();
  // New events do not move the page that somebody reads.
  await putEvents(local, 1);
  await page.getByText("202 to 231 of 231").waitFor();
  await firstRow("Event 30").waitFor();
  const unchanged = await page.waitForResponse((response) => response.url().includes("/console/state") && response.status() === 304);
  const { responseHeadersSize, responseBodySize } = await unchanged.request().sizes();
  assert.ok(responseHeadersSize + responseBodySize < 1000, `${responseHeadersSize} + ${responseBodySize} bytes`);
  await follow("newer");
  await firstRow("Event 130").waitFor();
  await follow("newest");
  await page.getByText("1 to 100 of 231").waitFor();
});

test("every list shows what happened in the chosen time", async () => {
  await placeOrder(local);
  await publishUntraced(local, "hello");
  const before = Math.floor(Date.now() / 1000) - 3600;
  for (const view of ["events", "logs", "invocations", "notifications"]) {
    await open("#" + view);
    await page.locator("tbody tr").first().waitFor();
    await open(`#${view}?until=${before}`);
    await page.getByText(/; 0 in this time of \d+, newest first/).waitFor();
    assert.equal(await page.locator("tbody tr").count(), 0, view);
  }
});
