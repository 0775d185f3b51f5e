// @ts-check
// One trace, two traces, and traces that come and go as files, in a real browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { local, open, page } from "./session.js";
import { placeOrder, publishUntraced, putSegments, segmentOf, startLocal, traceInTerminal, withPanickingFunction } from "./world.js";

/** @param {string} text */
const line = (text) => page.locator(".waterfall .row", { has: page.locator("summary", { hasText: text }) });

test("a segment is folded, at the keyboard too", async () => {
  await open("#trace/" + await placeOrder(local));
  const order = line("order-service · Lambda::Function").first(), handler = line("process_order");
  await handler.first().waitFor();
  await order.getByRole("button", { name: /^what / }).click();
  await handler.waitFor({ state: "detached" });
  await page.reload();
  await handler.first().waitFor();
  await order.locator("summary").focus();
  await page.keyboard.press("ArrowLeft");
  await handler.waitFor({ state: "detached" });
  await page.keyboard.press("ArrowRight");
  await handler.first().waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.evaluate("document.activeElement.parentElement.open"), true);
});

test("log lines and events stand at the span where they happened", async () => {
  await open("#trace/" + await placeOrder(local));
  const publish = line("Events · PutEvents").first();
  await publish.locator("summary").click();
  await publish.locator("dd b", { hasText: "Order Created" }).waitFor();
  // Of the events, one is called `Order Created`; of the lines, one says so.
  const said = page.locator("dd.mono", { hasText: /INFO order created/ });
  const span = page.locator(".waterfall .row", { has: said }).filter({ hasText: /\d lines?/ }).first();
  await span.locator(said).waitFor({ state: "attached" });
  // The line may stand at the span that is open already.
  if (!await span.locator(said).isVisible()) await span.locator("summary").click();
  await span.locator(said).waitFor();
  // More than three, once the whole trace is there.
  await page.locator(".waterfall .span.critical").nth(3).waitFor();
});

test("an exception shows what caused it, its failure is a key away, and ids can be copied", async () => {
  const exceptions = [{ id: "0123456789abcdef", cause: "0123456789abcdee", type: "Outer", message: "could not pay" }, { id: "0123456789abcdee", type: "Inner", message: "no route", stack: [{ path: "pay.rs", line: 7, label: "pay" }] }];
  const [id] = await putSegments(local, [{ name: "shop", fault: true, cause: { working_directory: "/", exceptions } }]);
  await open("#trace/" + id);
  await line("shop").waitFor();
  await page.keyboard.press("e");
  assert.equal(await page.evaluate("document.activeElement.parentElement.hasAttribute('data-failed')"), true);
  await page.keyboard.press("Enter");
  const terms = await page.locator("dt.exception").allInnerTexts();
  assert.deepEqual(terms, ["Outer", "caused by Inner"]);
  await page.locator("dd", { hasText: "at pay (pay.rs:7)" }).waitFor();
  await page.locator("h2").getByRole("button", { name: "copy" }).click();
  await page.locator("h2", { hasText: "copied" }).waitFor();
  assert.equal(await page.evaluate("navigator.clipboard.readText()"), id);
});

test("a crash is explained once, with the panic", () => withPanickingFunction(async (executable) => {
  const broken = await startLocal("--no-build", "--retry-delay", "0", "--bootstrap", "distributed-tracing-demo-payment-service=" + executable);
  try {
    await page.goto(`${broken.console}#trace/${await placeOrder(broken)}`);
    const why = page.locator('[data-key="why"]');
    await why.locator("li", { hasText: "(3 times)" }).locator(".words", { hasText: "panicked at src/main.rs:7:5:\nout of paper" }).waitFor();
    await why.locator("li", { hasText: /^dead letter in failed-invocations\s*$/ }).waitFor();
    await why.locator("li", { hasText: "gave up after 3 attempts" }).waitFor();
    assert.equal((await why.innerText()).match(/Runtime exited/g)?.length, 1);
    assert.equal((await why.innerText()).match(/out of paper/g)?.length, 1);

    const lines = await page.locator('[data-key="logs"] td.wide').allInnerTexts();
    const story = lines.map((text) => /out of paper|Runtime exited/.exec(text)?.[0]).filter(Boolean);
    assert.deepEqual(story, Array(3).fill(["out of paper", "Runtime exited"]).flat());
  } finally {
    await broken.stop();
  }
}));

test("each failure is one stop of the key e", () => withPanickingFunction(async (executable) => {
  const broken = await startLocal("--no-build", "--retry-delay", "0", "--bootstrap", "distributed-tracing-demo-payment-service=" + executable);
  try {
    await page.goto(`${broken.console}#trace/${await placeOrder(broken)}`);
    await page.locator('[data-key="why"] li', { hasText: "(3 times)" }).waitFor();
    /** @type {string[]} */
    const stops = [];
    for (let press = 0; press < 4; press += 1) {
      await page.keyboard.press("e");
      stops.push(String(await page.evaluate("document.activeElement.parentElement.dataset.span")));
    }
    assert.equal(new Set(stops).size, 3);
    assert.equal(stops[3], stops[0]);
    // What is folded is a stop at what hides it.
    await line("payment-service · Lambda").first().getByRole("button", { name: /^what / }).click();
    await page.keyboard.press("e");
    assert.match(String(await page.evaluate("document.activeElement.innerText")), /^payment-service · Lambda/);
  } finally {
    await broken.stop();
  }
}));

test("linked traces lead to each other", async () => {
  const [first] = await putSegments(local, [{ name: "published" }]);
  const [second] = await putSegments(local, [{ name: "replayed", metadata: { default: { published_in_trace: first } } }]);
  await open("#trace/" + second);
  await page.locator("p", { hasText: "Published in trace" }).getByRole("link").click();
  await page.locator("h2", { hasText: first ?? "" }).waitFor();
  await page.locator("p", { hasText: "Linked from" }).getByRole("link").click();
  await page.locator("h2", { hasText: second ?? "" }).waitFor();
});

test("the terminal shows the same trace, a line for each span", async () => {
  const id = await placeOrder(local);
  await open("#trace/" + id);
  await line("send_notification").first().waitFor();
  const lines = await traceInTerminal(local, id);
  for (const span of ["process_order", "process_payment", "send_notification"]) assert.ok(lines.some((each) => each.includes(span)), lines.join("\n"));
  assert.equal(JSON.parse((await traceInTerminal(local, id, "--json")).join("\n")).Traces[0].Id, id);
});

test("two traces stand side by side", async () => {
  const now = Date.now() / 1000;
  const shop = (/** @type {number} */ took, /** @type {string} */ part) => {
    const subsegments = [{ id: "000000000000000" + part.length, name: part, start_time: now - 9, end_time: now - 8 }];
    return { name: "comparable", start_time: now - 10, end_time: now - 10 + took, subsegments };
  };
  const [slow, quick] = await putSegments(local, [shop(4, "bake"), shop(2, "steam")]);
  await open("#trace/" + slow);
  await page.getByRole("link", { name: "compare with another" }).click();
  await page.locator(`tr[data-key="${quick}"]`).click();
  await page.waitForURL(new RegExp(`#compare/${quick}\\?with=${slow}`));
  const cells = (/** @type {string} */ name) => page.locator(".compare tr", { hasText: name }).locator("td").allInnerTexts();
  await page.getByRole("heading", { name: "Two traces" }).waitFor();
  assert.deepEqual(await cells("comparable"), ["comparable · segment", "4000 ms", "2000 ms", "−2000 ms"]);
  assert.deepEqual(await cells("bake"), ["bake", "1000 ms", "–", "left only"]);
  assert.deepEqual(await cells("steam"), ["steam", "–", "1000 ms", "right only"]);
});

test("a trace goes out as a file, and comes in where it is dropped", async () => {
  const [id] = await putSegments(local, [{ name: "travels" }]);
  await open("#trace/" + id);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "export" }).click();
  const file = readFileSync(await (await download).path(), "utf8");
  assert.equal(JSON.parse(file).Traces[0].Id, id);

  const other = await startLocal("--no-build");
  try {
    await page.goto(other.console);
    await drop(file);
    await page.locator("h2", { hasText: id ?? "" }).waitFor();
    await line("travels").waitFor();
    await drop("nothing of ours");
    await page.locator("#notice", { hasText: "the file is not JSON" }).waitFor();
    // The same at the keyboard, from the list and from a trace.
    for (const hash of ["#traces", "#trace/" + id]) {
      const name = `chosen at ${hash.slice(0, 7)}`, chosen = segmentOf({ name });
      await page.goto(other.console + hash);
      const chooser = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: "import a trace" }).press("Enter");
      await (await chooser).setFiles({ name: "trace.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(chosen)) });
      await page.locator("h2", { hasText: chosen.trace_id }).waitFor();
    }
    await drop(JSON.stringify(segmentOf({ name: "travels", start_time: "yesterday" })));
    await page.locator("#notice", { hasText: "not imported" }).waitFor();
  } finally {
    await other.stop();
  }
});

test("what is not traced is listed, and leads nowhere", async () => {
  await placeOrder(local);
  await publishUntraced(local, "hello without a trace");
  await open("#notifications");
  const untraced = page.locator("tr", { hasText: "hello without a trace" });
  await untraced.getByText("not traced").waitFor();
  assert.equal(await untraced.getByRole("link").count(), 0);
  for (const [view, text] of [["events", "Order Created"], ["logs", "order created"], ["invocations", "order-service"]]) {
    await open("#" + view);
    await page.locator("tr", { hasText: text ?? "" }).first().getByRole("link", { name: "trace" }).click();
    await page.locator(".waterfall .row").first().waitFor();
  }
});

/**
 * Drops a file on the page.
 * @param {string} text
 */
async function drop(text) {
  await page.evaluate((text) => {
    const files = new DataTransfer();
    files.items.add(new File([text], "trace.json", { type: "application/json" }));
    document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: files }));
  }, text);
}

test("a call that was tried again says so", async () => {
  const call = { id: "00000000000000c1", name: "DynamoDB", namespace: "aws", start_time: Date.now() / 1000 - 1, end_time: Date.now() / 1000, aws: { operation: "GetItem" } };
  const [id] = await putSegments(local, [{ name: "shop", subsegments: [
    { ...call, metadata: { retries: 2 } },
    { ...call, id: "00000000000000c2", aws: { operation: "PutItem" }, metadata: { default: { retries: 1 } } },
    { ...call, id: "00000000000000c3", aws: { operation: "Query" }, metadata: { retries: 0 } },
  ] }]);
  await open("#trace/" + id);
  await line("GetItem (2 retries)").waitFor();
  await line("PutItem (1 retry)").waitFor();
  assert.equal(await line("Query").locator("summary", { hasText: "retr" }).count(), 0);
});
