// A server that AWS's X-Ray SDK for Node traces. Sends it a request that a sampling rule samples, and one that none
// does, and prints what `tests/clients/sdks.py` asks X-Ray about.
"use strict";

const http = require("node:http");
const { once } = require("node:events");
const { setTimeout: pause } = require("node:timers/promises");
const { DynamoDBClient, ScanCommand } = require("@aws-sdk/client-dynamodb");
const xray = require("aws-xray-sdk-core");

// Resolves as soon as the SDK has fetched X-Ray's rules. Without them it decides by its own one, which has no name.
async function rules(serviceName) {
  const deadline = Date.now() + 30_000;
  while (typeof xray.middleware.sampler.shouldSample({ serviceName }) !== "string") {
    if (Date.now() > deadline) throw new Error("the SDK did not get X-Ray's sampling rules");
    await pause(50);
  }
}

// Handles a request within its segment.
async function handle(segment, table) {
  segment.setUser("somebody");
  segment.addAnnotation("total", 2.5);
  segment.addAnnotation("gift", true);
  segment.addMetadata("items", [{ sku: 1 }], "shop");
  const dynamodb = xray.captureAWSv3Client(new DynamoDBClient());
  await dynamodb.send(new ScanCommand({ TableName: table }));
  await dynamodb.send(new ScanCommand({ TableName: "no-such-table" })).catch(() => {});
  await xray.captureAsyncFunc("reserve", async (subsegment) => {
    subsegment.close(new RangeError("there is none left"));
  });
}

async function main(sampled, unsampled, table) {
  await rules(sampled);
  const segments = [];
  const server = http.createServer((request, response) => {
    xray.middleware.setDefaultName(request.url === "/sampled" ? sampled : unsampled);
    const segment = xray.middleware.traceRequestResponseCycle(request, response);
    segments.push(segment);
    xray.getNamespace().run(() => {
      xray.setSegment(segment);
      handle(segment, table).finally(() => response.end());
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${server.address().port}`;
  for (const path of ["/sampled", "/unsampled"]) await (await fetch(url + path, { method: "POST" })).text();
  const [traced, untraced] = segments;
  console.log(JSON.stringify({ trace: traced.trace_id, untraced: untraced.trace_id }));
}

main(...process.argv.slice(2)).then(() => process.exit(0));
