use super::*;

fn order(amount: &str) -> OrderCreated {
    OrderCreated {
        order_id: "ord_1".parse().unwrap(),
        customer_id: "customer123".parse().unwrap(),
        product_id: "12345".parse().unwrap(),
        quantity: 1,
        amount: amount.parse().unwrap(),
        currency: "USD".to_owned(),
        payment_method: None,
    }
}

fn intended() -> Payment {
    let limit = "100.00".parse().unwrap();
    Payment::intend(&order("1"), limit, "sandbox", DateTime::UNIX_EPOCH)
}

fn cancelled(payment: Payment) -> Payment {
    let state = match payment.state {
        State::Intended { sum, .. } => State::Intended { sum, is_cancelled: true },
        State::Charged { sum, refunded_at, .. } => {
            State::Charged { sum, is_cancelled: true, refunded_at }
        }
        other => other,
    };
    Payment { state, ..payment }
}

/// The detail-types that are published about a payment.
fn published(payment: Payment) -> Vec<&'static str> {
    let stored = Stored { payment, is_new: true, is_refund_new: true, claim: None };
    let events = stored.events(&Cause::request());
    events.iter().map(|event| event.event().detail_type()).collect()
}

#[test]
fn the_limit_itself_is_allowed() {
    let limit = "100.00".parse().unwrap();
    for (amount, is_asked) in [("99.99", true), ("100", true), ("100.01", false)] {
        let payment = Payment::intend(&order(amount), limit, "sandbox", DateTime::UNIX_EPOCH);
        assert_eq!(payment.is_intended(), is_asked, "{amount}");
    }
}

#[test]
fn every_verdict_and_every_refund_has_its_events() {
    // The original publishes "Payment Processed" whatever happened.
    let now = DateTime::UNIX_EPOCH;
    for (payment, step, events) in [
        (intended(), Step::Charge, &[][..]),
        (cancelled(intended()), Step::ResolveCancelled, &[]),
        (intended().decide(Verdict::Approved, now), Step::Publish, &["Payment Processed"]),
        (intended().decide(Verdict::Declined, now), Step::Publish, &["Payment Failed"]),
        (intended().decide(Verdict::Cancelled, now), Step::Publish, &["Payment Cancelled"]),
        // The cancellation came while the processor was asked.
        (
            cancelled(intended()).decide(Verdict::Approved, now),
            Step::Refund,
            &["Payment Processed"],
        ),
        (cancelled(intended()).decide(Verdict::Declined, now), Step::Publish, &["Payment Failed"]),
        (
            cancelled(intended()).resolve(Refund::Refunded, now),
            Step::Publish,
            &["Payment Processed", "Payment Refunded"],
        ),
        (
            cancelled(intended()).resolve(Refund::NothingCharged, now),
            Step::Publish,
            &["Payment Cancelled"],
        ),
    ] {
        assert_eq!(payment.next(), step, "{payment:?}");
        assert_eq!(published(payment.clone()), events, "{payment:?}");
    }
}

#[test]
fn a_decision_is_made_once() {
    let now = DateTime::UNIX_EPOCH;
    for decided in [
        intended().decide(Verdict::Approved, now),
        intended().decide(Verdict::Declined, now),
        intended().decide(Verdict::Cancelled, now),
    ] {
        for verdict in [Verdict::Approved, Verdict::Declined, Verdict::Cancelled] {
            assert_eq!(decided.clone().decide(verdict, now), decided);
        }
        for refund in [Refund::Refunded, Refund::NothingCharged] {
            assert_eq!(decided.clone().resolve(refund, now), decided);
        }
    }
}

#[test]
fn a_claim_is_another_invocations_until_its_deadline() {
    let context = lambda_runtime::Context::default();
    let invocation = Invocation::new(&context);
    let at = |millis| DateTime::from_timestamp_millis(millis).unwrap();
    for (request_id, now, is_claimed) in [
        ("another", 999, true),
        ("another", 1_001, false),
        // A retry of the invocation that has the claim.
        (invocation.request_id(), 999, false),
    ] {
        let claim = Some(Claim { request_id: request_id.to_owned(), until: 1_000 });
        let stored = Stored { payment: intended(), is_new: false, is_refund_new: false, claim };
        assert_eq!(stored.is_claimed_by_another(&invocation, at(now)), is_claimed, "{now}");
    }
}
