// @ts-check
// Traces as files: X-Ray's segment documents, as BatchGetTraces answers them and PutTraceSegments takes them.
import { callXRay } from "./api.js";

/** The most documents of one PutTraceSegments. */
const BATCH = 50;

/**
 * Saves a trace as a file.
 * @param {string} id
 */
export async function exportTrace(id) {
  const { Traces } = await callXRay("/Traces", { TraceIds: [id] });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify({ Traces }, null, 2)], { type: "application/json" }));
  link.download = `${id}.json`;
  link.click();
  // The browser reads it after this; a minute is enough to ask where to save it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** @typedef {{ ids: string[], accepted: number, rejected: string[] }} Imported */

/**
 * Sends the documents in a file to X-Ray.
 * @param {string} text the file's content
 * @returns {Promise<Imported>}
 */
export async function importTraces(text) {
  const documents = documentsIn(text);
  /** @type {string[]} */
  const rejected = [];
  for (let at = 0; at < documents.length; at += BATCH) {
    const answer = await callXRay("/TraceSegments", { TraceSegmentDocuments: documents.slice(at, at + BATCH) });
    for (const { Id, ErrorCode, Message } of answer.UnprocessedTraceSegments ?? []) rejected.push(`${Id ?? "a document"}: ${ErrorCode} ${Message ?? ""}`);
  }
  const ids = new Set(documents.map((document) => JSON.parse(document).trace_id).filter((id) => typeof id === "string"));
  return { ids: [...ids], accepted: documents.length - rejected.length, rejected };
}

/**
 * The segment documents of a file: an answer of BatchGetTraces, one of its traces, a document or a list of them,
 * or one document a line.
 * @param {string} text
 * @returns {string[]}
 */
export function documentsIn(text) {
  let content;
  try {
    content = JSON.parse(text);
  } catch (error) {
    const lines = text.split("\n").filter((line) => line.trim());
    if (lines.length < 2) throw new Error(`the file is not JSON: ${error instanceof Error ? error.message : error}`, { cause: error });
    content = lines.map((line, number) => {
      try {
        return JSON.parse(line);
      } catch (error) {
        throw new Error(`line ${number + 1} of the file is not JSON`, { cause: error });
      }
    });
  }
  const found = unpacked(content);
  if (!found.length) throw new Error("the file has no segment documents: expected is what `aws xray batch-get-traces` prints");
  return found;
}

/**
 * @param {any} content
 * @returns {string[]}
 */
function unpacked(content) {
  if (typeof content === "string") return [content];
  if (Array.isArray(content)) return content.flatMap(unpacked);
  if (typeof content !== "object" || content === null) return [];
  const inside = content.Traces ?? content.Segments ?? content.TraceSegmentDocuments ?? content.Document;
  if (inside !== undefined) return unpacked(inside);
  return "trace_id" in content ? [JSON.stringify(content)] : [];
}
