// @ts-check
// Makes the README's pictures from the real page: `npm run pictures`.
import { fileURLToPath } from "node:url";
import { placeOrder, startBrowser, startLocal } from "./browser/world.js";

/** Where the pictures go. */
const DOCS = fileURLToPath(new URL("../../../docs/", import.meta.url));
/** One trace has all nodes of the map; a few make its numbers look like traffic. */
const ORDERS = 12;

const local = await startLocal();
const browser = await startBrowser();
try {
  const ids = [];
  for (let order = 0; order < ORDERS; order++) ids.push(await placeOrder(local));
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const name = (/** @type {string} */ picture) => `${DOCS}${picture}${colorScheme === "dark" ? "-dark" : ""}.png`;
    const page = await browser.newPage({ viewport: { width: 1280, height: 660 }, colorScheme });
    await page.goto(local.console);
    await page.locator("tr[data-key] .chip", { hasText: "confirmed" }).nth(ORDERS - 1).waitFor();
    await page.screenshot({ path: name("service-map") });
    await page.setViewportSize({ width: 1280, height: 1600 });
    await page.goto(`${local.console}#trace/${ids[0]}`);
    await page.locator(".waterfall summary", { hasText: "send_notification" }).first().waitFor();
    await page.locator('[data-key="events"] b', { hasText: "Notification Sent" }).waitFor();
    await page.screenshot({ path: name("trace") });
    await page.close();
  }
} finally {
  await browser.close();
  await local.stop();
}
