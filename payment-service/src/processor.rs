/// Spares a processor that fails.
mod circuit;
/// A processor behind HTTP.
mod remote;
/// The embedded processor.
mod sandbox;

use std::future::Future;

use shared::{Amount, OrderId, PaymentMethod};

pub(crate) use self::{remote::RemoteProcessor, sandbox::Sandbox};

/// Whatever moves the money. It has to guarantee three things, as every card network's API does:
/// - A charge repeated with the same key is the same charge, with the same verdict.
/// - A refund repeated with the same key is the same refund.
/// - A refund of a key that was never charged is harmless and voids the key: a charge that arrives later is
///   answered with [`Verdict::Cancelled`].
pub(crate) trait Processor: Send + Sync + 'static {
    /// Its name in events and records.
    fn name(&self) -> &str;

    /// Charges, or declines to.
    fn charge(
        &self,
        charge: Charge<'_>,
    ) -> impl Future<Output = Result<Verdict, ProcessorError>> + Send;

    /// Refunds what was charged under that key.
    fn refund(&self, key: &OrderId) -> impl Future<Output = Result<Refund, ProcessorError>> + Send;
}

/// What to charge, and the key that makes repeating it harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Charge<'a> {
    pub(crate) idempotency_key: &'a OrderId,
    /// In major units of `currency`.
    pub(crate) amount: Amount,
    /// ISO 4217.
    pub(crate) currency: &'a str,
    /// The name of a payment method; the card on file where absent.
    pub(crate) method: Option<&'a PaymentMethod>,
}

/// A processor's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Approved,
    Declined,
    /// The key was voided by a refund before.
    Cancelled,
}

/// What a processor did to refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Refund {
    /// It gave back what it had charged, now or earlier.
    Refunded,
    /// It had charged nothing, and never will under that key.
    NothingCharged,
}

/// Why there is no verdict. Whether money was moved is unknown; retry with the same key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessorError {
    /// It was asked, and its last response was none or an error.
    #[error("the payment processor `{name}` did not decide in {attempts} attempts")]
    Unavailable { name: String, attempts: u32, source: remote::AttemptError },
    /// It was not asked, because it failed several times in a row.
    #[error("the payment processor `{0}` fails, and is not asked for a while")]
    Spared(String),
}
