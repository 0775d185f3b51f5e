use std::time::Duration;

use fastrand::Rng;
use serde_json::json;

use crate::{response::Response, world::World};

/// What each of the three warehouses has of a product that was never seen.
pub(super) const INITIAL_STOCK: u32 = 40;
/// What an order needs that no warehouse has.
const TOO_MANY: u32 = INITIAL_STOCK + 1;
/// What costs more than an order may.
const OVER_THE_LIMIT: u32 = 60;
/// How many products are ordered: each runs out in the course of a run.
const PRODUCTS: u32 = 40;
/// How often a client tries before it gives up.
const TRIES: u32 = 25;
/// The longest pause before a client's second try. It doubles with each further one.
const PAUSE: Duration = Duration::from_millis(40);
/// The longest pause of all.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Somebody who wants to order something.
#[derive(Debug)]
pub(super) struct Client {
    customer: String,
    body: String,
    key: Option<String>,
    /// Whether it sends its request twice at the same time.
    is_impatient: bool,
    random: Rng,
}

/// A client and all answers that it got.
#[derive(Debug)]
pub(super) struct Experience {
    pub(super) customer: String,
    pub(super) has_key: bool,
    pub(super) answers: Vec<Answer>,
}

/// What a client knows after a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// `201` or `202`: its order is accepted.
    Placed(String),
    /// `429` or `503`: there is no order, and it may try again.
    Refused(u16),
    /// `409`: the first request with its key is under way.
    InFlight,
    /// `500`, `502`, `504`, or no answer: there is an order, or there is none.
    Unknown(u16),
    /// What no client should see here.
    Unexpected(u16),
}

impl Client {
    /// The client of that number. Everything about it follows from number and seed.
    pub(super) fn new(number: usize, seed: u64, has_slow_cards: bool) -> Self {
        let number = u64::try_from(number).unwrap_or_default();
        let mut random = Rng::with_seed(seed.wrapping_mul(1_000_003).wrapping_add(number));
        let product = format!("product-{}", random.u32(..PRODUCTS));
        let quantity = match random.u32(..100) {
            0..8 => OVER_THE_LIMIT,
            8..20 => TOO_MANY,
            _ => random.u32(1..=2),
        };
        let method = match random.u32(..100) {
            0..12 => Some("card_declined"),
            12..16 if has_slow_cards => {
                Some(["card_slow", "card_timeout", "card_twice"][random.usize(..3)])
            }
            _ => None,
        };
        let mut body = json!({ "productId": product, "quantity": quantity });
        if let Some(method) = method {
            body["paymentMethod"] = method.into();
        }
        let key = random.bool().then(|| format!("key-{seed}-{number}"));
        let is_impatient = key.is_some() && random.u32(..4) == 0;
        Self {
            customer: format!("customer-{number}"),
            body: body.to_string(),
            key,
            is_impatient,
            random,
        }
    }

    /// Orders until the order is accepted. With a key, every answer but a final one is a reason to try
    /// again; without one, only a refusal is.
    pub(super) async fn order(mut self, world: &World) -> Experience {
        let mut answers = Vec::new();
        for attempt in 0..TRIES {
            if attempt == 0 && self.is_impatient {
                let (one, other) = tokio::join!(self.send(world), self.send(world));
                answers.extend([one, other]);
            } else {
                answers.push(self.send(world).await);
            }
            let is_done = answers.iter().any(|answer| match answer {
                Answer::Placed(_) | Answer::Unexpected(_) => true,
                Answer::Unknown(_) => self.key.is_none(),
                Answer::Refused(_) | Answer::InFlight => false,
            });
            if is_done {
                break;
            }
            let longest = (PAUSE * 2_u32.pow(attempt.min(10))).min(LONGEST_PAUSE);
            // The pause is the client's own: nothing is waited for.
            tokio::time::sleep(longest.mul_f64(self.random.f64())).await;
        }
        Experience { customer: self.customer, has_key: self.key.is_some(), answers }
    }

    async fn send(&self, world: &World) -> Answer {
        let key = self.key.as_deref().map(|key| ("idempotency-key", key));
        let headers: Vec<_> = key.into_iter().collect();
        let url = format!("{}/orders/{}", world.stack().api(), self.customer);
        let Some(response) = world.try_request("POST", &url, &self.body, &headers).await else {
            return Answer::Unknown(0);
        };
        match response.status {
            201 | 202 => Answer::Placed(Response::order_id(&response)),
            409 => Answer::InFlight,
            status @ (429 | 503) => Answer::Refused(status),
            status @ (500 | 502 | 504) => Answer::Unknown(status),
            status => Answer::Unexpected(status),
        }
    }
}
