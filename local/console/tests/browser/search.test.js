// @ts-check
// The search box, the pages of the list, and what a poll costs, in a real browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { local, open, page } from "./session.js";
import { placeOrder, putSegments } from "./world.js";

/** @param {string} id */
const row = (id) => page.locator(`tr[data-key="${id}"]`);

test("a filter expression finds traces, and its error is shown at its place", async () => {
  const [slow, quick] = await putSegments(local, [
    { name: "shop", start_time: Date.now() / 1000 - 5, annotations: { kind: "slow" } }, { name: "shop", annotations: { kind: "quick" } }]);
  assert.ok(slow && quick);
  await open("#traces");
  await row(quick).waitFor();
  const box = page.getByLabel("filter traces");
  await box.fill('annotation[kind] = "slow" AND duration > 3');
  await row(quick).waitFor({ state: "detached" });
  await row(slow).waitFor();
  assert.match(page.url(), /filter=annotation/);

  await box.fill('fault OR duration >> 3');
  await page.locator("#filter-error mark").waitFor();
  assert.equal(await page.locator("#filter-error code").innerText(), "fault OR duration >> 3");
  assert.equal(await page.locator("#filter-error mark").innerText(), ">");
  assert.equal(await box.getAttribute("aria-invalid"), "");
  await box.fill('annotation[kind] = "quick"');
  await row(quick).waitFor();
  assert.equal(await page.locator("#filter-error").innerText(), "");

  await page.reload();
  await row(quick).waitFor();
  assert.equal(await row(slow).count(), 0);
});

test("the box completes keywords and the annotations that there are", async () => {
  await putSegments(local, [{ name: "shop", annotations: { flavour: "mint" } }]);
  await open("#traces");
  await page.locator('#completions option[value="annotation[flavour] = "]').waitFor({ state: "attached" });
  await page.getByLabel("filter traces").fill("fault AND !thr");
  await page.locator('#completions option[value="fault AND !throttle"]').waitFor({ state: "attached" });
});

test("while a word is unfinished, what was found before stays", async () => {
  const [slow] = await putSegments(local, [{ name: "shop", annotations: { pace: "slow" } }]);
  for (const [hash, shown] of [["#traces", `tr[data-key="${slow}"]`], ["", ".map svg"]]) {
    await open(hash ?? "");
    const box = page.getByLabel("filter traces");
    await box.fill('annotation[pace] = "slow"');
    await page.getByText("1 match the filter").waitFor();
    await box.fill('annotation[pace] = "slow" AN');
    await page.locator("#filter-error mark").waitFor();
    await page.locator(".stale", { hasText: 'This is what annotation[pace] = "slow" found' }).waitFor();
    await page.getByText("1 match the filter").waitFor();
    await page.locator(shown ?? "").first().waitFor();
    await box.fill('annotation[pace] = "slow" AND ok');
    await page.locator(".stale").waitFor({ state: "detached" });
  }
  // Nothing was found before.
  await page.goto("about:blank");
  await open("#traces?filter=fault+AND+%3E");
  await page.locator("small", { hasText: "the filter has an error" }).waitFor();
  assert.equal(await page.locator(".stale").count(), 0);
});

test("a time range that is over is kept in the URL", async () => {
  const now = Date.now() / 1000;
  const [old, recent] = await putSegments(local, [{ name: "then", start_time: now - 1200, end_time: now - 1199 }, { name: "now" }]);
  assert.ok(old && recent);
  await open(`#traces?until=${Math.floor(now - 600)}&minutes=15`);
  await row(old).waitFor();
  assert.equal(await row(recent).count(), 0);
  await page.getByLabel("until").fill("");
  await row(recent).waitFor();
  assert.doesNotMatch(page.url(), /until/);
});

test("the list goes on", async () => {
  const now = Date.now() / 1000;
  const ids = await putSegments(local, Array.from({ length: 230 }, (_, number) => ({ name: "many", start_time: now - 300 + number, end_time: now - 299 + number })));
  await open("#traces?filter=" + encodeURIComponent('service("many")'));
  await page.getByText("1 to 100 of 230").waitFor();
  await page.getByRole("link", { name: "older" }).click();
  await page.getByText("101 to 200 of 230").waitFor();
  await page.getByRole("link", { name: "older" }).click();
  await page.getByText("201 to 230 of 230").waitFor();
  await row(ids[0] ?? "").waitFor();
  await page.getByRole("link", { name: "newer" }).click();
  await page.getByText("101 to 200 of 230").waitFor();
  await page.getByRole("link", { name: "older" }).click();
  await row(ids[0] ?? "").waitFor();
  // New traces do not move the page that somebody reads.
  await putSegments(local, [{ name: "many" }]);
  await page.getByText("202 to 231 of 231").waitFor();
  await row(ids[0] ?? "").waitFor();
  await page.getByRole("link", { name: "newest" }).click();
  await page.getByText("1 to 100 of 231").waitFor();
});

test("a poll of what did not change is not answered again", async () => {
  await placeOrder(local);
  await open("");
  await page.locator("#live", { hasText: "live" }).waitFor();
  const unchanged = await page.waitForResponse((response) => response.url().includes("/console/state") && response.status() === 304);
  const { responseHeadersSize, responseBodySize } = await unchanged.request().sizes();
  assert.ok(responseHeadersSize + responseBodySize < 1000, `${responseHeadersSize} + ${responseBodySize} bytes`);
  const next = await placeOrder(local);
  await row(next).waitFor();
});
