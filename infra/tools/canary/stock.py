"""What the canary's order took from the stock, and gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tools import aws

if TYPE_CHECKING:
    import boto3

    from tools.canary.outcome import Item
    from tools.canary.report import Report


def put_back(session: boto3.Session, stack: str, reservation: Item, report: Report) -> None:
    """Add to the warehouse's stock what the order has reserved there, if it has.

    The reservation stays: should its order be handled again, nothing more is taken.
    """
    if reservation.get("decision", {}).get("S") != "reserved" or "releasedAt" in reservation:
        return
    product, warehouse = reservation["productId"]["S"], reservation["warehouse"]["S"]
    try:
        session.client("dynamodb", config=aws.PATIENT).update_item(
            TableName=f"{stack}-inventory",
            Key={"pk": {"S": f"product#{product}"}, "sk": {"S": warehouse}},
            UpdateExpression="ADD available :quantity",
            ConditionExpression="attribute_exists(available)",
            ExpressionAttributeValues={":quantity": reservation["quantity"]},
        )
    except ClientError as error:
        if not aws.is_access_denied(error):
            raise
        report.note(f"`{product}` is not put back: you lack dynamodb:UpdateItem. There is another product tomorrow")
        return
    report.ok(f"`{product}` is back in the stock of {warehouse}")
