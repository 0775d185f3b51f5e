//! EventBridge: what is put on a bus, which rules match, what schedules are due, and where it goes.

/// The API: dispatch, and `PutEvents`.
mod api;
/// Archives of buses.
mod archive;
/// The buses, their rules, and what came over them.
mod bus;
/// What a request breaks of the API's model.
mod constraint;
/// The API: what exists.
mod describe;
/// One entry of `PutEvents`: what is accepted, and the event that it becomes.
mod entry;
/// What a bus logs of its events.
mod log;
/// Replays of archives.
mod replay;
/// A request of `PutEvents`.
mod request;
/// `TestEventPattern`.
mod sample;
/// Schedules and their timers.
mod schedules;
/// Functions, and the queues for what does not reach them.
mod target;

pub(crate) use api::EventBridge;
pub(crate) use archive::Archives;
pub(crate) use bus::Buses;
pub use bus::EventRecord;
pub(crate) use log::BusLogs;
pub(crate) use schedules::Schedules;
pub use schedules::{ScheduleState, UnknownSchedule};
pub(crate) use target::Targets;
