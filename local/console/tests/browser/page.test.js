// @ts-check
// The page in a real browser, with real traces behind it.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import axe from "axe-core";
import { placeOrder, sendSegment, startBrowser, startLocal } from "./world.js";

/** @import { Browser, BrowserContext, Page } from "playwright-core" */
/** @import { Local } from "./world.js" */

/** @type {Local} */
let local;
/** @type {Browser} */
let browser;
/** @type {BrowserContext} */
let context;
/** @type {Page} */
let page;
/** @type {string[]} */
let exceptions;

before(async () => {
  local = await startLocal();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await local?.stop();
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  exceptions = [];
  page.on("pageerror", (error) => exceptions.push(String(error)));
  page.on("dialog", (dialog) => exceptions.push("dialog: " + dialog.message()));
});
afterEach(async () => {
  await context.close();
  assert.deepEqual(exceptions, []);
});

/** A node of the map, as a URL says it. */
const MAP_NODE = "#?name=distributed-tracing-demo-order-service&type=AWS%3A%3ALambda%3A%3AFunction";

/** @param {string} hash */
const open = (hash) => page.goto(local.console + hash);
/** @param {string} id */
const row = (id) => page.locator(`tr[data-key="${id}"]`);

test("a click on a trace shows its spans, events and log lines", async () => {
  const id = await placeOrder(local);
  await open("");
  await row(id).click();
  await page.waitForURL(new RegExp("#trace/" + id));
  await page.locator(".waterfall summary", { hasText: "send_notification" }).first().waitFor();
  await page.locator('[data-key="events"] b', { hasText: "Notification Sent" }).waitFor();
  await page.locator("td", { hasText: "order created" }).first().waitFor();
  await page.locator(".chip", { hasText: "confirmed" }).waitFor();
  await page.locator(".waterfall summary", { hasText: "process_order" }).first().click();
  await page.locator("dd:visible", { hasText: /^customer123$/ }).first().waitFor();
});

test("a faulty order shows where it failed, and what became of its event", async () => {
  const broken = await startLocal("--no-build", "--retry-delay", "0", "--bootstrap", "distributed-tracing-demo-payment-service=/bin/false");
  try {
    const id = await placeOrder(broken);
    await page.goto(broken.console);
    await row(id).getByRole("img", { name: "fault" }).waitFor();
    await page.locator('[data-key="dead-letters"] tr', { hasText: "trace" }).waitFor();
    await page.getByLabel("filter traces").fill('service("distributed-tracing-demo-payment-service") { fault }');
    await row(id).click();
    const why = page.locator('[data-key="why"]');
    await why.locator("li", { hasText: "dead letter in failed-invocations" }).waitFor();
    await why.locator("li", { hasText: "(3 times)" }).getByRole("button", { name: "payment-service · Init" }).click();
    await page.locator("dd.exception:visible").first().waitFor();
    assert.equal(await page.locator(".waterfall summary", { hasText: "process_order" }).getByRole("img").count(), 0);
  } finally {
    await broken.stop();
  }
});

test("an order that is asked for again is no error in the waterfall", async () => {
  const key = { "idempotency-key": "again" };
  await placeOrder(local, {}, key);
  const again = await placeOrder(local, {}, key);
  await open("#trace/" + again);
  const write = page.locator(".waterfall summary", { hasText: "TransactWriteItems · orders (condition not met)" });
  await write.waitFor();
  assert.equal(await write.getByRole("img").count(), 0);
  assert.equal(await write.locator(".span.error").count(), 0);
  await write.click();
  await page.locator("dt:visible", { hasText: "condition_met" }).waitFor();
});

test("annotations make columns and outcomes, whatever the business", async () => {
  const flags = { fault: false, error: false, partial: false };
  const ride = (/** @type {number} */ number, /** @type {string} */ outcome) => ({
    id: "ride" + number, start: 1_795_570_357 - number, duration: 1, responseTime: 1, name: "rides", http: null, ...flags,
    annotations: { ride_id: "R" + number, seats: 2, ride_outcome: outcome },
  });
  await page.route("**/console/state*", async (route) => {
    const state = await (await route.fetch()).json();
    await route.fulfill({ json: { ...state, traces: [ride(1, "arrived"), ride(2, "cancelled"), ride(3, "arrived")], traceCount: 3 } });
  });
  await open("#traces");
  assert.equal(await row("ride2").locator(".chip").innerText(), "cancelled");
  assert.deepEqual(await page.locator("thead th").allInnerTexts(), ["Status", "Began", "In all", "Request", "Ride id", "Outcome", "Answer"]);
});

test("where nothing happened, the page says what to try", async () => {
  await page.route("**/console/state*", async (route) => {
    const state = await (await route.fetch()).json();
    await route.fulfill({ json: { ...state, traces: [], traceCount: 0, services: [], testCommand: "curl -X POST <b>" } });
  });
  await open("");
  assert.equal(await page.locator(".hint pre").innerText(), "curl -X POST <b>");
});

test("texts in a trace never become markup", async () => {
  const hostile = `<img src=x onerror="alert('injected')"><b id=injected>`;
  const order = await placeOrder(local, { productId: hostile });
  const segment = await sendSegment(local, {
    // X-Ray takes no name with these signs in it.
    name: "hostile & co", fault: true, annotations: { order_id: hostile, outcome: hostile },
    http: { request: { method: hostile, url: "javascript:" + hostile } },
    cause: { working_directory: "", exceptions: [{ id: "0123456789abcdef", type: hostile, message: hostile }] },
  });
  for (const hash of ["", "#trace/" + order, "#trace/" + segment, "#trace/" + encodeURIComponent(hostile)]) {
    await open(hash);
    await page.locator("main section").first().waitFor();
    await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
    assert.equal(await page.locator("#injected, main img, main script").count(), 0, hash);
  }
  await open("#trace/" + segment);
  await page.locator("main section", { hasText: hostile }).first().waitFor();
  await page.locator(".waterfall .label", { hasText: "hostile & co" }).waitFor();
});

test("no name reverses what stands beside it", async () => {
  const hostile = "evil\u202egnp";
  const id = await sendSegment(local, {
    name: "reversal", annotations: { order_id: hostile, outcome: hostile }, http: { request: { method: "GET", url: "https://x.example/" + hostile }, response: { status: 200 } },
  });
  for (const hash of ["", "#trace/" + id]) {
    await open(hash);
    await page.locator("main", { hasText: "evil⟨U+202E⟩gnp" }).waitFor();
    assert.equal(await page.evaluate("document.documentElement.innerText.includes('\u202e') || document.querySelector('[title*=\"\u202e\"], [aria-label*=\"\u202e\"]') !== null"), false, hash);
  }
  await open("");
  await row(id).waitFor();
  const [request, status] = await page.evaluate(`(() => {
    const cell = document.querySelector('tr[data-key="${id}"] td.wide'), range = document.createRange();
    range.selectNodeContents(cell.firstChild);
    return [range.getBoundingClientRect().right, cell.querySelector("span").getBoundingClientRect().left];
  })()`);
  assert.ok(request <= status + 1, `${request} and ${status}`);
});

test("a refresh keeps focus, selection, scroll positions and what is open", async () => {
  const id = await placeOrder(local);
  await page.setViewportSize({ width: 900, height: 300 });
  await open("");
  const link = row(id).locator("a");
  await link.focus();
  await page.evaluate(`{
    const cell = document.querySelector('tr[data-key="${id}"] td.wide');
    getSelection().selectAllChildren(cell);
    document.querySelector(".map").scrollLeft = 40;
  }`);
  const before = await page.evaluate("[String(getSelection()), document.querySelector('.map').scrollLeft]");
  const next = await placeOrder(local);
  await row(next).waitFor();
  assert.deepEqual(await page.evaluate("[String(getSelection()), document.querySelector('.map').scrollLeft]"), before);
  assert.ok(await link.evaluate((element) => element === document.activeElement));
  assert.match(/** @type {string[]} */ (before)[0] ?? "", /POST/);
});

test("the URL keeps the range, the filter and the trace", async () => {
  const [first, second] = [await placeOrder(local), await placeOrder(local)];
  await open("");
  await row(second).waitFor();
  await page.getByLabel("last").selectOption("60");
  await page.getByLabel("filter traces").fill(first.toUpperCase());
  await row(second).waitFor({ state: "detached" });
  assert.equal(new URL(page.url()).hash, `#?minutes=60&filter=${first.toUpperCase()}`);

  await page.reload();
  await row(first).waitFor();
  assert.equal(await row(second).count(), 0);
  assert.equal(await page.getByLabel("last").inputValue(), "60");
  assert.equal(await page.getByLabel("filter traces").inputValue(), first.toUpperCase());

  await row(first).click();
  await page.locator("h2", { hasText: first }).waitFor();
  await page.reload();
  await page.locator("h2", { hasText: first }).waitFor();
  assert.equal(await page.getByLabel("last").inputValue(), "60");

  await page.goBack();
  await row(first).waitFor();
  assert.equal(await row(second).count(), 0);
});

test("an unknown trace is said to be unknown, and shown once it arrives", async () => {
  const known = await placeOrder(local);
  await open("#trace/" + known);
  await page.locator("h2", { hasText: known }).waitFor();
  await open("#trace/1-00000000-000000000000000000000000");
  await page.locator("p", { hasText: "There is no trace 1-00000000-000000000000000000000000 here." }).waitFor();
  assert.equal(await page.locator(".waterfall").count(), 0);

  const id = `1-${Math.floor(Date.now() / 1000).toString(16)}-0123456789abcdef01234567`;
  await open("#trace/" + id);
  await page.locator("h2", { hasText: "Unknown trace" }).waitFor();
  await sendSegment(local, { trace_id: id, name: "late" });
  await page.locator(".waterfall summary", { hasText: "late" }).waitFor();
});

test("the map fits its frame, and the waterfall's labels are whole", async () => {
  const id = await placeOrder(local);
  await open("#trace/" + id);
  await page.locator(".waterfall .label", { hasText: "send_notification" }).first().waitFor();
  for (const width of [400, 1280, 1920]) {
    await page.setViewportSize({ width, height: 900 });
    for (const selector of [".map", ".waterfall .label", "html"]) {
      const fits = `[...document.querySelectorAll("${selector}")].every((each) => each.scrollWidth <= each.clientWidth)`;
      await assert.doesNotReject(page.waitForFunction(fits, null, { timeout: 5000 }), `${selector} at ${width} px`);
    }
  }
});

for (const colorScheme of /** @type {const} */ (["light", "dark"])) for (const width of [400, 1280]) {
  test(`axe finds nothing to complain about, ${colorScheme}, ${width} px`, async () => {
    const id = await placeOrder(local);
    const refused = await placeOrder(local, { quantity: -1 });
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    for (const hash of ["", MAP_NODE, "#traces", "#traces?filter=fault+fault", "#events", "#logs", "#invocations", "#notifications", "#dead-letters", `#compare/${id}?with=${refused}`, "#trace/" + id, "#trace/" + refused, "#trace/unknown"]) {
      await page.goto("about:blank");
      await open(hash);
      await page.locator("main h2").first().waitFor();
      await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
      // The page's policy refuses scripts of others; evaluated in the debugger's name, this one may run.
      await page.evaluate(axe.source);
      const { violations } = /** @type {import("axe-core").AxeResults} */ (await page.evaluate("axe.run()"));
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => html + " " + failureSummary).slice(0, 3).join("; ")}`);
      assert.deepEqual(found, [], hash);
    }
  });
}

test("every call on the map is also in a table", async () => {
  await placeOrder(local);
  await open("");
  await page.getByText("the calls as a table").click();
  const table = page.getByRole("region", { name: "Calls" });
  await table.getByRole("row", { name: /^order-service · Lambda order-service · Lambda::Function/ }).waitFor();
  await page.waitForFunction('document.querySelectorAll(".map path.edge").length === document.querySelectorAll(".wide-table tbody tr").length');
});

test("a lost connection and an error in the page are distinguished", async () => {
  await open("");
  const live = page.locator("#live"), problem = page.locator("#problem");
  await live.filter({ hasText: /^live$/ }).waitFor();

  await page.route("**/console/state*", (route) => route.abort());
  await live.filter({ hasText: "connection lost" }).waitFor();
  assert.equal(await problem.isVisible(), false);

  await page.unroute("**/console/state*");
  await page.route("**/console/state*", (route) => route.fulfill({ status: 500, body: "out of order" }));
  await live.filter({ hasText: "500: out of order" }).waitFor();
  assert.equal(await problem.isVisible(), false);

  await page.unroute("**/console/state*");
  await page.route("**/console/state*", (route) => route.fulfill({ json: { traces: 7 } }));
  await problem.filter({ hasText: "TypeError" }).waitFor();
  await live.filter({ hasText: "error in this page" }).waitFor();

  await page.unroute("**/console/state*");
  await live.filter({ hasText: /^live$/ }).waitFor();
  await problem.waitFor({ state: "hidden" });
});
