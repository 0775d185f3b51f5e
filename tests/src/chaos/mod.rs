/// What the processor was asked for.
mod charges;
/// A client and what it is answered.
mod client;
/// What the functions count and log.
mod counts;
/// Which calls fail, and how.
mod faults;
/// What mends everything once nothing fails any more.
mod healing;
/// What came of it.
mod report;

use std::{sync::Arc, time::Instant};

use tokio::{sync::Semaphore, task::JoinSet};

use self::{client::Client, counts::Counts};
use crate::world::World;

pub use self::report::{Report, table};

/// Many orders while everything fails, and then what they came to.
#[derive(Clone, Copy, Debug)]
pub struct Chaos {
    /// How many clients want to order something.
    pub orders: usize,
    /// How many of them do so at the same time. A function may have half as many processes: calls that hang keep theirs busy.
    pub at_once: usize,
    /// How many of a hundred calls meet a fault.
    pub percent: f64,
    /// Decides what clients do and which calls meet a fault.
    pub seed: u64,
}

impl Chaos {
    /// Has everybody order, ends the faults, heals, and audits.
    pub async fn run(self) -> Report {
        let counts = Arc::new(Counts::default());
        let log = Arc::clone(&counts);
        let mut builder = World::with()
            .parameter("InitialStock", &client::INITIAL_STOCK.to_string())
            .processor()
            .processes(self.at_once / 2)
            .traces(self.orders * 2)
            .seed(self.seed)
            .log(move |line| log.add(line));
        for fault in faults::mix(self.percent) {
            builder = builder.fault(&fault);
        }
        let world = Arc::new(builder.start().await);
        let begin = Instant::now();
        let experiences = self.order(&world).await;
        let ordered = begin.elapsed();
        let injected = world.stack().injected_faults();
        let healed = healing::heal(&world).await;
        let report = Report::new(self, &world, &experiences, &counts, injected, healed).await;
        if let Some(world) = Arc::into_inner(world) {
            world.end_without_audit("the report has it").await;
        }
        report.with_times(ordered, begin.elapsed())
    }

    async fn order(self, world: &Arc<World>) -> Vec<client::Experience> {
        let places = Arc::new(Semaphore::new(self.at_once));
        let mut clients = JoinSet::new();
        for number in 0..self.orders {
            let client = Client::new(number, self.seed, self.percent > 0.0);
            let place = Arc::clone(&places).acquire_owned().await;
            let world = Arc::clone(world);
            clients.spawn(async move {
                let experience = client.order(&world).await;
                drop(place);
                experience
            });
        }
        clients.join_all().await
    }
}
