//! The protocol of an order's life, checked exhaustively: every interleaving of the steps that the services take,
//! with crashes between any two of them, lost events, duplicates and the order service's sweep.
//!
//! The models are small and plain on purpose. A step here is one conditional write, one call of the payment
//! processor or one publish of a service's `handler.rs`, and each step says which one. What the real binaries do
//! under faults is the chaos suite's to show; that no interleaving was forgotten is shown here.

#![expect(clippy::expect_used, reason = "what a model cannot hold fails the test")]

/// Follows every path from a first state.
mod checker;
/// Sending the customer's notification.
mod notification;
/// Payment, stock and the end of an order.
mod order;

use crate::{
    checker::explore,
    notification::{Sending, Topic},
    order::{Flaw, Life},
};

/// The four orders that there can be: with and without stock, with a good card and a bad one.
fn every_order(crashes: u8, duplicates: u8, sweeps: u8) -> [Life; 4] {
    [(true, true), (true, false), (false, true), (false, false)].map(|(has_stock, has_money)| {
        Life { has_stock, has_money, crashes, duplicates, sweeps, flaw: None }
    })
}

fn assert_holds(lives: [Life; 4]) {
    for life in lives {
        if let Err(counterexample) = explore(&life) {
            panic!("{life:?}: {counterexample}");
        }
    }
}

#[test]
fn orders_end_well_when_two_processes_die_or_events_are_lost() {
    assert_holds(every_order(2, 0, 0));
}

#[test]
fn orders_end_well_when_events_are_delivered_twice_at_once() {
    assert_holds(every_order(0, 2, 0));
}

#[test]
fn orders_end_well_when_the_sweep_meets_work_under_way() {
    assert_holds(every_order(0, 0, 1));
}

#[test]
fn each_rule_of_the_protocol_is_needed() {
    for flaw in Flaw::ALL {
        let broken = |life: Life| explore(&Life { flaw: Some(flaw), ..life }).is_err();
        assert!(every_order(1, 0, 0).into_iter().any(broken), "{flaw:?} goes unnoticed");
    }
}

#[test]
fn customers_are_notified_once_through_a_topic_that_deduplicates() {
    let sending = Sending { topic: Topic::Fifo, crashes: 2, lost_answers: 1 };
    explore(&sending).unwrap_or_else(|counterexample| panic!("{counterexample}"));
}

#[test]
fn a_standard_topic_sends_twice_only_after_a_crash_or_a_lost_answer() {
    let sending = Sending { topic: Topic::Standard, crashes: 0, lost_answers: 0 };
    explore(&sending).unwrap_or_else(|counterexample| panic!("{counterexample}"));
    // The window that docs/reliability.md states is real.
    assert!(explore(&Sending { crashes: 1, ..sending }).is_err());
    assert!(explore(&Sending { lost_answers: 1, ..sending }).is_err());
}
