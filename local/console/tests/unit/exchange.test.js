// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { documentsIn } from "../../exchange.js";

test("documents are found in every form that they are kept in", () => {
  const document = { trace_id: "1-2-3", id: "a" }, text = JSON.stringify(document);
  for (const file of [
    { Traces: [{ Id: "1-2-3", Segments: [{ Id: "a", Document: text }] }] }, { Id: "1-2-3", Segments: [{ Document: text }] },
    { TraceSegmentDocuments: [text] }, [document], document,
  ]) assert.deepEqual(documentsIn(JSON.stringify(file)), [text]);
  assert.deepEqual(documentsIn(`${text}\n\n${text}\n`), [text, text]);
});

test("what is no trace is refused with what is expected", () => {
  assert.throws(() => documentsIn("{}"), /no segment documents: expected is/);
  assert.throws(() => documentsIn("no"), /is not JSON/);
  assert.throws(() => documentsIn('{"a":1}\nno\n'), /line 2/);
});
