"""A dead letter from beginning to end: a table is gone, an event is given up, the table comes back, and `infra/redrive`
hands the event on, into the order's own trace."""

import json
import os
import subprocess
import sys
import urllib.request

import stack

sys.path.insert(0, str(stack.ROOT / "infra/tools"))
import venv  # noqa: E402

venv.enter("aws")

import boto3  # noqa: E402
from steps import until  # noqa: E402

# How many seconds each step may take.
PATIENCE = 30
PAYMENTS = f"{stack.NAME}-payments"


def redrive(*arguments):
    command = [sys.executable, stack.ROOT / "infra/redrive", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def main():
    with stack.running(stack.template()) as (url, environment):
        os.environ.update(environment)
        dynamodb, xray = boto3.client("dynamodb"), boto3.client("xray")
        table = dynamodb.describe_table(TableName=PAYMENTS)["Table"]
        dynamodb.delete_table(TableName=PAYMENTS)
        request = urllib.request.Request(f"{url}/orders/customer123", b"{}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            order_id = json.load(answer)["orderId"]
            trace_id = answer.headers["X-Amzn-Trace-Id"].split(";")[0].removeprefix("Root=")
        waits = until("the dead letter", lambda: next(
            (line for line in redrive("--dry-run").splitlines() if line.startswith("waits")), None), PATIENCE)
        assert f"Order Created of {order_id} for {PAYMENTS.removesuffix('s')}-service: the payment was not kept" in waits, waits

        kept = ["TableName", "KeySchema", "AttributeDefinitions"]
        dynamodb.create_table(BillingMode="PAY_PER_REQUEST", **{name: table[name] for name in kept})
        # What the dry run has looked at is hidden for some seconds.
        said = until("the message to be seen again", lambda: (said := redrive()) and "1 handed on" in said and said, PATIENCE)
        print(said.strip())
        key = {"orderId": {"S": order_id}}
        payment = until("the payment", lambda: dynamodb.get_item(TableName=PAYMENTS, Key=key).get("Item"), PATIENCE)
        assert payment["decision"]["S"] == "charged", payment
        told = {"TableName": f"{stack.NAME}-notifications", "Key": key}
        until("the notification", lambda: "sentAt" in dynamodb.get_item(**told)["Item"], PATIENCE)

        def attempts():
            documents = xray.batch_get_traces(TraceIds=[trace_id])["Traces"][0]["Segments"]
            runs = [json.loads(segment["Document"]) for segment in documents]
            runs = [run for run in runs if run["name"] == f"{stack.NAME}-payment-service" and "Function" in run["origin"]]
            return runs if len(runs) == 4 else None

        # Three that failed, and the one that made it good, in one trace.
        faults = [run.get("fault", False) for run in until("the attempts", attempts, PATIENCE)]
        assert sorted(faults) == [False, True, True, True], faults
        assert "0 handed on, 0 left" in redrive(), "the message is gone"
    print("redrive: 1 passed, 0 failed")


if __name__ == "__main__":
    main()
