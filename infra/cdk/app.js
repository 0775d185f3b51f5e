// The stack as a part of a CDK app: `infra/synthesise` has written what SAM makes of the template.
const { readdirSync } = require("node:fs");
const { App, Stack } = require("aws-cdk-lib");
const { CfnFunction } = require("aws-cdk-lib/aws-lambda");
const { Asset } = require("aws-cdk-lib/aws-s3-assets");
const { CfnInclude } = require("aws-cdk-lib/cloudformation-include");

const folder = process.env.SYNTHESISED ?? `${__dirname}/../../target/synthesised`;
const watch = readdirSync(folder).find((name) => name.startsWith("watch-"));
const stack = new Stack(new App(), "distributed-tracing-demo");
const included = new CfnInclude(stack, "Template", {
  templateFile: `${folder}/template.json`,
  loadNestedStacks: { Watcher: { templateFile: `${folder}/${watch}` } },
});
for (const part of included.node.findAll().filter((part) => part instanceof CfnFunction)) {
  const asset = new Asset(part, "Code", { path: `${folder}/${part.code.s3Key}` });
  part.code = { s3Bucket: asset.s3BucketName, s3Key: asset.s3ObjectKey };
}
