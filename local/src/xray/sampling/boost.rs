use serde_json::Value;

/// How long a boost lasts at the most, in seconds
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-adaptive-sampling.html>).
const LONGEST: f64 = 60.0;

/// A time in which a rule samples more, because its clients report anomalies. AWS's OpenTelemetry distributions do, by
/// default of faults.
///
/// How X-Ray chooses a rate is unconfirmed; here it is the highest that the rule allows, at once.
#[derive(Debug, Default)]
pub(super) struct Boost {
    /// Until when it lasts.
    until: f64,
    /// Until when there is no other one.
    rests_until: f64,
}

impl Boost {
    /// Takes a client's report, a `SamplingBoostStatisticsDocument`. `settings` is the rule's `SamplingRateBoost`.
    pub(super) fn report(&mut self, report: &Value, settings: Option<&Value>, now: f64) {
        let Some(settings) = settings else { return };
        let has_anomalies = report["AnomalyCount"].as_u64().is_some_and(|count| count > 0);
        if has_anomalies && now >= self.rests_until {
            let minutes = settings["CooldownWindowMinutes"].as_f64().unwrap_or_default();
            self.until = (now + LONGEST).floor();
            self.rests_until = self.until + minutes * 60.0;
        }
    }

    /// The rate, and until when it holds.
    pub(super) fn current(&self, settings: Option<&Value>, now: f64) -> Option<(f64, f64)> {
        let rate = settings?["MaxRate"].as_f64()?;
        (now < self.until).then_some((rate, self.until))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn anomalies_boost_a_rule_that_has_not_been_boosted_lately() {
        let settings = json!({ "MaxRate": 0.5, "CooldownWindowMinutes": 2 });
        let settings = Some(&settings);
        let (fine, bad) = (json!({ "AnomalyCount": 0 }), json!({ "AnomalyCount": 3 }));
        let mut boost = Boost::default();
        for (report, now, rate) in [
            (&fine, 10.0, None),
            (&bad, 10.0, Some((0.5, 70.0))),
            (&bad, 69.0, Some((0.5, 70.0))),
            // Two minutes of rest after one of boost.
            (&bad, 70.0, None),
            (&bad, 189.0, None),
            (&bad, 190.0, Some((0.5, 250.0))),
        ] {
            boost.report(report, settings, now);
            assert_eq!(boost.current(settings, now), rate, "{now}");
        }
        assert_eq!(boost.current(None, 190.0), None, "the rule has no boost any more");
        boost.report(&bad, None, 1000.0);
        assert_eq!(boost.current(settings, 1000.0), None);
    }
}
