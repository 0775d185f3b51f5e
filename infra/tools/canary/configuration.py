"""How a stack is configured: what people forget, and what nothing else reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tools import aws
from tools.canary import routing, version
from tools.exit_code import CannotRunError

if TYPE_CHECKING:
    import boto3

    from tools.canary.report import Report
    from tools.topology import Topology

STAGE = "prod"
# The template's AutoPublishAlias: what the API and the rules invoke.
ALIAS = "live"
XRAY_WRITES = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]


class Configuration:
    """The configuration of the stack of one name."""

    def __init__(self, session: boto3.Session, stack: str, report: Report) -> None:
        """Ask AWS through `session`; print findings through `report`."""
        self.session = session
        self.stack = stack
        self.report = report

    def check_stage(self) -> str:
        """Check that the API has one stage and that it is traced; return the API's id."""
        gateway = self.session.client("apigateway", config=aws.PATIENT)
        pages = gateway.get_paginator("get_rest_apis").paginate()
        apis = [api["id"] for page in pages for api in page.get("items", []) if api.get("name") == self.stack]
        if len(apis) != 1:
            found = f"{len(apis)} REST APIs are" if apis else "no REST API is"
            hint = "hint: --project, --environment, AWS_REGION and AWS_PROFILE say where to look"
            message = f"{found} named `{self.stack}` here\n{hint}"
            raise CannotRunError(message)
        stages = {stage["stageName"]: stage for stage in gateway.get_stages(restApiId=apis[0])["item"]}
        found_differences = [
            f"the API has another stage, `{name}`: it is public, without this one's throttle, log and alarms"
            for name in sorted(stages.keys() - {STAGE})
        ]
        if STAGE not in stages:
            found_differences.append(f"the API has no stage `{STAGE}`")
        elif not stages[STAGE].get("tracingEnabled"):
            found_differences.append("the API's stage is not traced (TracingEnabled): X-Ray samples no request there")
        self.report.all_differ(found_differences, "the API has one stage, and it is traced")
        return apis[0]

    def check_function(self, service: str) -> None:
        """Check that a function is ready and traced, that it is the newest version that is invoked, and that its role
        may write to X-Ray.
        """
        functions = self.session.client("lambda", config=aws.PATIENT)
        name = f"{self.stack}-{service}"
        try:
            latest = functions.get_function_configuration(FunctionName=name)
        except ClientError as error:
            if aws.code(error) != "ResourceNotFoundException":
                raise
            self.report.differs(f"{service} does not exist: there is no function `{name}`")
            return
        found = version.not_ready(service, latest)
        try:
            invoked = functions.get_function_configuration(FunctionName=name, Qualifier=ALIAS)
            alias = functions.get_alias(FunctionName=name, Name=ALIAS)
            pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName=name)
            versions = [listed["Version"] for page in pages for listed in page["Versions"]]
        except ClientError as error:
            if aws.code(error) == "ResourceNotFoundException":
                found.append(f"{service} has no alias `{ALIAS}`, which the API and the rules invoke")
            elif aws.code(error) == "UnknownOperationException":
                self.report.unknown(f"which version of {service} is invoked: `cargo local` has one of each function")
            else:
                raise
            invoked = latest
        else:
            found += version.not_newest(service, alias, versions)
        if (mode := invoked["TracingConfig"]["Mode"]) != "Active":
            found.append(f"{service} has tracing mode {mode}: Lambda records no segments of it (Tracing: Active)")
        found += self._missing_permissions(service, invoked["Role"])
        self.report.all_differ(found, f"{service} is ready and traced")

    def customer_role(self) -> str:
        """Return the ARN of the role whose sessions act for customers, where `ApiAuth` is `AWS_IAM`."""
        functions = self.session.client("lambda", config=aws.PATIENT)
        name = f"{self.stack}-order-service"
        variables = functions.get_function_configuration(FunctionName=name).get("Environment", {}).get("Variables", {})
        if "CUSTOMER_ROLE" not in variables:
            auth = variables.get("API_AUTH", "NONE")
            message = f"--iam is for ApiAuth=AWS_IAM, and here it is {auth}"
            raise CannotRunError(message)
        return variables["CUSTOMER_ROLE"]

    def _missing_permissions(self, service: str, role: str) -> list[str]:
        iam = self.session.client("iam", config=aws.PATIENT)
        try:
            answer = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=XRAY_WRITES)
        except ClientError as error:
            if not aws.is_access_denied(error):
                raise
            self.report.unknown(f"what the role of {service} may do: you lack iam:SimulatePrincipalPolicy")
            return []
        return [
            f"{role.rsplit('/', 1)[-1]} of {service} lacks {result['EvalActionName']} (AWSXRayDaemonWriteAccess)"
            for result in answer["EvaluationResults"]
            if result["EvalDecision"] != "allowed"
        ]

    def check_rules(self, topology: Topology) -> None:
        """Check that every event is sent to its consumers, and to nobody else."""
        rules = self._rules(topology)
        sentence = f"{len(rules)} rules send {len(topology.events)} kinds of events to their consumers"
        self.report.all_differ(routing.differences(rules, topology), sentence)

    def _rules(self, topology: Topology) -> list[routing.Rule]:
        events = self.session.client("events", config=aws.PATIENT)
        rules = []
        for page in events.get_paginator("list_rules").paginate(EventBusName=self.stack):
            for rule in page["Rules"]:
                # An AWS service manages these, such as the one that fills an archive: it matches everything.
                if rule.get("ManagedBy"):
                    continue
                listed = events.get_paginator("list_targets_by_rule").paginate(
                    Rule=rule["Name"], EventBusName=self.stack
                )
                targets = {target["Arn"] for targets_page in listed for target in targets_page["Targets"]}
                pattern = rule.get("EventPattern", "")
                matched = {
                    kind.detail_type
                    for kind in topology.events
                    if pattern and events.test_event_pattern(EventPattern=pattern, Event=kind.sample())["Result"]
                }
                rules.append(
                    routing.Rule(
                        name=rule["Name"],
                        pattern=pattern,
                        enabled=rule["State"] != "DISABLED",
                        targets=frozenset(routing.target_name(target, self.stack) for target in targets),
                        matched=frozenset(matched),
                    )
                )
        return rules
