use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::target::Targets;
use crate::{
    clock,
    identity::{ACCOUNT, REGION},
    random_id::new_id,
    rules::Expression,
    template::{Schedule, Scheduler},
};

/// The longest sleep: a computer that was suspended looks at the clock again.
const LONGEST_SLEEP: TimeDelta = TimeDelta::minutes(1);

/// The schedules of a template.
#[derive(Debug)]
pub(crate) struct Schedules {
    all: Vec<Schedule>,
    targets: Targets,
    /// How often each has fired, and when last.
    fired: Mutex<Vec<Fired>>,
}

#[derive(Clone, Debug, Default)]
struct Fired {
    count: u64,
    last: Option<String>,
}

/// A schedule and what has become of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleState {
    /// Its name.
    pub name: String,
    /// `rate(5 minutes)`.
    pub expression: String,
    /// Whether it fires by itself.
    pub enabled: bool,
    /// How often it has fired.
    pub count: u64,
    /// When it fired last, RFC 3339.
    pub last: Option<String>,
}

/// There is no such schedule.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no schedule `{name}`; there are {known}")]
pub struct UnknownSchedule {
    name: String,
    known: String,
}

impl Schedules {
    /// The schedules of a template.
    pub(crate) fn new(schedules: Vec<Schedule>, targets: Targets) -> Self {
        let fired = Mutex::new(vec![Fired::default(); schedules.len()]);
        Self { all: schedules, targets, fired }
    }

    /// Fires what is enabled whenever it is due, until `stop`.
    pub(crate) fn start(self: &Arc<Self>, stop: &CancellationToken) {
        let enabled = self.all.iter().enumerate().filter(|(_, schedule)| schedule.enabled);
        for (number, schedule) in enabled {
            let (schedules, stop) = (Arc::clone(self), stop.clone());
            let expression = schedule.expression.clone();
            let timer = async move {
                let fire = |due| schedules.fire_at(number, due);
                run(&expression, clock::date_time, tokio::time::sleep, fire).await;
            };
            // It ends with the stack.
            drop(tokio::spawn(async move { stop.run_until_cancelled(timer).await }));
        }
    }

    /// Fires the schedule of that name, enabled or not, as if it were due now.
    pub(crate) fn fire(&self, name: &str) -> Result<(), UnknownSchedule> {
        let is_meant =
            |schedule: &Schedule| [&schedule.name, &schedule.arn].contains(&&name.to_owned());
        let number = self.all.iter().position(is_meant).ok_or_else(|| {
            let known: Vec<_> = self.all.iter().map(|known| known.name.as_str()).collect();
            UnknownSchedule { name: name.to_owned(), known: known.join(", ") }
        })?;
        self.fire_at(number, clock::date_time());
        Ok(())
    }

    /// All schedules and what has become of them.
    pub(crate) fn states(&self) -> Vec<ScheduleState> {
        let fired = self.fired();
        let states = self.all.iter().zip(&*fired).map(|(schedule, fired)| ScheduleState {
            name: schedule.name.clone(),
            expression: schedule.expression.to_string(),
            enabled: schedule.enabled,
            count: fired.count,
            last: fired.last.clone(),
        });
        states.collect()
    }

    /// The schedules themselves.
    pub(crate) fn all(&self) -> &[Schedule] {
        &self.all
    }

    /// No trace comes from a schedule: Lambda starts one for each function that it invokes.
    fn fire_at(&self, number: usize, due: DateTime<Utc>) {
        let schedule = &self.all[number];
        let event = event(schedule, &new_id().to_string(), due).to_string();
        for target in &schedule.targets {
            // A schedule is on no bus that logs.
            let _failure = self.targets.send(&schedule.arn, target, &event, None);
        }
        let fired = &mut self.fired()[number];
        fired.count += 1;
        fired.last = Some(due.to_rfc3339_opts(SecondsFormat::Millis, true));
    }

    fn fired(&self) -> MutexGuard<'_, Vec<Fired>> {
        self.fired.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls `fire` with each time at which an expression is due. `now` reads the clock.
async fn run<Sleep: Future<Output = ()>>(
    expression: &Expression,
    now: impl Fn() -> DateTime<Utc>,
    sleep: impl Fn(Duration) -> Sleep,
    mut fire: impl FnMut(DateTime<Utc>),
) {
    let mut last = now();
    while let Some(due) = expression.next(last) {
        loop {
            let rest = due - now();
            match rest.min(LONGEST_SLEEP).to_std() {
                Ok(rest) if !rest.is_zero() => sleep(rest).await,
                _ => break,
            }
        }
        fire(due);
        // What was missed while the computer was suspended is not made up for.
        last = due.max(now() - LONGEST_SLEEP);
    }
}

/// See <https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html>. `EventBridge` Scheduler
/// writes the empty detail as a text.
fn event(schedule: &Schedule, id: &str, due: DateTime<Utc>) -> Value {
    let (source, detail) = match schedule.scheduler {
        Scheduler::Rule => ("aws.events", json!({})),
        Scheduler::EventBridgeScheduler => ("aws.scheduler", json!("{}")),
    };
    json!({
        "version": "0",
        "id": id,
        "detail-type": "Scheduled Event",
        "source": source,
        "account": ACCOUNT,
        "time": due.to_rfc3339_opts(SecondsFormat::Secs, true),
        "region": REGION,
        "resources": [schedule.arn],
        "detail": detail,
    })
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use futures_util::future::{self, Either, FutureExt};

    use super::*;

    /// When an expression is due within some hours, on a clock that goes on while the timer sleeps.
    fn due_within(hours: i64, expression: &str) -> Vec<String> {
        let (clock, due) = (Cell::new(DateTime::UNIX_EPOCH), RefCell::new(Vec::new()));
        let end = DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
        let sleep = |duration| {
            assert!(duration <= LONGEST_SLEEP.to_std().unwrap());
            clock.set(clock.get() + duration);
            if clock.get() > end {
                Either::Left(future::pending())
            } else {
                Either::Right(future::ready(()))
            }
        };
        let expression = expression.parse().unwrap();
        let timer = run(&expression, || clock.get(), sleep, |time| due.borrow_mut().push(time));
        assert_eq!(timer.now_or_never(), None, "it never ends");
        due.into_inner().iter().map(|time| time.format("%H:%M:%S").to_string()).collect()
    }

    #[test]
    fn a_timer_fires_whenever_its_expression_is_due() {
        assert_eq!(due_within(1, "rate(20 minutes)"), ["00:20:00", "00:40:00", "01:00:00"]);
        assert_eq!(due_within(3, "cron(30 1-2 * * ? *)"), ["01:30:00", "02:30:00"]);
        assert_eq!(due_within(1, "rate(2 hours)"), [""; 0]);
    }

    #[test]
    fn what_was_missed_is_not_made_up_for() {
        let (clock, fired) = (Cell::new(DateTime::UNIX_EPOCH), Cell::new(0));
        // The computer is suspended for a day during the first sleep.
        let sleep = |duration| {
            let is_first = fired.get() == 0;
            clock.set(
                clock.get()
                    + if is_first { TimeDelta::days(1).to_std().unwrap() } else { duration },
            );
            if fired.get() > 1 {
                Either::Left(future::pending())
            } else {
                Either::Right(future::ready(()))
            }
        };
        let expression = "rate(1 minute)".parse().unwrap();
        let count = |_| fired.set(fired.get() + 1);
        assert_eq!(run(&expression, || clock.get(), sleep, count).now_or_never(), None);
        assert_eq!(fired.get(), 2);
    }
}
