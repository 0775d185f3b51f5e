use Fact::{
    InventoryCancelled, InventoryInsufficient, InventoryReleased, InventoryUpdated,
    NotificationSent, PaymentCancelled, PaymentFailed, PaymentProcessed, PaymentRefunded,
};

use super::*;

fn progress(facts: &[Fact]) -> Progress {
    let event_id = "e".to_owned();
    let happened = Happened { at: DateTime::UNIX_EPOCH, event_id, trace: None, detail: None };
    facts.iter().map(|fact| (*fact, happened.clone())).collect()
}

#[test]
fn what_is_known_decides_the_status() {
    for (facts, status) in [
        (&[][..], Status::Created),
        (&[PaymentProcessed], Status::Created),
        (&[InventoryUpdated], Status::Created),
        (&[PaymentProcessed, InventoryUpdated], Status::Confirmed),
        (&[PaymentFailed], Status::PaymentFailed),
        (&[PaymentFailed, InventoryUpdated], Status::PaymentFailed),
        (&[InventoryInsufficient], Status::OutOfStock),
        (&[InventoryInsufficient, PaymentProcessed], Status::OutOfStock),
        (&[InventoryInsufficient, PaymentFailed], Status::PaymentFailed),
    ] {
        assert_eq!(progress(facts).status(), status, "{facts:?}");
    }
}

#[test]
fn the_status_is_what_the_customer_was_told() {
    for (outcome, status) in [
        ("confirmed", Status::Confirmed),
        ("payment_failed", Status::PaymentFailed),
        ("out_of_stock", Status::OutOfStock),
        // What this version does not know.
        ("postponed", Status::PaymentFailed),
    ] {
        let mut facts = progress(&[InventoryInsufficient, PaymentFailed]);
        let at = DateTime::UNIX_EPOCH;
        let detail = Some(outcome.to_owned());
        let event_id = "n".to_owned();
        facts.0.insert(NotificationSent, Happened { at, event_id, trace: None, detail });
        assert_eq!(facts.status(), status, "{outcome}");
    }
}

/// All 512 sets of facts, against the three sentences of the protocol.
#[test]
fn an_order_ends_when_nothing_is_left_to_be_done() {
    for set in 0..1_u32 << Fact::ALL.len() {
        let facts = (0..).zip(Fact::ALL).filter(|(bit, _)| set & (1 << bit) != 0);
        let facts: Vec<_> = facts.map(|(_, fact)| *fact).collect();
        let has = |fact| facts.contains(&fact);
        let stock_is_back =
            has(InventoryReleased) || has(InventoryInsufficient) || has(InventoryCancelled);
        let money_is_back = has(PaymentRefunded) || has(PaymentFailed) || has(PaymentCancelled);
        let payment_failed = has(PaymentFailed) && stock_is_back;
        let out_of_stock = has(InventoryInsufficient) && money_is_back;
        let is_refused = has(PaymentFailed) || has(InventoryInsufficient);
        let confirmed = !is_refused && has(PaymentProcessed) && has(InventoryUpdated);
        let ended = has(NotificationSent) && (confirmed || payment_failed || out_of_stock);
        assert_eq!(progress(&facts).is_ended(), ended, "{facts:?}");
    }
}

#[test]
fn history_is_in_the_order_of_time() {
    let at = |seconds| Happened {
        at: DateTime::from_timestamp(seconds, 0).unwrap(),
        event_id: String::new(),
        trace: None,
        detail: None,
    };
    let progress: Progress =
        [(NotificationSent, at(3)), (PaymentProcessed, at(2)), (InventoryUpdated, at(1))]
            .into_iter()
            .collect();
    let facts: Vec<_> = progress.history().into_iter().map(|(fact, _)| fact).collect();
    assert_eq!(facts, [InventoryUpdated, PaymentProcessed, NotificationSent]);
}
