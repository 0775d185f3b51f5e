use serde_json::{Map, Value};

use super::wildcard;
use crate::identity::iam_arn;

/// A statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Whether it allows or denies.
    pub allows: bool,
    /// `dynamodb:PutItem`, with `*` and `?`.
    pub actions: Vec<String>,
    /// ARNs, with `*` and `?`.
    pub resources: Vec<String>,
}

/// What a role comes to for an action on a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A statement allows it and none denies it.
    Allowed,
    /// No statement concerns it.
    ImplicitDeny,
    /// A statement denies it.
    ExplicitDeny,
}

/// Why a policy is refused. What is not understood is never ignored: a policy that is half understood would
/// allow what it must not.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Something that IAM knows and this program does not.
    #[error("a statement with `{0}` is not understood here; Effect, Action, Resource and Sid are")]
    Unsupported(String),
    /// Something that IAM does not know either.
    #[error("a statement's `{0}` is {1}")]
    Wrong(&'static str, Value),
}

/// What a function may do.
#[derive(Clone, Debug, Default)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// What its policies say.
    pub statements: Vec<Statement>,
}

impl Role {
    /// Its ARN.
    pub fn arn(&self) -> String {
        iam_arn(&format!("role/{}", self.name))
    }

    /// Evaluates `action` on `resource`: an explicit denial wins, and what no statement allows is denied.
    /// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.
    pub fn verdict(&self, action: &str, resource: &str) -> Verdict {
        let concerned: Vec<_> = self
            .statements
            .iter()
            .filter(|statement| statement.concerns(action, resource))
            .collect();
        match concerned.as_slice() {
            [] => Verdict::ImplicitDeny,
            concerned if concerned.iter().all(|statement| statement.allows) => Verdict::Allowed,
            _ => Verdict::ExplicitDeny,
        }
    }
}

impl Statement {
    /// One that allows `actions` on `resources`.
    pub fn allow(actions: &[&str], resources: Vec<String>) -> Self {
        let actions = actions.iter().map(|&action| action.to_owned()).collect();
        Self { allows: true, actions, resources }
    }

    /// Parses the statements of a policy document.
    pub fn read_all(document: &Value) -> Result<Vec<Self>, PolicyError> {
        match &document["Statement"] {
            Value::Array(statements) => statements.iter().map(Self::parse).collect(),
            one => Ok(vec![Self::parse(one)?]),
        }
    }

    fn parse(value: &Value) -> Result<Self, PolicyError> {
        let none = Map::new();
        let members = value.as_object().unwrap_or(&none);
        // Every call here is made by a function's code, and a denial read too widely allows nothing.
        let of_code = value["Effect"] == "Deny" && asks_for_code(&value["Condition"]);
        let unknown = members.keys().find(|name| match name.as_str() {
            "Sid" | "Effect" | "Action" | "Resource" => false,
            "Condition" => !of_code,
            _ => true,
        });
        if let Some(name) = unknown {
            return Err(PolicyError::Unsupported(name.clone()));
        }
        let allows = match value["Effect"].as_str() {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err(PolicyError::Wrong("Effect", value["Effect"].clone())),
        };
        let (actions, resources) = (texts(value, "Action")?, texts(value, "Resource")?);
        Ok(Self { allows, actions, resources })
    }

    fn concerns(&self, action: &str, resource: &str) -> bool {
        // Actions are compared without regard to case, ARNs with.
        let action = action.to_ascii_lowercase();
        self.actions.iter().any(|pattern| wildcard::matches(&pattern.to_ascii_lowercase(), &action))
            && self.resources.iter().any(|pattern| wildcard::matches(pattern, resource))
    }
}

/// Whether a condition asks for nothing but the function whose code makes the call
/// (<https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html>).
fn asks_for_code(condition: &Value) -> bool {
    let operators = condition.as_object().into_iter().flatten();
    let mut keys =
        operators.flat_map(|(_, keys)| keys.as_object().into_iter().flatten()).peekable();
    keys.peek().is_some() && keys.all(|(key, _)| key == "lambda:SourceFunctionArn")
}

/// A text or a list of texts, at least one.
fn texts(value: &Value, name: &'static str) -> Result<Vec<String>, PolicyError> {
    let wrong = || PolicyError::Wrong(name, value[name].clone());
    let found: Option<Vec<_>> = match &value[name] {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    found.filter(|texts| !texts.is_empty()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn role(statements: &Value) -> Role {
        let statements = Statement::read_all(&json!({ "Statement": statements })).unwrap();
        Role { name: "r".to_owned(), statements }
    }

    #[test]
    fn a_denial_wins_and_what_nobody_allows_is_denied() {
        let role = role(&json!([
            { "Effect": "Allow", "Action": "dynamodb:*", "Resource": ["t/orders", "t/stock"] },
            { "Sid": "No", "Effect": "Deny", "Action": ["dynamodb:DeleteItem"], "Resource": "*" },
        ]));
        for (action, resource, verdict) in [
            ("dynamodb:PutItem", "t/orders", Verdict::Allowed),
            ("DynamoDB:putitem", "t/orders", Verdict::Allowed),
            ("dynamodb:PutItem", "t/Orders", Verdict::ImplicitDeny),
            ("dynamodb:PutItem", "t/payments", Verdict::ImplicitDeny),
            ("dynamodb:DeleteItem", "t/orders", Verdict::ExplicitDeny),
            ("dynamodb:DeleteItem", "t/payments", Verdict::ExplicitDeny),
            ("sns:Publish", "t/orders", Verdict::ImplicitDeny),
        ] {
            assert_eq!(role.verdict(action, resource), verdict, "{action} {resource}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (statement, complaint) in [
            (
                json!({ "Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {} }),
                "a statement with `Condition` is not understood here",
            ),
            (
                json!({ "Effect": "Deny", "Action": "a:b", "Resource": "*",
                    "Condition": { "ArnLike": { "lambda:SourceFunctionArn": "*", "aws:SourceArn": "*" } } }),
                "a statement with `Condition` is not understood here",
            ),
            (
                json!({ "Effect": "Allow", "NotAction": "a:b", "Resource": "*" }),
                "a statement with `NotAction` is not understood here",
            ),
            (
                json!({ "Effect": "Maybe", "Action": "a:b", "Resource": "*" }),
                "`Effect` is \"Maybe\"",
            ),
            (json!({ "Effect": "Allow", "Resource": "*" }), "`Action` is null"),
            (json!({ "Effect": "Allow", "Action": "a:b", "Resource": [] }), "`Resource` is []"),
            (json!("Allow"), "`Effect` is null"),
        ] {
            let error = Statement::read_all(&json!({ "Statement": statement })).unwrap_err();
            assert!(error.to_string().contains(complaint), "{error}");
        }
    }
}
