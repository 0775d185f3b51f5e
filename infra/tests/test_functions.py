"""The functions' versions and aliases, how traffic moves to a new version, and what their code may not do."""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING

from transformed import source, stack, transform

if TYPE_CHECKING:
    from transformed import Parameters, Template

SERVICES = ["OrderService", "PaymentService", "InventoryService", "NotificationService"]
KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"


class Versions(unittest.TestCase):
    def test_everything_that_invokes_a_function_invokes_its_alias(self) -> None:
        resources = stack()
        for name, resource in resources.items():
            properties = resource.get("Properties", {})
            match resource["Type"]:
                case "AWS::Lambda::Permission":
                    self.assertRegex(properties["FunctionName"], "Aliaslive$", name)
                case "AWS::Events::Rule":
                    for target in properties["Targets"]:
                        self.assertRegex(target["Arn"], "Aliaslive$", name)
                case "AWS::Lambda::EventInvokeConfig":
                    self.assertEqual(properties["Qualifier"], "live", name)
        for path in resources["Api"]["Properties"]["Body"]["paths"].values():
            for method in set(path) - {"options"}:
                uri = path[method]["x-amazon-apigateway-integration"]["uri"]
                self.assertIn("functions/OrderService.Arn:live/invocations", uri)

    def test_every_parameter_that_reaches_a_function_publishes_a_version(self) -> None:
        # CloudFormation replaces a version where its description changes, and SAM publishes one for new code alone.
        functions = source()["Resources"]
        everywhere = [
            "FunctionMemory",
            "FunctionTimeout",
            "LogLevel",
            "TracesExporter",
            "KmsKeyArn",
            "VpcSubnetIds",
            "VpcSecurityGroupIds",
        ]
        for service in SERVICES:
            variables = functions[service]["Properties"]["Environment"]["Variables"].values()
            own = [value["Ref"] for value in variables if isinstance(value, dict) and "Ref" in value]
            parameters = [name for name in own if name in source()["Parameters"]] + everywhere
            for parameter in parameters:
                declared = source()["Parameters"][parameter]
                before, after = (
                    self.description(service, given) for given in ({}, {parameter: self.another(declared)})
                )
                self.assertNotEqual(before, after, f"{service} keeps its version when {parameter} changes")

    @staticmethod
    def another(declared: Template) -> str:
        values = declared.get("AllowedValues", [])
        return next((value for value in values if value != declared["Default"]), None) or f"{declared['Default']}1"

    @staticmethod
    def description(service: str, parameters: Parameters) -> str:
        versions = [
            resource["Properties"]["Description"]
            for name, resource in stack(parameters).items()
            if name.startswith(f"{service}Version")
        ]
        (only,) = versions
        return str(only)

    def test_a_description_fits_where_all_of_it_is_used(self) -> None:
        given = {
            "KmsKeyArn": KEY,
            "UnitPrice": "123456789.00",
            "CorsOrigin": "https://www.shop.example",
            "ApiAuth": "AWS_IAM",
            "ProcessorUrl": "https://api.processor.example",
            "ProcessorSecret": "processor:SecretString:token",
            "VpcSubnetIds": ",".join(["subnet-0123456789abcdef0"] * 3),
            "VpcSecurityGroupIds": "sg-0123456789abcdef0",
        }
        tokens = {"ApiAuth": "JWT", "UserPoolId": "us-east-1_AbCdEf123", "UserPoolClientId": "4abc2def" * 3 + "45"}
        tokens |= {"VpcSubnetIds": ",".join(["subnet-0123456789abcdef0"] * 2)}
        for choice in (given, given | tokens):
            for service in SERVICES:
                # Lambda's limit.
                self.assertLessEqual(len(self.description(service, choice)), 256, service)


class TrafficShifting(unittest.TestCase):
    def test_without_it_there_is_nothing_of_codedeploy(self) -> None:
        self.assertFalse([name for name, resource in stack().items() if "CodeDeploy" in resource["Type"]])

    def test_each_function_shifts_and_rolls_back_on_its_own_alarm(self) -> None:
        for choice in source()["Mappings"]["TrafficShifting"]:
            if choice == "NONE":
                continue
            resources = stack({"TrafficShifting": choice})
            for service in SERVICES:
                group = resources[f"{service}DeploymentGroup"]["Properties"]
                self.assertEqual(group["DeploymentConfigName"], f"CodeDeployDefault.Lambda{choice}")
                alarms = [alarm["Name"] for alarm in group["AlarmConfiguration"]["Alarms"]]
                name = f"distributed-tracing-demo-{service.removesuffix('Service').lower()}-service-errors"
                self.assertIn(name, alarms)
                self.assertIn("CodeDeployLambdaAliasUpdate", resources[f"{service}Aliaslive"]["UpdatePolicy"])

    def test_it_works_without_alarms_too(self) -> None:
        resources = stack({"TrafficShifting": "Canary10Percent5Minutes", "Watch": "false"})
        self.assertEqual(resources["OrderServiceDeploymentGroup"]["Properties"]["AlarmConfiguration"], {})

    def test_the_choices_offered_are_the_choices_mapped(self) -> None:
        offered = source()["Parameters"]["TrafficShifting"]["AllowedValues"]
        self.assertEqual(offered, list(source()["Mappings"]["TrafficShifting"]))


class Denials(unittest.TestCase):
    def test_the_code_may_not_touch_network_interfaces_and_lambda_may(self) -> None:
        for vpc in [{}, {"VpcSubnetIds": "subnet-1", "VpcSecurityGroupIds": "sg-1"}]:
            resources = stack(vpc)
            (statement,) = resources["NoEc2FromCode"]["Properties"]["PolicyDocument"]["Statement"]
            self.assertEqual((statement["Effect"], statement["Action"]), ("Deny", "ec2:*"))
            # Lambda's own calls with the role have no such key, so that the condition does not hold for them.
            condition = statement["Condition"]["ArnLike"]["lambda:SourceFunctionArn"]
            self.assertEqual(condition, "arn:aws:lambda:us-east-1:123456789012:function:distributed-tracing-demo-*")
            for service in SERVICES:
                self.assertIn("NoEc2FromCode", resources[f"{service}Role"]["Properties"]["ManagedPolicyArns"])


class DependsOn(unittest.TestCase):
    def test_nothing_depends_on_what_may_not_exist(self) -> None:
        template = transform()["Resources"]
        for name, resource in template.items():
            after = resource.get("DependsOn", [])
            for other in [after] if isinstance(after, str) else after:
                condition = template[other].get("Condition")
                self.assertIn(condition, [None, resource.get("Condition")], f"{name} depends on {other}")


if __name__ == "__main__":
    unittest.main()
