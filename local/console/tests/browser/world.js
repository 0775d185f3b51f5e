// @ts-check
// A running `cargo local` and a browser that looks at its page.
import { execFile, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

/** The root of the workspace. */
const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
/** How long `cargo local` may take, a build from nothing included. */
const START = 20 * 60_000;
/** What Chromium is called in different systems. */
const BROWSERS = ["chromium", "chromium-browser", "google-chrome"];
/** What keeps Chromium from talking to anybody but the page. */
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** What says that no web page sends a request. The signature itself is not checked. */
const SIGNED = { authorization: "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/xray/aws4_request, SignedHeaders=host, Signature=0" };

/** @typedef {Awaited<ReturnType<typeof startLocal>>} Local */

/**
 * Starts `cargo local` on free ports.
 * @param {string[]} options
 */
export async function startLocal(...options) {
  const folder = mkdtempSync(path.join(tmpdir(), "console-"));
  const readyFile = path.join(folder, "ready.json");
  const child = spawn("cargo", ["local", "--api-port", "0", "--aws-port", "0", "--xray-port", "0", "--ready-file", readyFile, ...options], { cwd: ROOT });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => { output += text; });
  const exit = new Promise((resolve) => child.on("exit", resolve));
  const stop = async () => {
    child.kill("SIGINT");
    await exit;
    rmSync(folder, { recursive: true });
  };
  const deadline = Date.now() + START;
  while (!existsSync(readyFile)) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error("`cargo local` did not start:\n" + output);
    }
    await pause(50);
  }
  /** @type {{ api: string, console: string, xray: string }} */
  const ready = JSON.parse(readFileSync(readyFile, "utf8"));
  return { ...ready, stop };
}

/**
 * The lines of `cargo local trace`.
 * @param {Local} local
 * @param {string} id
 * @param {string[]} options
 */
export async function traceInTerminal(local, id, ...options) {
  const run = promisify(execFile)("cargo", ["local", "trace", id, "--endpoint-url", local.console, ...options], { cwd: ROOT });
  return (await run).stdout.trimEnd().split("\n");
}

/**
 * Calls `use` with the path of a function that panics before it is ready.
 * @param {(executable: string) => Promise<void>} use
 */
export async function withPanickingFunction(use) {
  const folder = mkdtempSync(path.join(tmpdir(), "console-")), executable = path.join(folder, "panics");
  try {
    writeFileSync(executable, "#!/bin/sh\nprintf \"thread 'main' panicked at src/main.rs:7:5:\\nout of paper\\n\" >&2\nexit 101\n", { mode: 0o755 });
    await use(executable);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Starts a browser with a profile of its own. */
export async function startBrowser() {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const known = BROWSERS.flatMap((name) => folders.map((folder) => path.join(folder, name)));
  const executablePath = process.env.CHROMIUM ?? known.find((each) => existsSync(each));
  if (!executablePath) throw new Error("no Chromium here\n\nhint: install the package `chromium`, or set CHROMIUM to its path");
  return chromium.launch({ executablePath, args: QUIET });
}

/**
 * Places an order and returns the id of its trace.
 * @param {Local} local
 * @param {object} order
 * @param {Record<string, string>} headers
 */
export async function placeOrder(local, order = {}, headers = {}) {
  const response = await fetch(local.api + "/orders/customer123", {
    method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(order),
  });
  const trace = /Root=([^;]+)/.exec(response.headers.get("x-amzn-trace-id") ?? "")?.[1];
  if (!trace) throw new Error(`an order was answered with ${response.status}, without a trace: ${await response.text()}`);
  return trace;
}

/**
 * Sends a segment as the X-Ray daemon receives it, and returns the id of its trace.
 * @param {Local} local
 * @param {object} segment
 */
export async function sendSegment(local, segment) {
  const document = segmentOf(segment);
  const [host, port] = local.xray.split(":");
  const socket = createSocket("udp4");
  await new Promise((resolve, reject) => socket.send(
    `{"format":"json","version":1}\n${JSON.stringify(document)}`, Number(port), host, (error) => error ? reject(error) : resolve(undefined)));
  socket.close();
  return document.trace_id;
}

/**
 * Puts segments as an AWS client does, and returns the ids of their traces.
 * @param {Local} local
 * @param {object[]} segments
 */
export async function putSegments(local, segments) {
  const documents = segments.map(segmentOf);
  for (let at = 0; at < documents.length; at += 500) {
    const TraceSegmentDocuments = documents.slice(at, at + 500).map((document) => JSON.stringify(document));
    const response = await fetch(local.console + "TraceSegments", { method: "POST", headers: SIGNED, body: JSON.stringify({ TraceSegmentDocuments }) });
    const { UnprocessedTraceSegments: rejected = [response.status] } = /** @type {any} */ (await response.json());
    if (rejected.length) throw new Error(`rejected: ${JSON.stringify(rejected[0])}`);
  }
  return documents.map(({ trace_id }) => trace_id);
}

/**
 * Publishes a notification in a trace that is not sampled.
 * @param {Local} local
 * @param {string} message
 */
export async function publishUntraced(local, message) {
  const headers = { authorization: SIGNED.authorization.replace("/xray/", "/sns/"), "x-amzn-trace-id": `Root=${segmentOf({}).trace_id};Sampled=0` };
  const call = async (/** @type {Record<string, string>} */ parameters) => {
    const response = await fetch(local.console, { method: "POST", headers, body: new URLSearchParams({ Version: "2010-03-31", ...parameters }) });
    const text = await response.text();
    if (!response.ok) throw new Error(`SNS answered ${response.status}: ${text}`);
    return text;
  };
  const TopicArn = /arn:aws:sns:[^<]+/.exec(await call({ Action: "ListTopics" }))?.[0] ?? "";
  await call({ Action: "Publish", TopicArn, Message: message, MessageGroupId: "test", MessageDeduplicationId: segmentOf({}).trace_id });
}

/**
 * Puts events on the default bus, in no trace: number 1 first.
 * @param {Local} local
 * @param {number} count
 */
export async function putEvents(local, count) {
  const headers = { authorization: SIGNED.authorization.replace("/xray/", "/events/"), "content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSEvents.PutEvents" };
  const entries = Array.from({ length: count }, (_, number) => ({ Source: "test", DetailType: `Event ${number + 1}`, Detail: "{}" }));
  for (let at = 0; at < count; at += 10) {
    const response = await fetch(local.console, { method: "POST", headers, body: JSON.stringify({ Entries: entries.slice(at, at + 10) }) });
    const { FailedEntryCount } = /** @type {any} */ (await response.json());
    if (FailedEntryCount !== 0) throw new Error(`EventBridge answered ${response.status}, ${FailedEntryCount} failed`);
  }
}

/**
 * A segment of a trace of its own, unless it says otherwise.
 * @param {object} segment
 */
export function segmentOf(segment) {
  const now = Date.now() / 1000;
  return { id: hex(16), trace_id: `1-${Math.floor(now).toString(16)}-${hex(24)}`, start_time: now - 1, end_time: now, ...segment };
}

/** @param {number} digits */
function hex(digits) {
  return Array.from({ length: digits }, () => Math.floor(Math.random() * 16).toString(16)).join("");
}
