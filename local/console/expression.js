// @ts-check
// X-Ray's filter expressions: what can stand where, and those that speak of a part of the map.
/** @import { Subject } from "./route.js" */

/** What an expression may begin with. */
const KEYWORDS = ["ok", "error", "fault", "throttle", "partial", "responsetime > ", "duration > ", "http.status = ", "http.url CONTAINS \"", "http.method = \"",
  "service(\"", "edge(\"", "user = \"", "rootcause.fault.service { name = \"", "rootcause.error.service { name = \""];
/** What may follow a condition. */
const JOINTS = ["AND ", "OR "];

/**
 * The expressions that `text` may become when its last word is finished.
 * @param {string} text
 * @param {string[]} annotations names of annotations
 * @param {string[]} services names of services
 */
export function completions(text, annotations, services) {
  const [, before = "", inside] = /^(.*\b(?:service|edge)\(\s*")([^"]*)$/s.exec(text) ?? [];
  if (inside !== undefined) return matching(before, inside, [...new Set(services)].map((name) => `${escaped(name)}")`));
  const word = /[^\s(){}!"]*$/.exec(text)?.[0] ?? "", head = text.slice(0, text.length - word.length);
  if ((head.match(/(?<!\\)"/g) ?? []).length % 2) return []; // Within quotation marks only the reader knows.
  const begins = /(^|[({!]|\b(AND|OR))\s*$/i.test(head);
  if (begins) return matching(head, word, [...KEYWORDS, ...annotations.map((name) => `annotation[${name}] = `)]);
  return matching(/\s$/.test(head) ? head : head + " ", word, JOINTS);
}

/**
 * The expression for the traces that have a node or an edge of the map; `condition` is what is true of it.
 * @param {Subject} subject
 * @param {string} condition
 */
export function expressionOf({ name, type, callee, calleeType }, condition = "") {
  const inside = condition ? ` { ${condition} }` : "";
  // A client is no service: its requests are what enters at the service of the same name.
  if (type === "client") return `service(${id(callee ?? name, calleeType)})${inside}`;
  return callee === undefined ? `service(${id(name, type)})${inside}` : `edge(${id(name, type)}, ${id(callee, calleeType)})${inside}`;
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}

/**
 * @param {string} name
 * @param {string | undefined} type
 */
function id(name, type) {
  return `id(name: "${escaped(name)}"${type ? `, type: "${escaped(type)}"` : ""})`;
}

/**
 * @param {string} head
 * @param {string} word
 * @param {string[]} candidates
 */
function matching(head, word, candidates) {
  const wanted = word.toLowerCase();
  return candidates.filter((each) => each.toLowerCase().startsWith(wanted) && each !== word).map((each) => head + each);
}
