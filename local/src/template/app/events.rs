use crate::rules::{Expression, Pattern};

/// What a bus logs of its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusLog {
    /// How much.
    pub level: BusLogLevel,
    /// Whether a record has the event's detail.
    pub includes_detail: bool,
}

/// How much a bus logs. Each level has what the ones before it have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BusLogLevel {
    /// Failures.
    Error,
    /// The major steps.
    Info,
    /// All steps.
    Trace,
}

impl BusLogLevel {
    /// As it is spelt on AWS.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Info => "INFO",
            Self::Trace => "TRACE",
        }
    }
}

/// An EventBridge rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The logical id of the resource that declares it: the rule itself or a function.
    pub logical_id: String,
    /// Its name on AWS.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The name of its event bus.
    pub bus: String,
    /// Its event pattern.
    pub pattern: Pattern,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Where the events that match are sent.
    pub targets: Vec<Target>,
}

/// What keeps the events of a bus, so that they can be replayed.
#[derive(Clone, Debug)]
pub struct Archive {
    /// The logical id of the resource that declares it.
    pub logical_id: String,
    /// Its name on AWS.
    pub name: String,
    /// The name of its event bus.
    pub bus: String,
    /// Which events it keeps, if not all.
    pub pattern: Option<Pattern>,
    /// How many days it keeps them; 0 for ever.
    pub retention_days: u32,
}

/// Something that invokes functions at certain times.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The logical id of the resource that declares it.
    pub logical_id: String,
    /// Its name on AWS.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What it belongs to.
    pub scheduler: Scheduler,
    /// When it is due.
    pub expression: Expression,
    /// Whether it fires by itself.
    pub enabled: bool,
    /// What it invokes.
    pub targets: Vec<Target>,
}

/// Which of AWS's two schedulers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduler {
    /// A rule of the default bus.
    Rule,
    /// `EventBridge` Scheduler.
    EventBridgeScheduler,
}

/// A function that a rule or a schedule invokes.
#[derive(Clone, Debug)]
pub struct Target {
    /// The function's ARN.
    pub function: String,
    /// The constant that it gets in place of the event.
    pub input: Option<String>,
    /// The ARN of the dead-letter queue.
    pub dead_letters: Option<String>,
}
