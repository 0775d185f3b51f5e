// @ts-check
// What has to fit at common widths, in a real browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { placeOrder, startBrowser, startLocal } from "./world.js";

/** @import { Browser, Page } from "playwright-core" */
/** @import { Local } from "./world.js" */

/** @type {Local} */
let local;
/** @type {Browser} */
let browser;

before(async () => {
  local = await startLocal("--no-build");
  browser = await startBrowser();
  await placeOrder(local, { quantity: -1 });
});
after(async () => {
  await browser?.close();
  await local?.stop();
});

/**
 * A page whose state is changed before it arrives.
 * @param {number} width
 * @param {(state: any) => object} change
 * @param {string} hash
 */
async function open(width, change, hash = "") {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  await page.route("**/console/state*", async (route) => {
    const response = await route.fetch();
    if (response.status() !== 200) return route.fulfill({ response });
    await route.fulfill({ json: change(await response.json()) });
  });
  await page.goto(local.console + hash);
  await page.locator("main h2").first().waitFor();
  return page;
}

/**
 * Whether the texts of these elements are each on one line.
 * @param {Page} page
 * @param {string} selector
 */
function lines(page, selector) {
  return page.evaluate(`[...document.querySelectorAll(${JSON.stringify(selector)})].map((each) => {
    const range = document.createRange();
    range.selectNodeContents(each);
    return new Set([...range.getClientRects()].map(({ y }) => Math.round(y))).size;
  })`);
}

test("the header is in one line, whatever the counts, and ids are not broken", async () => {
  const trace = (/** @type {number} */ number) => ({
    id: "t" + number, start: 1_795_570_357, duration: 12.345, responseTime: 0.123, name: "shop", fault: false, error: false, partial: false,
    http: { HttpMethod: "POST", HttpURL: "https://shop.example/prod/orders/customer123", HttpStatus: 201 },
    annotations: { customer_id: "customer123", order_id: "ord_01a21ca4416a741ba76d15cfdb070a4" + number, outcome: "payment_failed" },
  });
  const page = await open(1280, (state) => ({ ...state, traces: [trace(1), trace(2)], traceCount: 2, notificationCount: 9999, deadLetterCount: 999 }), "#traces");
  await page.locator('tr[data-key="t2"]').waitFor();
  assert.deepEqual(await lines(page, "tbody .whole"), Array(8).fill(1));
  await page.locator("#live", { hasText: "live" }).waitFor();
  const [title, live] = [await page.locator("h1").boundingBox(), await page.locator("#live").boundingBox()];
  assert.ok(title && live && live.y < title.y + title.height, "on the line of the title");
  for (const width of [400, 700, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    assert.equal(await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), true, `${width} px`);
  }
  await page.close();
});

test("the causes of a node have headings at every width", async () => {
  for (const width of [400, 1280]) {
    const page = await open(width, (state) => state, "#?name=distributed-tracing-demo%2Fprod&type=AWS%3A%3AApiGateway%3A%3AStage");
    await page.locator("td", { hasText: "answered with 422" }).waitFor();
    for (const name of ["Status", "Times", "Cause", "Newest"]) assert.ok(await page.locator(".causes th", { hasText: name }).isVisible(), `${name} at ${width} px`);
    assert.equal(await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), true, `${width} px`);
    await page.close();
  }
});

test("every event has its time", async () => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const id = await placeOrder(local);
  for (const hash of ["#events", "#trace/" + id]) {
    await page.goto(local.console + hash);
    await page.locator('[data-key="events"] tr', { hasText: "Order Created" }).locator("td.time", { hasText: /^\d\d:\d\d:\d\d\.\d{3}$/ }).waitFor();
  }
  await page.close();
});
