use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::boost::Boost;

/// How often clients report, in seconds, and the length of the windows in which their reports are counted.
pub(super) const INTERVAL: u32 = 10;
/// How long a client may use its part of the reservoir, and how long it is remembered, in seconds.
const LEASE: f64 = 300.0;
/// The most clients of a rule.
const MAX_CLIENTS: usize = 1_000;
/// The most windows whose counts are kept: the current one and the last that is complete.
const MAX_WINDOWS: usize = 2;

/// What happened by one rule.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// The second that the gateway decides in, and what it took from the reservoir in it.
    second: f64,
    taken: u64,
    clients: BTreeMap<String, Client>,
    /// By the number of the window.
    windows: BTreeMap<u64, Counts>,
    pub(super) boost: Boost,
}

/// One process that samples with AWS's SDK.
#[derive(Clone, Debug)]
struct Client {
    first_seen: f64,
    last_seen: f64,
    /// Requests a second.
    demand: u64,
    /// Its part of the reservoir, and until when it holds.
    quota: u64,
    expires: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    requests: u64,
    sampled: u64,
    borrowed: u64,
}

impl Usage {
    /// Takes one request out of what the reservoir, without the parts that clients hold, has left in this
    /// second.
    pub(super) fn take(&mut self, reservoir: u64, now: f64) -> bool {
        if self.second < now.floor() {
            (self.second, self.taken) = (now.floor(), 0);
        }
        let held = self.clients.values().filter(|client| client.expires > now);
        let left = reservoir.saturating_sub(held.map(|client| client.quota).sum());
        let takes = self.taken < left;
        self.taken += u64::from(takes);
        takes
    }

    /// Counts a decision of the gateway.
    pub(super) fn count(&mut self, now: f64, sampled: bool) {
        let counts = self.window(now);
        counts.requests += 1;
        counts.sampled += u64::from(sampled);
    }

    /// Takes a client's report of the last seconds: a `SamplingStatisticsDocument`.
    pub(super) fn report(&mut self, report: &Value, now: f64) {
        let count = |member: &str| report[member].as_u64().unwrap_or_default();
        let requests = count("RequestCount");
        self.clients.retain(|_, client| client.last_seen > now - LEASE || client.expires > now);
        let id = report["ClientID"].as_str().unwrap_or_default();
        if self.clients.len() < MAX_CLIENTS || self.clients.contains_key(id) {
            let new =
                || Client { first_seen: now, last_seen: now, demand: 0, quota: 0, expires: 0.0 };
            let client = self.clients.entry(id.to_owned()).or_insert_with(new);
            client.last_seen = now;
            client.demand = requests.div_ceil(u64::from(INTERVAL));
        }
        let counts = self.window(now);
        counts.requests += requests;
        counts.sampled += count("SampledCount");
        counts.borrowed += count("BorrowCount");
    }

    /// Gives the client `id` its part of the reservoir: how many requests a second and until when. A new
    /// client gets none before its first window is over; until then it borrows one request a second.
    pub(super) fn lease(&mut self, id: &str, reservoir: u64, now: f64) -> Option<(u64, f64)> {
        let fair = self.fair_share(id, reservoir, now);
        let others = self.clients.iter().filter(|(other, _)| *other != id);
        let held = others.filter(|(_, client)| client.expires > now);
        let left = reservoir.saturating_sub(held.map(|(_, client)| client.quota).sum());
        let client = self.clients.get_mut(id)?;
        if window_number(client.first_seen) >= window_number(now) {
            return None;
        }
        client.quota = fair.min(left);
        client.expires = (now + LEASE).floor();
        Some((client.quota, client.expires))
    }

    /// Who needs least is served first; what it leaves is divided among the others.
    fn fair_share(&self, id: &str, reservoir: u64, now: f64) -> u64 {
        let active = self.clients.iter().filter(|(_, client)| client.last_seen > now - LEASE);
        let mut demands: Vec<_> = active.map(|(id, client)| (client.demand, id)).collect();
        demands.sort_unstable();
        let (mut left, mut waiting) = (reservoir, demands.len() as u64);
        for (demand, client) in demands {
            let share = demand.min(left / waiting);
            if client == id {
                return share;
            }
            left -= share;
            waiting -= 1;
        }
        0
    }

    /// A `SamplingStatisticSummary` of the last window that is complete.
    pub(super) fn summary(&self, rule: &str, now: f64) -> Value {
        let window = window_number(now).saturating_sub(1);
        let counts = self.windows.get(&window).copied().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "the time is not that late")]
        let start = window as f64 * f64::from(INTERVAL);
        json!({
            "RuleName": rule,
            "Timestamp": start,
            "RequestCount": counts.requests,
            "SampledCount": counts.sampled,
            "BorrowCount": counts.borrowed,
        })
    }

    fn window(&mut self, now: f64) -> &mut Counts {
        let number = window_number(now);
        if !self.windows.contains_key(&number) && self.windows.len() >= MAX_WINDOWS {
            self.windows.pop_first();
        }
        self.windows.entry(number).or_default()
    }
}

fn window_number(now: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the time is positive, and the cast saturates"
    )]
    let number = (now / f64::from(INTERVAL)) as u64;
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(usage: &mut Usage, client: &str, requests: u64, now: f64) {
        let report = json!({ "ClientID": client, "RequestCount": requests, "SampledCount": 1, "BorrowCount": 1 });
        usage.report(&report, now);
    }

    #[test]
    fn a_client_gets_its_part_of_the_reservoir_after_its_first_window() {
        let mut usage = Usage::default();
        report(&mut usage, "a", 1000, 1005.0);
        assert_eq!(usage.lease("a", 2, 1005.0), None);
        report(&mut usage, "a", 1000, 1015.5);
        assert_eq!(usage.lease("a", 2, 1015.5), Some((2, 1315.0)));
        assert_eq!(usage.lease("unknown", 2, 1015.5), None);
    }

    #[test]
    fn clients_share_the_reservoir_by_what_they_need() {
        let mut usage = Usage::default();
        for (client, requests) in [("a", 1000), ("b", 1000), ("c", 10)] {
            report(&mut usage, client, requests, 1005.0);
            report(&mut usage, client, requests, 1015.0);
        }
        // One request a second needs no more; the others divide the remaining four.
        let quotas = ["a", "b", "c"].map(|client| usage.lease(client, 5, 1015.0).unwrap().0);
        assert_eq!(quotas, [2, 2, 1]);
        // What they hold, the gateway does not have.
        assert!(!usage.take(5, 1015.0));
        assert!(usage.take(6, 1015.0) && !usage.take(6, 1015.0));
        // Leases end.
        assert!(usage.take(5, 1400.0));
    }

    #[test]
    fn the_last_complete_window_is_summed_up() {
        let mut usage = Usage::default();
        report(&mut usage, "a", 7, 1001.0);
        report(&mut usage, "b", 5, 1009.0);
        usage.count(1003.0, true);
        usage.count(1004.0, false);
        report(&mut usage, "a", 100, 1011.0);
        let summary = usage.summary("r", 1012.0);
        let expected = json!({
            "RuleName": "r", "Timestamp": 1000.0, "RequestCount": 14, "SampledCount": 3, "BorrowCount": 2,
        });
        assert_eq!(summary, expected);
        assert_eq!(usage.summary("r", 1032.0)["RequestCount"], 0);
    }
}
