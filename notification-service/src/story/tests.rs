use proptest::prelude::*;

use super::*;

#[test]
fn how_orders_end() {
    use Outcome::{Confirmed, OutOfStock, PaymentFailed};
    use Payment::{Declined, LimitExceeded, Processed};
    use Stock::{Insufficient, Reserved};
    for (payment, stock, ending) in [
        (None, None, None),
        (Some(Processed), None, None),
        (None, Some(Reserved), None),
        (Some(Processed), Some(Reserved), Some(Confirmed)),
        (Some(Declined), None, Some(PaymentFailed)),
        (Some(LimitExceeded), Some(Reserved), Some(PaymentFailed)),
        (None, Some(Insufficient), Some(OutOfStock)),
        (Some(Processed), Some(Insufficient), Some(OutOfStock)),
        (Some(Declined), Some(Insufficient), Some(PaymentFailed)),
    ] {
        let story = Story { payment, stock, ..Story::new("ord_1") };
        assert_eq!(story.ending(), ending, "{payment:?} {stock:?}");
    }
}

#[test]
fn a_claim_binds_other_invocations_until_it_expires() {
    let at = |millis| DateTime::from_timestamp_millis(millis).unwrap();
    let claim = Some(Claimed { owner: "request-1".to_owned(), until: 1_000 });
    let story = Story { claim, ..Story::new("ord_1") };
    for (request_id, now, is_bound) in
        [("request-2", 999, true), ("request-2", 1_001, false), ("request-1", 999, false)]
    {
        let found = story.is_claimed_by_another(request_id, at(now));
        assert_eq!(found, is_bound, "{request_id} {now}");
    }
    assert!(!Story::new("ord_1").is_claimed_by_another("request-1", at(0)));
}

#[test]
fn an_ending_that_is_claimed_never_changes() {
    let story = Story {
        payment: Some(Payment::Declined),
        stock: Some(Stock::Insufficient),
        outcome: Some(Outcome::OutOfStock),
        ..Story::new("ord_1")
    };
    assert_eq!(story.ending(), Some(Outcome::OutOfStock));
}

/// Adds a fact as the table does: the first fact of each kind counts.
fn add(story: &mut Story, fact: Fact) {
    match fact {
        Fact::Payment(payment) => _ = story.payment.get_or_insert(payment),
        Fact::Stock(stock) => _ = story.stock.get_or_insert(stock),
    }
}

fn any_fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        Just(Fact::Payment(Payment::Processed)),
        Just(Fact::Payment(Payment::Declined)),
        Just(Fact::Payment(Payment::LimitExceeded)),
        Just(Fact::Stock(Stock::Reserved)),
        Just(Fact::Stock(Stock::Insufficient)),
    ]
}

#[test]
fn names_round_trip_and_others_are_refused() {
    for outcome in [Outcome::Confirmed, Outcome::PaymentFailed, Outcome::OutOfStock] {
        assert_eq!(outcome.as_str().parse(), Ok(outcome));
    }
    assert_eq!(
        "lost".parse::<Stock>().unwrap_err().to_string(),
        r#"`lost` is not one of ["reserved", "insufficient"]"#
    );
}

proptest! {
    /// The outcome stays, whatever comes after it and however often.
    #[test]
    fn orders_only_move_forward(facts in proptest::collection::vec(any_fact(), 0..8)) {
        let mut story = Story::new("ord_1");
        for fact in facts {
            let before = story.outcome;
            add(&mut story, fact);
            story.outcome = story.ending();
            prop_assert!(before.is_none() || story.outcome == before);
        }
    }

    /// A fact about the payment and one about the stock mean the same in either order.
    #[test]
    fn the_order_of_two_facts_does_not_matter(one in any_fact(), other in any_fact()) {
        let end = |facts: [Fact; 2]| {
            let mut story = Story::new("ord_1");
            for fact in facts {
                add(&mut story, fact);
            }
            story.ending()
        };
        let same_kind = std::mem::discriminant(&one) == std::mem::discriminant(&other);
        prop_assume!(!same_kind);
        prop_assert_eq!(end([one, other]), end([other, one]));
    }
}
