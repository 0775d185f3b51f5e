// @ts-check
// The page with ten thousand traces, in a real browser: what works, what a poll costs, and that nothing stutters.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { putSegments, segmentOf, startBrowser, startLocal } from "./world.js";

/** @import { Browser, Page } from "playwright-core" */
/** @import { Local } from "./world.js" */

const TRACES = 10_000;
/** The most bytes that an answer may have when nothing changed, and when something did. */
const UNCHANGED = 20_000, CHANGED = 200_000;
/** The longest time in milliseconds that the page may be busy at once. It takes less than 50 on a machine that does nothing else. */
const BUSY = 250;
/** The share of a core that an idle page may take. */
const IDLE = 0.05;

/** @type {Local} */
let local;
/** @type {Browser} */
let browser;
/** @type {string[]} */
let ids;

before(async () => {
  local = await startLocal("--no-build", "--max-traces", String(TRACES + 10));
  browser = await startBrowser();
  const now = Date.now() / 1000;
  ids = await putSegments(local, Array.from({ length: TRACES }, (_, number) => order(number, now - 600 + 0.05 * number)));
});
after(async () => {
  await browser?.close();
  await local?.stop();
});

/**
 * A trace of an order: an entrance, a function, a call of a table. Every fiftieth fails.
 * @param {number} number
 * @param {number} start
 */
function order(number, start) {
  const at = { start_time: start, end_time: start + 0.01 + number % 97 / 1000 }, id = number.toString(16).padStart(14, "0");
  const fault = number % 50 === 0;
  const call = { id: id + "02", name: "DynamoDB", namespace: "aws", ...at, fault, aws: { operation: "PutItem", table_name: "orders" } };
  const handler = { id: id + "01", name: "process_order", ...at, annotations: { order_id: "ord_" + number, customer_id: "c" + number % 100, outcome: fault ? "failed" : "confirmed" }, subsegments: [call] };
  return segmentOf({
    id: id + "00", name: "shop/prod", origin: "AWS::ApiGateway::Stage", ...at, fault, subsegments: [handler],
    http: { request: { method: "POST", url: "https://shop.example/orders/c" + number % 100 }, response: { status: fault ? 503 : 201 } },
  });
}

/** A page that notes how long it was busy at once, and the size of each answer of `/console/state`. */
async function openPage() {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.addInitScript({ content: `
    globalThis.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, duration);
    }).observe({ type: "longtask", buffered: true });` });
  /** @type {{ status: number, size: number }[]} */
  const polls = [];
  page.on("requestfinished", async (request) => {
    if (!request.url().includes("/console/state")) return;
    const [response, sizes] = [await request.response(), await request.sizes()];
    polls.push({ status: response?.status() ?? 0, size: sizes.responseHeadersSize + sizes.responseBodySize });
  });
  return { page, polls };
}

/** @param {Page} page */
const longest = (page) => page.evaluate("globalThis.longest");

test("ten thousand traces are listed, filtered and opened", async () => {
  const { page, polls } = await openPage();
  await page.goto(local.console);
  await page.getByText(`${TRACES} in this time, newest first`).waitFor();
  await page.getByRole("group", { name: /^Map of / }).waitFor();
  await page.getByRole("link", { name: `all ${TRACES}` }).click();
  await page.getByText(`1 to 100 of ${TRACES}`).waitFor();
  await page.getByRole("link", { name: "older" }).click();
  await page.getByText(`101 to 200 of ${TRACES}`).waitFor();

  const box = page.getByLabel("filter traces");
  await box.fill("fault");
  await page.getByText(`1 to 100 of ${TRACES / 50}`).waitFor();
  await box.fill('annotation[order_id] = "ord_77"');
  const row = page.locator(`tr[data-key="${ids[77]}"]`);
  await row.waitFor();
  assert.equal(await page.locator("tr.open").count(), 1);
  await row.click();
  await page.locator(".waterfall summary", { hasText: "process_order" }).first().waitFor();

  assert.ok(polls.length >= 5 && polls.every(({ size }) => size <= CHANGED), JSON.stringify(polls));
  assert.ok(Number(await longest(page)) < BUSY, `busy for ${await longest(page)} ms at once`);
  await page.close();
});

test("a poll costs little, changed or not, and an idle page next to nothing", async (context) => {
  const { page, polls } = await openPage();
  await page.goto(local.console);
  await page.getByText(`${TRACES} in this time, newest first`).waitFor();
  await page.waitForResponse((response) => response.url().includes("/console/state") && response.status() === 304);

  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const busy = async () => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration")?.value ?? NaN;
  const [before, began] = [await busy(), performance.now()];
  for (let poll = 0; poll < 4; poll += 1) await page.waitForResponse((response) => response.url().includes("/console/state"));
  const share = 1000 * (await busy() - before) / (performance.now() - began);

  const [id] = await putSegments(local, [order(TRACES, Date.now() / 1000 - 1)]);
  await page.locator(`tr[data-key="${id}"]`).waitFor();
  const unchanged = polls.filter(({ status }) => status === 304), changed = polls.filter(({ status }) => status === 200);
  const largest = (/** @type {typeof polls} */ of) => Math.max(...of.map(({ size }) => size));
  context.diagnostic(`unchanged ${largest(unchanged)} bytes, changed ${largest(changed)} bytes, idle ${(100 * share).toFixed(1)} % of a core, busy for ${await longest(page)} ms at once`);
  assert.ok(unchanged.length >= 2 && largest(unchanged) <= UNCHANGED, JSON.stringify(polls));
  assert.ok(changed.length >= 2 && largest(changed) <= CHANGED, JSON.stringify(polls));
  assert.ok(share < IDLE, `${100 * share} % of a core`);
  assert.ok(Number(await longest(page)) < BUSY, `busy for ${await longest(page)} ms at once`);
  await page.close();
});
