"""Places an order, waits for its trace, and compares what came of it with topology.json. Before that it checks what
people forget: tracing that is off, rules that are disabled or match nothing, roles that may not write to X-Ray.

    infra/canary                                                   the stack of the default parameters, on AWS
    infra/canary --environment prod --iam                          as a session `canary` of CustomerRole
    AWS_ENDPOINT_URL=http://127.0.0.1:4566 infra/canary --url http://127.0.0.1:3000      against `cargo local`

The order is a real one, of the customer `canary` (with ApiAuth=JWT, of the user of that name), whose orders are in no
business metric, and of a product of its own, which is put back.
Exit code 0: as expected; 1: something differs, and each difference is printed; 2: it could not be found out."""

from __future__ import annotations

import argparse
import json
import sys

from tools import aws, exit_code
from tools.canary import outcome, stock, trace
from tools.canary.configuration import STAGE, Configuration
from tools.canary.order import CREATED, CUSTOMER, MARK, OrderApi
from tools.canary.report import Report
from tools.exit_code import CannotRunError
from tools.topology import Topology


def main() -> int:
    """Run the canary as the command line says; return the exit code."""
    arguments = _arguments()
    return exit_code.of(lambda: run(arguments))


@aws.required()
def run(arguments: argparse.Namespace) -> int:
    """Check the configuration, then an order."""
    session, stack, topology, report = aws.session(), aws.stack_name(arguments), Topology.read(), Report()
    configuration = Configuration(session, stack, report)
    api_id = configuration.check_stage()
    for service in topology.services:
        configuration.check_function(service)
    configuration.check_rules(topology)

    url = arguments.url or f"https://{api_id}.execute-api.{session.region_name}.amazonaws.com/{STAGE}"
    role = configuration.customer_role() if arguments.iam else None
    api = OrderApi(url, session, arguments.api_key, role, arguments.token)
    check_order(api, stack, topology.edges_of(stack), outcome.Patience(arguments.timeout, arguments.interval), report)

    if report.differences:
        differences = "1 difference" if report.differences == 1 else f"{report.differences} differences"
        print(f"{differences} from what infra/topology.json expects", file=sys.stderr)
        return exit_code.FOUND_SOMETHING
    print("as expected")
    return exit_code.FINE


def check_order(api: OrderApi, stack: str, edges: set[str], patience: outcome.Patience, report: Report) -> None:
    """Place an order, and compare what becomes of it with a confirmed one."""
    if api.is_authorised and api.is_open():
        report.differs("the API lets in a request without authorisation: was the stage deployed since ApiAuth changed?")
    if api.is_open_to_others():
        report.differs("the API shows one customer the orders of another")
    status, body, trace_id = api.place()
    order_id = _order_id(body) if status == CREATED else None
    if order_id is None:
        report.differs(f"the order was answered with {status}: {body}")
    else:
        report.ok(f"order {order_id}, trace {trace_id}")
        report.all_differ(uncounted_differences(order_id), "the order is in no business metric")
    result = outcome.wait_for(api.session, stack, trace_id, edges, patience)
    for sentence in trace.sentences(result.findings.conflicts):
        report.note(f"a conditional write was refused, as after a redelivery: {sentence}")
    report.all_differ(result.differences(edges), f"the map has the {len(edges)} edges of a confirmed order")
    if order_id is not None:
        reservation = outcome.check_tables(api.session, stack, order_id, report)
        stock.put_back(api.session, stack, reservation, report)


def uncounted_differences(order_id: str) -> list[str]:
    """See that the services know whose order it is."""
    if order_id.startswith(MARK):
        return []
    return [f"the order counts in the business metrics: with JWT, the token has to be of the user named `{CUSTOMER}`"]


def _order_id(body: str) -> str:
    try:
        return str(json.loads(body)["orderId"])
    except (ValueError, KeyError, TypeError) as error:
        message = f"the answer to the order names no orderId: {body}"
        raise CannotRunError(message) from error


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="infra/canary", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    aws.add_stack_arguments(parser)
    parser.add_argument("--url", help="where orders are placed, if not at API Gateway's own URL")
    parser.add_argument("--api-key", help="the key, where ApiAuth is API_KEY")
    parser.add_argument("--iam", action="store_true", help="order as a session of CustomerRole, where it is AWS_IAM")
    parser.add_argument("--token", help="the id token of the user to order for, where it is JWT")
    parser.add_argument(
        "--timeout", type=float, default=90, help="how many seconds to wait for the trace (%(default)s)"
    )
    parser.add_argument("--interval", type=float, default=1, help="how many seconds between two looks (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
