use crate::checker::Model;

/// Deliveries of the two outcomes that end an order, both trying to notify the customer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sending {
    pub(crate) topic: Topic,
    /// How many invocations may die.
    pub(crate) crashes: u8,
    /// How many answers of the topic may be lost, so that the SDK publishes again.
    pub(crate) lost_answers: u8,
}

/// What the topic does with a second message of the same deduplication id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// Drops it, for five minutes; a crash and its retries take less.
    Fifo,
    /// Sends it on.
    Standard,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// Which facts are recorded: one bit for each delivery.
    facts: u8,
    /// The delivery that has the claim.
    claim: Option<usize>,
    is_sent: bool,
    /// What the customer got.
    messages: u8,
    deliveries: [Step; 2],
    crashes: u8,
    lost_answers: u8,
}

/// What a delivery does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// Waits to be delivered, for the first time or again.
    Waiting,
    AddFact,
    Claim,
    Send,
    RecordSent,
    Done,
    /// Every attempt failed; a redrive or the sweep delivers it again.
    DeadLetter,
}

impl Model for Sending {
    type State = State;

    fn first(&self) -> State {
        State {
            facts: 0,
            claim: None,
            is_sent: false,
            messages: 0,
            deliveries: [Step::Waiting; 2],
            crashes: self.crashes,
            lost_answers: self.lost_answers,
        }
    }

    fn next(&self, state: &State) -> Vec<State> {
        let mut next = Vec::new();
        for me in 0..state.deliveries.len() {
            let to = |step| {
                let mut after = *state;
                after.deliveries[me] = step;
                after
            };
            match state.deliveries[me] {
                Step::Waiting | Step::DeadLetter => next.push(to(Step::AddFact)),
                Step::AddFact => {
                    let facts = state.facts | 1 << me;
                    let step = if facts == 0b11 { Step::Claim } else { Step::Done };
                    next.push(State { facts, ..to(step) });
                }
                Step::Claim => next.extend(Self::claim(state, me, to)),
                Step::Send => {
                    let messages = self.send(state.messages);
                    let sent = State { messages, ..to(Step::RecordSent) };
                    next.push(sent);
                    if state.lost_answers > 0 {
                        let messages = self.send(messages);
                        next.push(State { messages, lost_answers: state.lost_answers - 1, ..sent });
                    }
                }
                Step::RecordSent => next.push(State { is_sent: true, ..to(Step::Done) }),
                Step::Done => {}
            }
            if is_running(state.deliveries[me]) && state.crashes > 0 {
                for step in [Step::Waiting, Step::DeadLetter] {
                    next.push(State { crashes: state.crashes - 1, ..to(step) });
                }
            }
        }
        next
    }

    fn violation(&self, state: &State) -> Option<&'static str> {
        let is_over = state.deliveries.iter().all(|step| *step == Step::Done);
        match state.messages {
            0 if is_over && state.is_sent => Some("a notification is recorded that nobody got"),
            0 | 1 => None,
            _ => Some("the customer was notified twice"),
        }
    }

    fn has_ended(&self, state: &State) -> bool {
        state.is_sent || state.deliveries.contains(&Step::DeadLetter)
            // A delivery that met a dead one's fresh claim ended; the sweep brings the facts again.
            || state.deliveries.iter().all(|step| *step == Step::Done)
    }
}

impl Sending {
    /// A conditional write: the claim is free, or mine, or its owner is over and the time has passed.
    fn claim(state: &State, me: usize, to: impl Fn(Step) -> State) -> Vec<State> {
        if state.is_sent {
            return vec![to(Step::Done)];
        }
        let taken = State { claim: Some(me), ..to(Step::Send) };
        match state.claim {
            Some(owner) if owner != me => {
                let met = to(Step::Done);
                // A claim lasts until its owner's deadline: while that runs it is always fresh.
                if is_running(state.deliveries[owner]) { vec![met] } else { vec![met, taken] }
            }
            _ => vec![taken],
        }
    }

    fn send(self, messages: u8) -> u8 {
        match self.topic {
            Topic::Fifo => 1,
            Topic::Standard => messages + 1,
        }
    }
}

fn is_running(step: Step) -> bool {
    !matches!(step, Step::Waiting | Step::Done | Step::DeadLetter)
}
