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
  // They came within the last minute, which says nothing of a shorter time.
  await page.goto(page.url().replace("#?", "#?minutes=60&"));
  await selected().getByText(/^2 calls, (2\.0|1\.\d) a minute$/).waitFor();
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

test("of lines that are close to each other, the nearest takes the click", async () => {
  await page.goto(local.console);
  await page.locator(".map a .reach").first().waitFor();
  // Points on each line that no node and no other line is on, with the line's key.
  const points = /** @type {{ key: string, x: number, y: number, crowded: boolean }[]} */ (await page.evaluate(`(() => {
    const reaches = [...document.querySelectorAll(".map .reach")], found = [];
    const near = (line, point, most) => {
      for (let at = 0; at < line.getTotalLength(); at += 1) {
        const { x, y } = line.getPointAtLength(at);
        if (Math.hypot(x - point.x, y - point.y) < most) return true;
      }
      return false;
    };
    for (const reach of reaches) for (const share of [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95]) {
      const point = reach.getPointAtLength(reach.getTotalLength() * share);
      const others = reaches.filter((other) => other !== reach && other.isPointInStroke(point));
      const { x, y } = new DOMPoint(point.x, point.y).matrixTransform(reach.getScreenCTM());
      if (others.some((other) => near(other, point, 3)) || document.elementsFromPoint(x, y)[0].closest("a")?.querySelector(".disc")) continue;
      found.push({ key: reach.closest("a").dataset.key, x, y, crowded: others.length > 0 });
    }
    return found;
  })()`));
  assert.ok(points.filter(({ crowded }) => crowded).length >= 3, JSON.stringify(points));
  for (const { key, x, y } of points) {
    await page.mouse.move(x, y);
    assert.equal(await page.evaluate(`document.elementFromPoint(${x}, ${y})?.closest("a")?.dataset.key`), key);
  }
  const crowded = points.findLast(({ crowded }) => crowded);
  assert.ok(crowded);
  await page.mouse.click(crowded.x, crowded.y);
  await page.locator(".map a[aria-current]").waitFor();
  assert.equal(await page.locator(".map a[aria-current]").getAttribute("data-key"), crowded.key);
});

test("the map says in words what it shows", async () => {
  await page.goto(local.console);
  const map = page.getByRole("group", { name: /^Map of \d+ nodes and \d+ kinds of calls, no faults/ });
  await map.waitFor();
  await map.getByRole("link", { name: /^order-service, Lambda::Function: \d+ in all, .* on average, \d+ errors, 0 faults$/ }).waitFor();
});
