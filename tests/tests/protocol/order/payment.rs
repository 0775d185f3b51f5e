use super::{Event, Flaw, Life, State, state::Delivery};

/// The payment's record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Payment {
    #[default]
    Undecided,
    /// Recorded before the processor is asked; `owner` is the request id of who asks.
    Intended {
        owner: u8,
        is_cancelled: bool,
    },
    Charged {
        is_cancelled: bool,
        is_refunded: bool,
    },
    Refused,
    Void,
}

/// What the payment processor knows of the order's idempotency key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Processor {
    pub(super) is_charged: bool,
    pub(super) is_refunded: bool,
    is_void: bool,
}

/// What an invocation does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Invocation {
    Start,
    Charge,
    RecordVerdict(Verdict),
    Refund,
    RecordRefund,
    Cancel,
    TakeOver,
    ResolveCancelled,
    RecordResolved { was_charged: bool },
    Publish([Option<Event>; 2]),
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Verdict {
    Approved,
    Declined,
    Cancelled,
}

impl Payment {
    pub(super) fn owner(self) -> Option<u8> {
        if let Self::Intended { owner, .. } = self { Some(owner) } else { None }
    }

    fn events(self) -> [Option<Event>; 2] {
        match self {
            Self::Undecided | Self::Intended { .. } => [None, None],
            Self::Charged { is_refunded: false, .. } => [Some(Event::PaymentProcessed), None],
            Self::Charged { is_refunded: true, .. } => {
                [Some(Event::PaymentProcessed), Some(Event::PaymentRefunded)]
            }
            Self::Refused => [Some(Event::PaymentFailed), None],
            Self::Void => [Some(Event::PaymentCancelled), None],
        }
    }
}

/// One step of `payment-service`.
pub(super) fn step(
    life: Life,
    state: &State,
    delivery: Delivery,
    at: Invocation,
) -> Vec<(State, Invocation)> {
    let me = delivery.request_id;
    let with = |payment| State { payment, ..*state };
    let mut after = *state;
    match at {
        Invocation::Start if delivery.event == Event::OrderCreated => start_paying(life, state, me),
        Invocation::Start => vec![match state.payment {
            Payment::Undecided => (with(Payment::Void), publish(Payment::Void)),
            Payment::Intended { .. } => (after, Invocation::Cancel),
            decided => (after, refund_or_publish(decided)),
        }],
        Invocation::Charge => {
            let verdict = charge(life, &mut after);
            vec![(after, Invocation::RecordVerdict(verdict))]
        }
        Invocation::RecordVerdict(verdict) => vec![record_verdict(state, verdict)],
        Invocation::Refund => {
            refund(life, &mut after);
            vec![(after, Invocation::RecordRefund)]
        }
        Invocation::RecordRefund => vec![record_refund(state)],
        Invocation::Cancel => cancel(state),
        Invocation::TakeOver => vec![match state.payment {
            Payment::Intended { owner, .. } if state.is_running(owner) => (after, Invocation::Done),
            Payment::Intended { is_cancelled, .. } => {
                (with(Payment::Intended { owner: me, is_cancelled }), Invocation::ResolveCancelled)
            }
            decided => (after, refund_or_publish(decided)),
        }],
        Invocation::ResolveCancelled => {
            let was_charged = refund(life, &mut after);
            vec![(after, Invocation::RecordResolved { was_charged })]
        }
        Invocation::RecordResolved { was_charged } => {
            if was_charged {
                let payment = Payment::Charged { is_cancelled: true, is_refunded: true };
                vec![(with(payment), publish(payment))]
            } else if state.payment.owner().is_some() {
                vec![(with(Payment::Void), publish(Payment::Void))]
            } else {
                vec![(after, publish(state.payment))]
            }
        }
        Invocation::Publish(_) | Invocation::Done => vec![(after, Invocation::Done)],
    }
}

/// The conditional write of the intention, and what it may meet.
fn start_paying(life: Life, state: &State, me: u8) -> Vec<(State, Invocation)> {
    let with = |payment| State { payment, ..*state };
    match state.payment {
        Payment::Undecided if life.flaw == Some(Flaw::NoIntention) => {
            vec![(*state, Invocation::Charge)]
        }
        Payment::Undecided => {
            vec![(with(Payment::Intended { owner: me, is_cancelled: false }), Invocation::Charge)]
        }
        Payment::Intended { owner, is_cancelled } => {
            let mut next = Vec::new();
            if owner != me {
                next.push((*state, Invocation::Done));
            }
            if owner == me || !state.is_running(owner) {
                let mine = with(Payment::Intended { owner: me, is_cancelled });
                next.push((
                    mine,
                    if is_cancelled { Invocation::ResolveCancelled } else { Invocation::Charge },
                ));
            }
            next
        }
        decided => vec![(*state, settle(decided))],
    }
}

/// The conditional write of the cancellation, and what it may meet.
fn cancel(state: &State) -> Vec<(State, Invocation)> {
    match state.payment {
        Payment::Intended { owner, .. } => {
            let payment = Payment::Intended { owner, is_cancelled: true };
            let cancelled = State { payment, ..*state };
            // The owner's claim is fresh while it runs, and perhaps for a while after it died.
            let mut next = vec![(cancelled, Invocation::Done)];
            if !state.is_running(owner) {
                next.push((cancelled, Invocation::TakeOver));
            }
            next
        }
        decided => vec![(*state, refund_or_publish(decided))],
    }
}

fn record_verdict(state: &State, verdict: Verdict) -> (State, Invocation) {
    let is_cancelled = match state.payment {
        Payment::Intended { is_cancelled, .. } => is_cancelled,
        // What the service did before intentions were recorded.
        Payment::Undecided => false,
        decided => return (*state, settle(decided)),
    };
    let payment = match verdict {
        Verdict::Approved => Payment::Charged { is_cancelled, is_refunded: false },
        Verdict::Declined => Payment::Refused,
        Verdict::Cancelled => Payment::Void,
    };
    (State { payment, ..*state }, settle(payment))
}

fn record_refund(state: &State) -> (State, Invocation) {
    let payment = match state.payment {
        Payment::Charged { is_cancelled, .. } => {
            Payment::Charged { is_cancelled, is_refunded: true }
        }
        other => other,
    };
    (State { payment, ..*state }, publish(payment))
}

/// Whoever finds a charge and a cancellation together refunds at once, without waiting for the sweep.
fn settle(payment: Payment) -> Invocation {
    match payment {
        Payment::Charged { is_cancelled: true, is_refunded: false } => Invocation::Refund,
        other => publish(other),
    }
}

fn refund_or_publish(payment: Payment) -> Invocation {
    match payment {
        Payment::Charged { is_refunded: false, .. } => Invocation::Refund,
        // Who refused said so already, and will again when asked to pay.
        Payment::Refused => Invocation::Done,
        other => publish(other),
    }
}

fn publish(payment: Payment) -> Invocation {
    Invocation::Publish(payment.events())
}

/// The processor: one key, one charge.
pub(super) fn charge(life: Life, state: &mut State) -> Verdict {
    let processor = &mut state.processor;
    if processor.is_void {
        Verdict::Cancelled
    } else if life.has_money {
        processor.is_charged = true;
        Verdict::Approved
    } else {
        Verdict::Declined
    }
}

/// The processor: gives back what was charged, or voids the key. The answer is whether there was a charge.
fn refund(life: Life, state: &mut State) -> bool {
    let processor = &mut state.processor;
    if processor.is_charged {
        processor.is_refunded = true;
    } else if life.flaw != Some(Flaw::KeyStaysValid) {
        processor.is_void = true;
    }
    processor.is_charged
}
