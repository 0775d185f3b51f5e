//! Many orders while everything fails, for as long as it takes:
//! `cargo soak --orders 100000 --faults 10 --seed 7`.

use std::{env, process::ExitCode};

use e2e::Chaos;

/// How many orders share a world, which keeps everything in memory.
const BATCH: usize = 5_000;

#[tokio::main]
async fn main() -> ExitCode {
    let Some(chaos) = arguments() else {
        println!("cargo soak [--orders COUNT] [--faults PERCENT] [--seed NUMBER]");
        return ExitCode::from(2);
    };
    let mut total = None;
    for begin in (0..chaos.orders).step_by(BATCH) {
        let orders = BATCH.min(chaos.orders - begin);
        let seed = chaos.seed.wrapping_add(u64::try_from(begin / BATCH).unwrap_or_default());
        let report = Chaos { orders, seed, ..chaos }.run().await;
        println!("{report}");
        total = Some(match total {
            None => report,
            Some(total) => report.and(total),
        });
    }
    let Some(total) = total else { return ExitCode::SUCCESS };
    println!("{total}");
    if total.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn arguments() -> Option<Chaos> {
    // In the release profile two cores have time for so many, whose calls mostly wait.
    let mut chaos = Chaos { orders: 10_000, at_once: 64, percent: 10.0, seed: 0 };
    let mut arguments = env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--orders" => chaos.orders = value.parse().ok()?,
            "--faults" => chaos.percent = value.parse().ok()?,
            "--seed" => chaos.seed = value.parse().ok()?,
            _ => return None,
        }
    }
    Some(chaos)
}
