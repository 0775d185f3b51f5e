"""The canary against `cargo local`: content with the template as it is, and naming what is wrong with broken ones."""

import subprocess

import stack
from stack import NAME

# What is broken, how, and what the canary has to say about it.
CASES = [
    ("nothing", [], []),
    (
        "tracing is off on one function",
        [("CodeUri: {root}/payment-service\n", "CodeUri: {root}/payment-service\n      Tracing: PassThrough\n")],
        [
            "payment-service has tracing mode PassThrough",
            "missing on the map: payment-service (AWS::Lambda) -> payment-service (AWS::Lambda::Function)",
        ],
    ),
    (
        "a role that may not write to X-Ray, as SAM makes it for a function without tracing",
        [("CodeUri: {root}/inventory-service\n", "CodeUri: {root}/inventory-service\n      Tracing: Disabled\n")],
        [
            "inventory-service has tracing mode PassThrough",
            "local-InventoryServiceRole of inventory-service lacks xray:PutTraceSegments (AWSXRayDaemonWriteAccess)",
        ],
    ),
    (
        "tracing is off on the stage",
        [("TracingEnabled: true", "TracingEnabled: false")],
        ["the API's stage is not traced", f"missing on the map: {NAME}/prod (client) -> {NAME}/prod"],
    ),
    (
        "a wrong detail-type in a rule",
        [("detail-type: [Order Created]", "detail-type: [Order created]")],
        [
            "no enabled rule hands `Order Created` to payment-service",
            f"rule {NAME}-payment-order-created matches nothing that the services tell",
            "missing on the map: Events (AWS::Events) -> payment-service (AWS::Lambda)",
        ],
    ),
    (
        "a rule that is off",
        [("RuleName: !Sub ${ProjectName}-${Environment}-inventory-order-created\n",
          "RuleName: !Sub ${ProjectName}-${Environment}-inventory-order-created\n            State: DISABLED\n")],
        [
            f"rule {NAME}-inventory-order-created is disabled",
            "no enabled rule hands `Order Created` to inventory-service",
        ],
    ),
    (
        "a missing permission",
        [("[dynamodb:Query, dynamodb:GetItem, dynamodb:PutItem,", "[dynamodb:Query, dynamodb:GetItem,")],
        [
            "is not authorized to perform: dynamodb:PutItem on resource: "
            f"arn:aws:dynamodb:us-east-1:000000000000:table/{NAME}-inventory",
            "missing on the map: inventory-service (AWS::Lambda::Function) -> Events (AWS::Events)",
        ],
    ),
]


def canary(template, timeout):
    """What the canary says of a stack of `template`, and its exit code."""
    with stack.running(template) as (url, environment):
        command = [stack.ROOT / "infra/canary", "--url", url, "--timeout", timeout, "--interval", "0.2"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        return done.stdout + done.stderr, done.returncode


def main():
    for broken, changes, expected in CASES:
        template = stack.template()
        for before, after in changes:
            before, after = before.replace("{root}", str(stack.ROOT)), after.replace("{root}", str(stack.ROOT))
            assert before in template, f"{broken}: the template has no {before!r} any more"
            template = template.replace(before, after, 1)
        said, code = canary(template, "8" if expected else "20")
        assert code == (1 if expected else 0), f"{broken}: exit code {code}\n{said}"
        for sentence in expected:
            assert sentence in said, f"{broken}: nothing of {sentence!r} in\n{said}"
        print(f"canary: {broken}: {'; '.join(expected) or 'as expected'}", flush=True)
    print(f"canary: {len(CASES)} passed, 0 failed")


if __name__ == "__main__":
    main()
