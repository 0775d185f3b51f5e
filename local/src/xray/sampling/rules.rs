use serde_json::{Value, json};

use super::{
    super::invalid,
    Rules, Sampling,
    rule::{DEFAULT, Rule},
    usage::{INTERVAL, Usage},
};
use crate::wire::AwsError;

/// The most rules beside the default one
/// (<https://docs.aws.amazon.com/general/latest/gr/xray.html#limits_xray>).
const MAX_RULES: usize = 25;
/// What may be changed of the default rule.
const OF_DEFAULT: [&str; 4] = ["RuleName", "RuleARN", "FixedRate", "ReservoirSize"];

/// The operations. Requests have the right form; `now` is in seconds since the epoch.
impl Sampling {
    /// `CreateSamplingRule`; also says the rule's ARN.
    pub(in crate::xray) fn create(
        &self,
        request: &Value,
        now: f64,
    ) -> Result<(Value, String), AwsError> {
        let request = &request["SamplingRule"];
        let name = name(request)?;
        if request["Version"] != 1 {
            return Err(invalid("Sampling rule version must be 1"));
        }
        let rules = &mut *self.lock();
        if rules.by_name.contains_key(&name) {
            return Err(invalid("Sampling rule already exists"));
        }
        if rules.by_name.len() > MAX_RULES {
            let message = "The maximum number of custom sampling rules has been reached.";
            return Err(AwsError::bad_request("RuleLimitExceededException", message));
        }
        let rule = Rule::new(&name, request, now.floor());
        let (record, arn) = (json!({ "SamplingRuleRecord": rule.record() }), rule.arn());
        rules.by_name.insert(name, (rule, Usage::default()));
        rules.modified = now.floor();
        Ok((record, arn))
    }

    /// `UpdateSamplingRule`.
    pub(in crate::xray) fn update(&self, request: &Value, now: f64) -> Result<Value, AwsError> {
        let request = &request["SamplingRuleUpdate"];
        let name = name(request)?;
        let rules = &mut *self.lock();
        let (rule, _) = find(rules, &name)?;
        let members = request.as_object().into_iter().flatten();
        let mut members = members.filter(|(_, value)| !value.is_null()).map(|(member, _)| member);
        if name == DEFAULT && members.any(|member| !OF_DEFAULT.contains(&member.as_str())) {
            return Err(invalid(
                "Only the reservoir size and fixed rate of the default sampling rule can be modified",
            ));
        }
        rule.update(request, now.floor());
        let record = rule.record();
        rules.modified = now.floor();
        Ok(json!({ "SamplingRuleRecord": record }))
    }

    /// `DeleteSamplingRule`; also says the rule's ARN.
    pub(in crate::xray) fn delete(
        &self,
        request: &Value,
        now: f64,
    ) -> Result<(Value, String), AwsError> {
        let name = name(request)?;
        if name == DEFAULT {
            return Err(invalid("The default sampling rule cannot be deleted"));
        }
        let rules = &mut *self.lock();
        find(rules, &name)?;
        rules.modified = now.floor();
        let deleted = rules.by_name.remove(&name).map(|(rule, _)| rule).unwrap_or_default();
        Ok((json!({ "SamplingRuleRecord": deleted.record() }), deleted.arn()))
    }

    /// `GetSamplingRules`: by name, the default one last. All of them fit on one page.
    pub(in crate::xray) fn list(&self) -> Value {
        let rules = self.lock();
        let mut all: Vec<_> = rules.by_name.values().map(|(rule, _)| rule).collect();
        all.sort_by_key(|rule| rule.name == DEFAULT);
        let records: Vec<_> = all.into_iter().map(Rule::record).collect();
        json!({ "SamplingRuleRecords": records })
    }

    /// Whether there is a rule with that ARN.
    pub(in crate::xray) fn has(&self, arn: &str) -> bool {
        self.lock().by_name.values().any(|(rule, _)| rule.arn() == arn)
    }

    /// `GetSamplingTargets`.
    pub(in crate::xray) fn targets(&self, request: &Value, now: f64) -> Value {
        let rules = &mut *self.lock();
        let reports = |member: &str| request[member].as_array().map_or(&[][..], Vec::as_slice);
        // All reports count before the reservoir is divided, so that their order does not matter.
        let boosts = reports("SamplingBoostStatisticsDocuments");
        let unprocessed_boosts = process(rules, boosts, |rule, usage, report| {
            usage.boost.report(report, rule.boost.as_ref(), now);
        });
        let reports = reports("SamplingStatisticsDocuments");
        let unprocessed = process(rules, reports, |_, usage, report| usage.report(report, now));
        let mut targets = Vec::new();
        for report in reports {
            let name = report["RuleName"].as_str().unwrap_or_default();
            if let Some((rule, usage)) = rules.by_name.get_mut(name) {
                let client = report["ClientID"].as_str().unwrap_or_default();
                targets.push(target(rule, usage, client, now));
            }
        }
        json!({
            "SamplingTargetDocuments": targets,
            "LastRuleModification": rules.modified,
            "UnprocessedStatistics": unprocessed,
            "UnprocessedBoostStatistics": unprocessed_boosts,
        })
    }

    /// `GetSamplingStatisticSummaries`.
    pub(in crate::xray) fn summaries(&self, now: f64) -> Value {
        let rules = self.lock();
        let summaries = rules.by_name.iter().map(|(name, (_, usage))| usage.summary(name, now));
        json!({ "SamplingStatisticSummaries": summaries.collect::<Vec<_>>() })
    }
}

/// Processes reports by the rules that they name; returns those of rules that do not exist.
fn process(
    rules: &mut Rules,
    reports: &[Value],
    each: impl Fn(&Rule, &mut Usage, &Value),
) -> Vec<Value> {
    let mut unprocessed = Vec::new();
    for report in reports {
        let name = report["RuleName"].as_str().unwrap_or_default();
        match rules.by_name.get_mut(name) {
            Some((rule, usage)) => each(rule, usage, report),
            None => unprocessed.push(unknown(name)),
        }
    }
    unprocessed
}

/// What the client is to sample by a rule from now on.
fn target(rule: &Rule, usage: &mut Usage, client: &str, now: f64) -> Value {
    let mut target = json!({ "RuleName": rule.name, "FixedRate": rule.rate });
    if let Some((quota, until)) = usage.lease(client, rule.reservoir, now) {
        target["ReservoirQuota"] = quota.into();
        target["ReservoirQuotaTTL"] = until.into();
        target["Interval"] = INTERVAL.into();
    }
    if let Some((rate, until)) = usage.boost.current(rule.boost.as_ref(), now) {
        target["SamplingBoost"] = json!({ "BoostRate": rate, "BoostRateTTL": until });
    }
    target
}

fn find<'a>(rules: &'a mut Rules, name: &str) -> Result<&'a mut (Rule, Usage), AwsError> {
    rules.by_name.get_mut(name).ok_or_else(|| invalid("Sampling rule does not exist"))
}

/// The name of the rule that a request is about, given itself or by the ARN.
fn name(request: &Value) -> Result<String, AwsError> {
    let (name, arn) = (request["RuleName"].as_str(), request["RuleARN"].as_str());
    let name = match (name, arn) {
        (Some(_), Some(_)) => {
            Err(invalid("Request cannot contain both sampling rule name and sampling rule ARN"))
        }
        (None, None) => {
            Err(invalid("Request must contain either sampling rule name or sampling rule ARN"))
        }
        (Some(name), None) => Ok(name),
        (None, Some(arn)) => {
            let own = crate::identity::arn("xray", "sampling-rule/");
            arn.strip_prefix(&own).ok_or_else(|| invalid("Invalid sampling rule ARN"))
        }
    }?;
    if (1..=32).contains(&name.chars().count()) {
        Ok(name.to_owned())
    } else {
        Err(invalid("Invalid sampling rule name"))
    }
}

fn unknown(rule: &str) -> Value {
    json!({ "RuleName": rule, "ErrorCode": "400", "Message": "Unknown rule" })
}
