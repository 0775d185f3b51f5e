// @ts-check
// What most files of browser tests share: one `local`, one browser, and a fresh page for each test. The names are live:
// they are set before a test runs.
import { after, afterEach, before, beforeEach } from "node:test";
import { startBrowser, startLocal } from "./world.js";

/** @import { Browser, BrowserContext, Page } from "playwright-core" */
/** @import { Local } from "./world.js" */

/** @type {Local} */
export let local;
/** @type {Page} */
export let page;
/** @type {Browser} */
let browser;
/** @type {BrowserContext} */
let context;

before(async () => {
  local = await startLocal("--no-build");
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await local?.stop();
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, permissions: ["clipboard-read", "clipboard-write"] });
  page = await context.newPage();
});
afterEach(() => context.close());

/** @param {string} hash */
export const open = (hash) => page.goto(local.console + hash);
