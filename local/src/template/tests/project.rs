use std::path::Path;

use serde_json::json;

use crate::template::{App, Function, TemplateError, load};

fn project(overrides: &[(&str, &str)]) -> Result<App, TemplateError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/template.yaml");
    let own = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    load(&path, &overrides.iter().map(own).collect::<Vec<_>>())
}

#[test]
fn the_projects_own_template_says_what_the_architecture_says() {
    let app = project(&[("Environment", "test"), ("FunctionTimeout", "12")]).unwrap();
    let rules: Vec<_> = app
        .rules
        .iter()
        .map(|rule| {
            let target = &rule.targets[0];
            json!({
                "rule": rule.name, "bus": rule.bus, "pattern": rule.pattern.source(),
                "function": target.function, "deadLetters": target.dead_letters,
            })
        })
        .collect();
    let functions: Vec<_> = app
        .functions
        .iter()
        .map(|function| {
            json!({
                "name": function.name, "timeout": function.timeout.as_secs(), "memory": function.memory,
                "traced": function.traced, "environment": function.environment,
                "retries": function.retries, "onFailure": function.on_failure,
            })
        })
        .collect();
    let routes: Vec<_> =
        app.routes.iter().map(|r| format!("{} {} {}", r.method, r.path, r.function)).collect();
    let permissions: Vec<_> = app
        .functions
        .iter()
        .map(|function| {
            let statements = function.role.statements.iter().map(|statement| {
                let effect = if statement.allows { "Allow" } else { "Deny" };
                json!([effect, statement.actions, statement.resources])
            });
            json!({ "role": function.role.name, "statements": statements.collect::<Vec<_>>() })
        })
        .collect();
    let [(logical_id, kinds)] = app.not_emulated.as_slice() else {
        panic!("{:?}", app.not_emulated)
    };
    assert_eq!(logical_id, "Watcher", "alarms are AWS's own");
    assert!(
        kinds.starts_with("AWS::CloudWatch::Alarm, ") && kinds.ends_with(" in watch.yaml"),
        "{kinds}"
    );
    let sampled = app.sampling_rules.iter().map(|rule| &rule["SamplingRule"]["RuleName"]);
    assert_eq!(
        sampled.collect::<Vec<_>>(),
        ["distributed-tracing-test-vip", "distributed-tracing-test-all"]
    );
    assert_eq!(app.trace_groups[0]["GroupName"], "distributed-tracing-test");
    insta::assert_json_snapshot!(json!({
        "functions": functions, "rules": rules, "routes": routes, "tables": app.tables,
        "outputs": app.outputs, "permissions": permissions,
    }));
}

#[test]
fn every_choice_that_the_template_offers_can_be_made() {
    let named = |overrides: &[(&str, &str)]| {
        let app = project(overrides).unwrap();
        let role = |action: &str| {
            let about = |function: &Function| {
                function.role.statements.iter().any(|s| s.actions.iter().any(|a| a == action))
            };
            app.functions.iter().filter(|function| about(function)).count()
        };
        let here: Vec<_> = app.not_emulated.iter().map(|(name, _)| name.clone()).collect();
        (here.join(" "), role("kms:Decrypt"), role("ec2:*"), app.outputs.len())
    };
    let watcher = || "Watcher".to_owned();
    let key = "arn:aws:kms:us-east-1:000000000000:key/k";
    assert_eq!(named(&[]), (watcher(), 0, 4, 14));
    assert_eq!(named(&[("KmsKeyArn", key)]), (watcher(), 4, 4, 14));
    let vpc = [("VpcSubnetIds", "subnet-1,subnet-2"), ("VpcSecurityGroupIds", "sg-1")];
    assert_eq!(named(&vpc), (watcher(), 0, 4, 14));
    assert_eq!(named(&[("NotificationTopic", "STANDARD")]), (watcher(), 0, 4, 13));
    assert_eq!(named(&[("Watch", "false")]), (String::new(), 0, 4, 12));
    let with_key = "ApiKey ApiUsagePlan ApiUsagePlanKey Watcher".to_owned();
    assert_eq!(named(&[("ApiAuth", "API_KEY")]), (with_key, 0, 4, 15));
    // What the customers' role may do is not evaluated.
    let with_role = "CustomerRolePolicy Watcher".to_owned();
    assert_eq!(
        named(&[("ApiAuth", "AWS_IAM"), ("CorsOrigin", "https://shop.example")]),
        (with_role, 0, 4, 15)
    );
    assert_eq!(named(&[("FunctionReservedConcurrency", "10")]), (watcher(), 0, 4, 14));
}

#[test]
fn parameters_are_checked() {
    for (name, value, problem) in [
        ("Nobody", "1", "no parameter `Nobody`"),
        ("FunctionTimeout", "soon", "which is not a number"),
        ("FunctionTimeout", "30", "which is more than 29"),
        ("LogLevel", "LOUD", "which is none of DEBUG, INFO, WARN, ERROR"),
        ("Environment", "Ümlaut", "which does not match"),
    ] {
        let complaint = project(&[(name, value)]).unwrap_err().to_string();
        assert!(complaint.contains(problem), "{complaint}");
    }
}
