use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::decision::Request;
use crate::{identity::arn, rules::wildcard_matches};

/// The name of the rule that every account has.
pub(super) const DEFAULT: &str = "Default";

/// A sampling rule. See <https://docs.aws.amazon.com/xray/latest/api/API_SamplingRule.html>.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) name: String,
    /// The lowest goes first.
    pub(super) priority: i64,
    /// How many requests a second are sampled, before the rate is asked.
    pub(super) reservoir: u64,
    /// The share of the others that is sampled.
    pub(super) rate: f64,
    service_name: String,
    service_type: String,
    host: String,
    method: String,
    path: String,
    resource: String,
    attributes: BTreeMap<String, String>,
    /// `SamplingRateBoost`.
    pub(super) boost: Option<Value>,
    created: f64,
    modified: f64,
}

impl Default for Rule {
    /// One request a second and 5 % of the others, whatever they are.
    fn default() -> Self {
        let any = || "*".to_owned();
        Self {
            name: DEFAULT.to_owned(),
            priority: 10_000,
            reservoir: 1,
            rate: 0.05,
            service_name: any(),
            service_type: any(),
            host: any(),
            method: any(),
            path: any(),
            resource: any(),
            attributes: BTreeMap::new(),
            boost: None,
            created: 0.0,
            modified: 0.0,
        }
    }
}

impl Rule {
    /// The rule that `request`, whose form is right, asks for.
    pub(super) fn new(name: &str, request: &Value, now: f64) -> Self {
        let mut rule = Self { name: name.to_owned(), created: now, ..Self::default() };
        rule.update(request, now);
        rule
    }

    /// Changes what `request` names.
    pub(super) fn update(&mut self, request: &Value, now: f64) {
        self.modified = now;
        let text = |member: &str, field: &mut String| {
            if let Some(value) = request[member].as_str() {
                value.clone_into(field);
            }
        };
        text("ServiceName", &mut self.service_name);
        text("ServiceType", &mut self.service_type);
        text("Host", &mut self.host);
        text("HTTPMethod", &mut self.method);
        text("URLPath", &mut self.path);
        text("ResourceARN", &mut self.resource);
        self.priority = request["Priority"].as_i64().unwrap_or(self.priority);
        self.reservoir = request["ReservoirSize"].as_u64().unwrap_or(self.reservoir);
        self.rate = request["FixedRate"].as_f64().unwrap_or(self.rate);
        if let Some(attributes) = request["Attributes"].as_object() {
            let texts = attributes.iter();
            let texts =
                texts.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.into())));
            self.attributes = texts.collect();
        }
        // X-Ray clears the boost where an update does not name it.
        self.boost = Some(request["SamplingRateBoost"].clone()).filter(|boost| !boost.is_null());
    }

    /// Its ARN.
    pub(super) fn arn(&self) -> String {
        arn("xray", &format!("sampling-rule/{}", self.name))
    }

    /// A `SamplingRuleRecord`.
    pub(super) fn record(&self) -> Value {
        let mut rule = json!({
            "RuleName": self.name,
            "RuleARN": self.arn(),
            "ResourceARN": self.resource,
            "Priority": self.priority,
            "FixedRate": self.rate,
            "ReservoirSize": self.reservoir,
            "ServiceName": self.service_name,
            "ServiceType": self.service_type,
            "Host": self.host,
            "HTTPMethod": self.method,
            "URLPath": self.path,
            "Version": 1,
            "Attributes": self.attributes,
        });
        if let Some(boost) = &self.boost {
            rule["SamplingRateBoost"] = boost.clone();
        }
        json!({ "SamplingRule": rule, "CreatedAt": self.created, "ModifiedAt": self.modified })
    }

    /// Whether it is for `request`. `*` and `?` are wildcards, and the case of letters does not matter, as in
    /// AWS's SDKs.
    pub(super) fn is_for(&self, request: &Request<'_>) -> bool {
        matches(&self.service_name, request.service_name)
            && matches(&self.service_type, request.service_type)
            && matches(&self.host, request.host)
            && matches(&self.method, request.method)
            && matches(&self.path, request.path)
            && matches(&self.resource, request.resource)
            && self.attributes.iter().all(|(name, pattern)| {
                let values = request.headers.get_all(name.as_str()).into_iter();
                values.filter_map(|value| value.to_str().ok()).any(|value| matches(pattern, value))
            })
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    wildcard_matches(&pattern.to_lowercase(), &text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::*;

    #[test]
    fn rules_and_the_requests_that_they_are_for() {
        let mut headers = HeaderMap::new();
        headers.insert("x-order-priority", HeaderValue::from_static("high"));
        let request = Request {
            service_name: "shop/prod",
            service_type: "AWS::ApiGateway::Stage",
            host: "abc.execute-api.us-east-1.amazonaws.com",
            method: "POST",
            path: "/prod/orders/c1",
            resource: "arn:aws:apigateway:us-east-1::/restapis/abc/stages/prod",
            headers: &headers,
        };
        for (member, value, is) in [
            ("ServiceName", json!("shop/prod"), true),
            ("ServiceName", json!("SHOP/*"), true),
            ("ServiceName", json!("shop"), false),
            ("ServiceType", json!("AWS::ApiGateway::*"), true),
            ("ServiceType", json!("AWS::EC2::Instance"), false),
            ("Host", json!("*.amazonaws.com"), true),
            ("Host", json!("shop.example"), false),
            ("HTTPMethod", json!("post"), true),
            ("HTTPMethod", json!("GET"), false),
            ("URLPath", json!("/prod/orders/*"), true),
            ("URLPath", json!("/prod/orders/c?"), true),
            ("URLPath", json!("/prod/orders/??"), true),
            ("URLPath", json!("/prod/orders/?"), false),
            ("ResourceARN", json!("arn:aws:apigateway:*/stages/prod"), true),
            ("ResourceARN", json!("arn:aws:lambda:*"), false),
            ("Attributes", json!({ "X-Order-Priority": "high" }), true),
            ("Attributes", json!({ "X-Order-Priority": "h*" }), true),
            ("Attributes", json!({ "X-Order-Priority": "low" }), false),
            ("Attributes", json!({ "X-Order-Priority": "high", "X-Other": "*" }), false),
            ("Attributes", json!({ "not a header": "*" }), false),
            ("Attributes", json!({}), true),
        ] {
            let rule = Rule::new("r", &json!({ member: value }), 0.0);
            assert_eq!(rule.is_for(&request), is, "{member} {value}");
        }
        assert!(Rule::default().is_for(&request));
    }
}
