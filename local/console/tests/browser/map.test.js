// @ts-check
// The nodes and edges of the map, in a real browser.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { placeOrder, startBrowser, startLocal } from "./world.js";

/** @import { Browser, Page } from "playwright-core" */
/** @import { Local } from "./world.js" */

/** @type {Local} */
let local;
/** @type {Browser} */
let browser;
/** @type {Page} */
let page;

before(async () => {
  local = await startLocal("--no-build");
  browser = await startBrowser();
  await placeOrder(local);
  await placeOrder(local, { quantity: -1 });
});
after(async () => {
  await browser?.close();
  await local?.stop();
});
beforeEach(async () => { page = await browser.newPage({ viewport: { width: 1280, height: 900 } }); });
afterEach(() => page.close());

const selected = () => page.getByRole("region", { name: "Selected on the map" });

test("a node says how often, how fast and why it failed, and leads to its traces", async () => {
  await page.goto(local.console);
  await page.getByRole("link", { name: /^prod, ApiGateway|^[^:]*ApiGateway::Stage:/ }).first().click();
  await selected().getByText("2 calls").waitFor();
  await selected().getByText(/^p99 [\d.]+ ms$/).waitFor();
  await selected().getByRole("img", { name: /^Histogram of latencies/ }).waitFor();
  await selected().locator("td.mono", { hasText: "answered with 422" }).waitFor();
  assert.match(page.url(), /name=.*type=/);
  await page.reload();
  await selected().getByRole("link", { name: /^1 error/ }).click();
  await page.waitForFunction("document.querySelectorAll('tr.open').length === 1");
  assert.match(await page.locator("tr.open").innerText(), /422/);
});

test("an edge says the same of the calls, at the keyboard too", async () => {
  await page.goto(local.console);
  const edge = page.getByRole("link", { name: /calls notification-service/ }).first();
  await edge.focus();
  await page.keyboard.press("Enter");
  await selected().locator("h2", { hasText: "→ notification-service" }).waitFor();
  await selected().getByRole("link", { name: "all its traces" }).click();
  await page.waitForFunction("document.querySelectorAll('tr.open').length === 1");
  assert.match(await page.getByLabel("filter traces").inputValue(), /^edge\(/);
});

test("the map says in words what it shows", async () => {
  await page.goto(local.console);
  const map = page.getByRole("group", { name: /^Map of \d+ nodes and \d+ kinds of calls, no faults/ });
  await map.waitFor();
  await map.getByRole("link", { name: /^order-service, Lambda::Function: \d+ in all, .* on average, \d+ errors, 0 faults$/ }).waitFor();
});
