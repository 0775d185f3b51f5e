"""The API's stage, its deployment, what it logs and what it answers itself."""

from __future__ import annotations

import json
import re
import unittest
from typing import TYPE_CHECKING

from transformed import source, stack, transform

if TYPE_CHECKING:
    from transformed import Template


def of_type(resources: Template, kind: str) -> Template:
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def deployment(**parameters: str) -> str:
    """The logical id of the API's deployment: CloudFormation makes a new one where it changes."""
    found = of_type(transform(parameters)["Resources"], "AWS::ApiGateway::Deployment")
    (logical_id,) = found
    return logical_id


class Stage(unittest.TestCase):
    def test_there_is_exactly_one_stage(self) -> None:
        # SAM adds a public stage called `Stage`, without throttle and log, unless OpenApiVersion is set.
        resources = stack()
        self.assertEqual(
            [stage["Properties"]["StageName"] for stage in of_type(resources, "AWS::ApiGateway::Stage").values()],
            ["prod"],
        )
        for name, made in of_type(resources, "AWS::ApiGateway::Deployment").items():
            self.assertNotIn("StageName", made["Properties"], f"{name} makes a stage of its own")

    def test_the_stage_waits_for_the_log_role_that_this_stack_makes(self) -> None:
        # By a reference of its log group: DependsOn is an error where the condition of its target is false.
        self.assertEqual(stack()["ApiprodStage"]["Properties"]["AccessLogSetting"]["DestinationArn"], "ApiLogs.Arn")
        tags = {
            tag["Key"]: tag["Value"] for tag in stack({"ManageApiLogRole": "true"})["ApiLogs"]["Properties"]["Tags"]
        }
        self.assertEqual(tags["written-through"], "ApiAccount")

    def test_nothing_account_wide_is_changed_or_left_behind_unasked(self) -> None:
        self.assertEqual(of_type(stack(), "AWS::ApiGateway::Account"), {})
        resources = stack({"ManageApiLogRole": "true"})
        for name in ["ApiAccount", "ApiLogRole"]:
            self.assertEqual(resources[name]["DeletionPolicy"], "RetainExceptOnCreate")

    def test_the_access_log_is_the_only_log_and_has_what_an_operator_needs(self) -> None:
        properties = stack()["ApiprodStage"]["Properties"]
        # An execution log would be a log group that nobody declares: without retention, without key.
        self.assertEqual({setting["LoggingLevel"] for setting in properties["MethodSettings"]}, {"OFF"})
        line = properties["AccessLogSetting"]["Format"]
        self.assertNotIn("\n", line)
        for variable in [
            "requestId",
            "extendedRequestId",
            "xrayTraceId",
            "status",
            "error.message",
            "error.responseType",
            "integration.error",
            "integration.status",
            "identity.userAgent",
            "error.validationErrorString",
        ]:
            self.assertIn(f'$context.{variable}"', line)
        json.loads(re.sub(r"\$context\.[\w.]+", "-", line))


class Deployment(unittest.TestCase):
    def test_it_follows_the_authorisation(self) -> None:
        ids = {auth: deployment(ApiAuth=auth) for auth in ["NONE", "AWS_IAM", "API_KEY", "JWT"]}
        ids |= {pool: deployment(ApiAuth="JWT", UserPoolId=pool) for pool in ["us-east-1_a", "us-east-1_b"]}
        self.assertEqual(len(set(ids.values())), 6, ids)

    def test_it_stays_where_nothing_of_the_api_changes(self) -> None:
        self.assertEqual(deployment(), deployment())
        self.assertEqual(deployment(ApiAuth="NONE"), deployment())
        for name, value in {
            "LogLevel": "DEBUG",
            "UnitPrice": "1.00",
            "Watch": "false",
            "FunctionMemory": "512",
        }.items():
            self.assertEqual(deployment(**{name: value}), deployment(), name)

    def test_it_follows_the_document(self) -> None:
        template = source()
        template["Resources"]["Api"]["Properties"]["DefinitionBody"]["info"]["version"] = "2.0"
        found = of_type(transform(template=template)["Resources"], "AWS::ApiGateway::Deployment")
        self.assertNotIn(deployment(), found)

    def test_the_web_origin_needs_none(self) -> None:
        # It is a variable of the stage, and those take effect at once. The document never mentions the parameter.
        other = "https://shop.example"
        document = json.dumps(source()["Resources"]["Api"]["Properties"]["DefinitionBody"])
        self.assertNotIn("CorsOrigin", document)
        self.assertNotIn("HasCors", document)
        variables = [stack({"CorsOrigin": origin})["ApiprodStage"]["Properties"]["Variables"] for origin in ["", other]]
        self.assertEqual(variables, [{"corsOrigin": "none"}, {"corsOrigin": other}])
        # What API Gateway accepts as a variable's value.
        for variable in variables:
            self.assertRegex(variable["corsOrigin"], r"^[A-Za-z0-9\-._~:/?#&=,]+$")


class Answers(unittest.TestCase):
    def test_what_the_gateway_refuses_itself_is_a_problem_document(self) -> None:
        document = stack()["Api"]["Properties"]["Body"]
        responses = document["x-amazon-apigateway-gateway-responses"]
        self.assertLessEqual({"BAD_REQUEST_BODY", "DEFAULT_4XX", "DEFAULT_5XX"}, set(responses))
        for name, response in responses.items():
            parameters = response["responseParameters"]
            self.assertEqual(parameters["gatewayresponse.header.Content-Type"], "'application/problem+json'", name)
            self.assertEqual(
                parameters["gatewayresponse.header.Access-Control-Allow-Origin"], "stageVariables.corsOrigin"
            )
            template = response["responseTemplates"]["application/json"]
            # This variable brings its own quotes.
            problem = json.loads(
                re.sub(r"\$context\.[\w.]+", "x", template.replace("$context.error.messageString", '"x"'))
            )
            self.assertLessEqual({"type", "title", "detail"}, set(problem), name)

    def test_both_ways_in_ask_for_the_authorisation_that_was_chosen(self) -> None:
        for auth, scheme in {"NONE": None, "AWS_IAM": "sigv4", "API_KEY": "api_key", "JWT": "user_pool"}.items():
            document = stack({"ApiAuth": auth, "UserPoolId": "us-east-1_a"})["Api"]["Properties"]["Body"]
            self.assertEqual(list(document["components"].get("securitySchemes", {})), [scheme] if scheme else [])
            for path in document["paths"].values():
                for method in set(path) - {"options"}:
                    security = [name for entry in path[method].get("security", []) for name in entry]
                    self.assertEqual(security, [scheme] if scheme else [])


class Customers(unittest.TestCase):
    def test_the_function_learns_who_acts_for_customers(self) -> None:
        for given, expected in [
            ({"ApiAuth": "NONE"}, {"API_AUTH": "NONE"}),
            ({"ApiAuth": "API_KEY"}, {"API_AUTH": "API_KEY"}),
            ({"ApiAuth": "AWS_IAM"}, {"API_AUTH": "AWS_IAM", "CUSTOMER_ROLE": "CustomerRole.Arn"}),
            (
                {"ApiAuth": "JWT", "UserPoolId": "us-east-1_a", "UserPoolClientId": "shop"},
                {"API_AUTH": "JWT", "USER_POOL_CLIENT_ID": "shop"},
            ),
        ]:
            variables = stack(given)["OrderService"]["Properties"]["Environment"]["Variables"]
            names = {"API_AUTH", "CUSTOMER_ROLE", "USER_POOL_CLIENT_ID"}
            self.assertEqual({name: variables[name] for name in names & set(variables)}, expected)

    def test_a_session_of_the_role_may_call_this_api_and_do_nothing_else(self) -> None:
        self.assertNotIn("CustomerRole", stack())
        resources = stack({"ApiAuth": "AWS_IAM"})
        self.assertLessEqual(set(resources["CustomerRole"]["Properties"]), {"AssumeRolePolicyDocument", "Description"})
        (statement,) = resources["CustomerRolePolicy"]["Properties"]["PolicyDocument"]["Statement"]
        self.assertEqual(statement["Action"], "execute-api:Invoke")
        self.assertTrue(statement["Resource"].endswith(":Api/prod/*/orders/*"), statement)

    def test_tokens_need_a_pool_and_a_client(self) -> None:
        (rule,) = transform({"ApiAuth": "JWT"})["Rules"].values()
        asserted = json.dumps(rule["Assertions"])
        for name in ["UserPoolId", "UserPoolClientId"]:
            self.assertIn(f'{{"Ref": "{name}"}}', asserted)


if __name__ == "__main__":
    unittest.main()
