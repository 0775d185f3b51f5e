// @ts-check
// What went wrong in a trace, and where: the first thing that its reader wants to know.
/** @import { LogLine, Span, Trace } from "./types.d.ts" */
import { dot, el } from "./dom.js";
import { chain } from "./exceptions.js";
import { crashes, culprits, segmentOf, wordsOf } from "./failures.js";
import { withoutPrefix } from "./format.js";
import { statusOf } from "./status.js";
import { label } from "./waterfall.js";

/**
 * The list of what went wrong; nothing where nothing did.
 * @param {Trace} trace
 * @param {string} prefix what the reader knows of each name
 */
export function drawWhy(trace, prefix) {
  const { spans, letters, lines } = failures(trace, prefix);
  const items = [
    ...spans.map(({ span, where, why, words, times }) => el("li", { "data-key": span.id },
      dot(statusOf(span)), el("button", { type: "button", "data-opens": span.id }, where), repeated(times), reasoned(why), spoken(words))),
    ...letters.map(({ letter, why }) => el("li", { "data-key": letter.id },
      dot("fault"), "dead letter in ", withoutPrefix(letter.queue, prefix), reasoned(why))),
    ...lines.map(({ where, why, fields, words, times }) => el("li", {},
      dot("fault"), "log of ", where, repeated(times), reasoned(why), el("span", { class: "soft" }, " " + fields), spoken(words))),
  ];
  return items.length ? [el("div", { "data-key": "why", class: "why" }, el("h3", {}, "What went wrong"), el("ul", {}, items))] : [];
}

/**
 * What went wrong, each thing once: an error that a span has is not repeated for its dead letter and its log lines.
 * @param {Trace} trace
 * @param {string} prefix
 */
export function failures({ nodes, logs, deadLetters }, prefix) {
  const failed = culprits(nodes), dead = crashes(logs);
  const listed = failed.flatMap((span) => {
    const request = segmentOf(nodes, span)?.aws?.request_id;
    return chain(span, nodes).map(({ type, message }) => ({ text: message || type || "", request })).filter(({ text }) => text);
  });
  const spans = failed.map((span) => ({ span, where: place(nodes, span, prefix), why: reason(span, nodes), words: wordsOf(nodes, span, dead) }));
  const letters = deadLetters.map((letter) => ({ letter, why: listed.some(({ text }) => letter.reason.endsWith(text)) ? "" : letter.reason }));
  const isListed = (/** @type {LogLine} */ line) => listed.some(({ text, request }) =>
    (!request || request === line.request_id) && (line.message.endsWith(text) || line.fields.includes("=" + text)));
  const lines = logs.filter((line) => line.level === "ERROR" && !isListed(line))
    .map((line) => ({ where: withoutPrefix(line.function, prefix), why: line.message, fields: line.fields, words: dead.get(line) ?? [] }));
  return { spans: once(spans), letters, lines: once(lines) };
}

/**
 * A span's causes, the outermost first, each once; else its HTTP status.
 * @param {Span} span
 * @param {Span[]} nodes
 */
export function reason(span, nodes = []) {
  const { http } = span;
  const messages = chain(span, nodes).map(({ type, message }) => message || type).filter(Boolean);
  if (messages.length) return [...new Set(messages)].join(": ");
  return http?.response?.status ? `answered with ${http.response.status}` : "no cause given";
}

/**
 * A span's name, after that of the segment that it is part of.
 * @param {Span[]} nodes
 * @param {Span} span
 * @param {string} prefix
 */
function place(nodes, span, prefix) {
  const segment = segmentOf(nodes, span);
  const name = withoutPrefix(segment?.name ?? "", prefix);
  return segment === span || !name ? label(span, prefix) : `${name} · ${label(span, prefix)}`;
}

/**
 * Retries often fail alike: what failed in the same place for the same reason is listed once.
 * @template {{ where: string, why: string, fields?: string, words: string[] }} T
 * @param {T[]} failures
 * @returns {(T & { times: number })[]}
 */
function once(failures) {
  /** @type {Map<string, T & { times: number }>} */
  const found = new Map();
  for (const failure of failures) {
    const key = [failure.where, failure.why, failure.fields, ...failure.words].join("\n");
    const same = found.get(key);
    if (same) same.times += 1;
    else found.set(key, { ...failure, times: 1 });
  }
  return [...found.values()];
}

/** @param {number} times */
function repeated(times) {
  return times > 1 && ` (${times} times)`;
}

/** @param {string} text */
function reasoned(text) {
  return text !== "" && el("span", { class: "reason" }, " " + text);
}

/** @param {string[]} words the last lines of a process */
function spoken(words) {
  return words.length > 0 && el("pre", { class: "words" }, words.join("\n"));
}
