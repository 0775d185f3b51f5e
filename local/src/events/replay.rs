use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json, value::RawValue};

use super::{
    archive::Archived,
    bus::Buses,
    constraint::{Constraints, is_word, listed, not_found, paged, required, text_of, type_error},
};
use crate::{clock, identity::arn, wire::AwsError};

/// The longest name and description
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_StartReplay.html>).
const MAX_NAME: usize = 64;
const MAX_DESCRIPTION: usize = 512;

/// All replays so far.
#[derive(Debug, Default)]
pub(super) struct Replays {
    all: Mutex<Vec<Replay>>,
}

/// A replay of an archive's events, and how far it is.
#[derive(Clone, Debug)]
struct Replay {
    name: String,
    description: Option<String>,
    archive: String,
    /// `Destination` as it was asked for: the bus, and the rules if it is not for all.
    destination: Value,
    /// The time that its events are from, in seconds since the epoch, as are the others.
    from: f64,
    to: f64,
    state: State,
    started: f64,
    ended: Option<f64>,
    last: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Starting,
    Running,
    Cancelling,
    Completed,
    Cancelled,
}

/// The work of a replay.
struct Work {
    /// Its number among all.
    number: usize,
    name: String,
    bus: String,
    /// The ARNs of the rules that it is for; empty for all.
    rules: Vec<String>,
    events: Vec<Archived>,
}

impl Replays {
    /// Starts a replay on a task of its own.
    /// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_StartReplay.html>.
    pub(super) fn start(buses: &Arc<Buses>, request: &Value) -> Result<Value, AwsError> {
        let (replay, work) = buses.replays.prepare(buses, request)?;
        let answer = json!({
            "ReplayArn": replay.arn(),
            "State": replay.state.as_str(),
            "ReplayStartTime": replay.started,
        });
        // It ends with its last event, or with the process.
        drop(tokio::spawn(run(Arc::clone(buses), work)));
        Ok(answer)
    }

    fn prepare(&self, buses: &Buses, request: &Value) -> Result<(Replay, Work), AwsError> {
        let replay = Replay::parse(request)?;
        let invalid = |what: &str, reason: &str| {
            let message = format!("Parameter {what} is not valid. Reason: {reason}");
            AwsError::bad_request("ValidationException", message)
        };
        if replay.from >= replay.to {
            let reason = "EventStartTime must be before EventEndTime.";
            return Err(invalid("EventEndTime", reason));
        }
        let found = buses.archives.between(&replay.archive, replay.from, replay.to);
        let (bus, events) = found.ok_or_else(|| {
            let name = replay.archive.rsplit('/').next().unwrap_or_default();
            invalid("EventSourceArn", &format!("Archive {name} does not exist."))
        })?;
        if replay.destination["Arn"] != arn("events", &format!("event-bus/{bus}")) {
            let reason = "Cross event bus replay is not permitted.";
            return Err(invalid("Destination.Arn", reason));
        }
        let rules = replay.destination["FilterArns"].as_array().into_iter().flatten();
        let rules: Vec<_> = rules.filter_map(Value::as_str).map(str::to_owned).collect();
        if let Some(unknown) =
            rules.iter().find(|wanted| !buses.rules(&bus).any(|rule| rule.arn == **wanted))
        {
            let name = unknown.rsplit('/').next().unwrap_or_default();
            return Err(not_found(&format!("Rule {name} does not exist.")));
        }
        let mut all = self.all();
        if all.iter().any(|known| known.name == replay.name) {
            let message = format!("Replay {} already exists.", replay.name);
            return Err(AwsError::bad_request("ResourceAlreadyExistsException", message));
        }
        let (number, name) = (all.len(), replay.name.clone());
        all.push(replay.clone());
        Ok((replay, Work { number, name, bus, rules, events }))
    }

    /// Whether any has not ended.
    pub(super) fn is_any_running(&self) -> bool {
        self.all().iter().any(|replay| replay.ended.is_none())
    }

    /// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeReplay.html>.
    pub(super) fn describe(&self, request: &Value) -> Result<Value, AwsError> {
        let name = required(request, "ReplayName")?;
        let all = self.all();
        let replay = all.iter().find(|replay| replay.name == name);
        let replay = replay.ok_or_else(|| not_found(&format!("Replay {name} does not exist.")))?;
        let mut json = replay.to_json();
        json["ReplayArn"] = replay.arn().into();
        json["Destination"] = replay.destination.clone();
        if let Some(description) = &replay.description {
            json["Description"] = description.as_str().into();
        }
        Ok(json)
    }

    /// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListReplays.html>.
    pub(super) fn list(&self, request: &Value) -> Result<Value, AwsError> {
        let replays = listed(request, "ReplayName", self.all().iter().map(Replay::to_json))?;
        paged("Replays", replays, request)
    }

    /// See <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CancelReplay.html>.
    pub(super) fn cancel(&self, request: &Value) -> Result<Value, AwsError> {
        let name = required(request, "ReplayName")?;
        let mut all = self.all();
        let replay = all.iter_mut().find(|replay| replay.name == name);
        let replay = replay.ok_or_else(|| not_found(&format!("Replay {name} does not exist.")))?;
        if replay.ended.is_some() || replay.state == State::Cancelling {
            let message = format!("Replay {name} is not in a valid state for this operation.");
            return Err(AwsError::bad_request("IllegalStatusException", message));
        }
        replay.state = State::Cancelling;
        Ok(json!({ "ReplayArn": replay.arn(), "State": replay.state.as_str() }))
    }

    /// Goes on with the event of that time, unless the replay was cancelled.
    fn advance(&self, number: usize, time: i64) -> bool {
        let replay = &mut self.all()[number];
        if replay.state == State::Cancelling {
            return false;
        }
        replay.state = State::Running;
        replay.last = Some(time);
        true
    }

    fn end(&self, number: usize) {
        let replay = &mut self.all()[number];
        let cancelled = replay.state == State::Cancelling;
        replay.state = if cancelled { State::Cancelled } else { State::Completed };
        replay.ended = Some(clock::seconds());
    }

    fn all(&self) -> MutexGuard<'_, Vec<Replay>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts the events on the bus again, one after the other. The trace that each was published in is not
/// archived, so it comes without a trace header, and Lambda starts a new trace
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html>).
async fn run(buses: Arc<Buses>, work: Work) {
    for archived in &work.events {
        if !buses.replays.advance(work.number, archived.time) {
            break;
        }
        if let Some(event) = replayed(&archived.event, &work.name) {
            buses.replay(&work.bus, event, &work.rules);
        }
        // Whoever cancels it gets a turn.
        tokio::task::yield_now().await;
    }
    buses.replays.end(work.number);
}

/// The event with the name of its replay, and otherwise as it was published.
fn replayed(event: &str, name: &str) -> Option<Box<RawValue>> {
    let open = event.trim_end().strip_suffix('}')?;
    RawValue::from_string(format!("{open},\"replay-name\":{}}}", Value::from(name))).ok()
}

impl Replay {
    /// Reads a request of `StartReplay`.
    fn parse(request: &Value) -> Result<Self, AwsError> {
        let name = required(request, "ReplayName")?;
        let archive = required(request, "EventSourceArn")?;
        let description = text_of(&request["Description"])?;
        let destination = &request["Destination"];
        let mut constraints = Constraints::default();
        constraints.length(Some(name), "replayName", 1, MAX_NAME);
        constraints.pattern(Some(name), "replayName", is_word, r"[\.\-_A-Za-z0-9]+");
        constraints.length(description, "description", 0, MAX_DESCRIPTION);
        for member in ["EventStartTime", "EventEndTime", "Destination"] {
            if request[member].is_null() {
                let (first, rest) = member.split_at(1);
                let member = format!("{}{rest}", first.to_lowercase());
                constraints.add("null", &member, "Member must not be null");
            }
        }
        constraints.finish()?;
        required(destination, "Arn")?;
        let time = |member: &str| {
            let message = format!("{member} cannot be converted to milliseconds since epoch");
            request[member].as_f64().ok_or_else(|| type_error(&message))
        };
        Ok(Self {
            name: name.to_owned(),
            description: description.map(str::to_owned),
            archive: archive.to_owned(),
            destination: destination.clone(),
            from: time("EventStartTime")?,
            to: time("EventEndTime")?,
            state: State::Starting,
            started: clock::seconds(),
            ended: None,
            last: None,
        })
    }

    fn arn(&self) -> String {
        arn("events", &format!("replay/{}", self.name))
    }

    /// What a list shows of it.
    fn to_json(&self) -> Value {
        let mut json = json!({
            "ReplayName": self.name,
            "EventSourceArn": self.archive,
            "State": self.state.as_str(),
            "EventStartTime": self.from,
            "EventEndTime": self.to,
            "ReplayStartTime": self.started,
        });
        if let Some(last) = self.last {
            json["EventLastReplayedTime"] = last.into();
        }
        if let Some(ended) = self.ended {
            json["ReplayEndTime"] = ended.into();
        }
        json
    }
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Cancelling => "CANCELLING",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

#[cfg(test)]
mod tests;
