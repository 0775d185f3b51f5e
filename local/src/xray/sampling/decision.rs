use axum::http::HeaderMap;

use super::{Sampling, rule::Rule, usage::Usage};

/// A request that somebody has to decide about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// Of the service that it reaches: `API/STAGE`.
    pub(crate) service_name: &'a str,
    /// `AWS::ApiGateway::Stage`.
    pub(crate) service_type: &'a str,
    /// The host that it names.
    pub(crate) host: &'a str,
    /// Its HTTP method.
    pub(crate) method: &'a str,
    /// The path of its URL.
    pub(crate) path: &'a str,
    /// The ARN of the service.
    pub(crate) resource: &'a str,
    /// What a rule's `Attributes` are compared with, for API Gateway.
    pub(crate) headers: &'a HeaderMap,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Whether it is traced.
    pub(crate) sampled: bool,
    /// The rule that said so.
    pub(crate) rule: String,
}

impl Sampling {
    /// Decides about a request at `now`, in seconds since the epoch, by the first rule that is for it: what
    /// the reservoir has left of this second is sampled, then the share of the others that the rate says.
    /// `random`, from 0 to 1, decides who belongs to the share.
    pub(crate) fn decide(&self, request: &Request<'_>, now: f64, random: f64) -> Decision {
        let mut rules = self.lock();
        let first = rules.by_name.values_mut().filter(|(rule, _)| rule.is_for(request));
        // Rules of the same priority go by name, which is their order here.
        let Some((rule, usage)) = first.min_by_key(|(rule, _)| rule.priority) else {
            // The default rule is for everything and cannot be deleted.
            return Decision { sampled: true, rule: String::new() };
        };
        let sampled = sample(rule, usage, now, random);
        Decision { sampled, rule: rule.name.clone() }
    }
}

fn sample(rule: &Rule, usage: &mut Usage, now: f64, random: f64) -> bool {
    let sampled = usage.take(rule.reservoir, now) || random < rule.rate;
    usage.count(now, sampled);
    sampled
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};
    use serde_json::json;

    use super::*;

    /// `rules` are name, priority, reservoir, rate and the header that decides.
    fn sampling(rules: &[(&str, i64, u64, f64, Option<&str>)]) -> Sampling {
        let sampling = Sampling::default();
        for (name, priority, reservoir, rate, priority_header) in rules {
            let mut request = json!({
                "Priority": priority, "ReservoirSize": reservoir, "FixedRate": rate, "HTTPMethod": "POST",
            });
            if let Some(value) = priority_header {
                request["Attributes"] = json!({ "X-Order-Priority": value });
            }
            let rule = Rule::new(name, &request, 0.0);
            sampling.lock().by_name.insert(rule.name.clone(), (rule, Usage::default()));
        }
        sampling
    }

    fn decide(
        sampling: &Sampling,
        method: &str,
        high: bool,
        now: f64,
        random: f64,
    ) -> (bool, String) {
        let mut headers = HeaderMap::new();
        if high {
            headers.insert("x-order-priority", HeaderValue::from_static("high"));
        }
        let request = Request {
            service_name: "shop/prod",
            service_type: "AWS::ApiGateway::Stage",
            host: "localhost",
            method,
            path: "/prod/orders/c",
            resource: "arn",
            headers: &headers,
        };
        let Decision { sampled, rule } = sampling.decide(&request, now, random);
        (sampled, rule)
    }

    #[test]
    fn the_first_rule_decides_by_its_reservoir_and_then_by_its_rate() {
        let sampling = sampling(&[
            ("vip", 100, 1, 1.0, Some("high")),
            ("all", 200, 2, 0.5, None),
            ("never asked", 200, 9, 1.0, None),
        ]);
        for (method, high, now, random, sampled, rule) in [
            // Two of a second out of the reservoir, then half of the others.
            ("POST", false, 10.0, 0.99, true, "all"),
            ("POST", false, 10.9, 0.99, true, "all"),
            ("POST", false, 10.9, 0.99, false, "all"),
            ("POST", false, 10.9, 0.49, true, "all"),
            ("POST", false, 10.9, 0.51, false, "all"),
            // The next second has a reservoir of its own.
            ("POST", false, 11.0, 0.99, true, "all"),
            // Important orders are always traced.
            ("POST", true, 11.0, 0.99, true, "vip"),
            ("POST", true, 11.0, 0.99, true, "vip"),
            // What no rule is for falls under the default one: one a second and 5 %.
            ("GET", true, 11.0, 0.99, true, "Default"),
            ("GET", true, 11.0, 0.06, false, "Default"),
            ("GET", true, 11.0, 0.04, true, "Default"),
        ] {
            let decided = decide(&sampling, method, high, now, random);
            assert_eq!(decided, (sampled, rule.to_owned()), "{method} {high} {now} {random}");
        }
    }

    #[test]
    fn a_rule_with_neither_reservoir_nor_rate_traces_nothing() {
        let sampling = sampling(&[("none", 1, 0, 0.0, None)]);
        for second in 0..10 {
            let decided = decide(&sampling, "POST", false, f64::from(second), 0.0);
            assert_eq!(decided, (false, "none".to_owned()));
        }
    }
}
