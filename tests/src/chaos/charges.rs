use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{audit::Violation, books::Books, world::World};

/// What the processor says of a charge.
#[derive(Debug)]
pub(super) struct Charge {
    is_kept: bool,
    /// How often the processor was asked for it.
    pub(super) requests: u64,
}

/// The processor's book, by the key of each charge.
pub(super) async fn charges(world: &World) -> BTreeMap<String, Charge> {
    let url = format!("{}/charges", world.processor().url());
    let listed = world.request("GET", &url, "", &[]).await.body;
    let charges = listed["charges"].as_array().into_iter().flatten().map(|charge: &Value| {
        let is_kept = charge["status"] == "approved" && charge["isRefunded"] == false;
        let requests = charge["requests"].as_u64().unwrap_or_default();
        (charge["key"].as_str().unwrap_or_default().to_owned(), Charge { is_kept, requests })
    });
    charges.collect()
}

/// Holds the processor's book against the table of payments.
pub(super) fn audit_charges<'a>(
    books: &'a Books,
    charges: &'a BTreeMap<String, Charge>,
) -> impl Iterator<Item = Violation> + 'a {
    let orders: BTreeSet<_> = books.payments.keys().chain(charges.keys()).collect();
    orders.into_iter().filter_map(|order| {
        let (payment, charge) = (books.payments.get(order), charges.get(order));
        let is_kept = payment.is_some_and(crate::books::Payment::is_kept);
        let differs = is_kept != charge.is_some_and(|charge| charge.is_kept);
        differs.then(|| Violation {
            subject: order.clone(),
            law: "what the processor has is what is recorded",
            found: format!("{payment:?}, {charge:?}"),
        })
    })
}
