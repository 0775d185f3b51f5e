use shared::{Amount, OrderId, PaymentMethod};

/// The embedded payment processor: it moves no money and knows test payment methods.
///
/// Replace it with a real one. A processor must guarantee three things, as every card network's API does:
/// - A charge repeated with the same key is the same charge, with the same verdict.
/// - A refund repeated with the same key is the same refund.
/// - A refund of a key that was never charged is harmless and voids the key: a charge that arrives later is
///   answered with [`Verdict::Cancelled`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sandbox;

/// What to charge, and the key that makes repeating it harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Charge<'a> {
    pub(crate) idempotency_key: &'a OrderId,
    /// In major units of `currency`.
    pub(crate) amount: Amount,
    /// ISO 4217.
    pub(crate) currency: &'a str,
    /// `card_ok`, `card_declined`; the card on file where absent.
    pub(crate) method: Option<&'a PaymentMethod>,
}

/// A processor's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Approved,
    Declined,
    /// The key was voided by a refund before.
    #[cfg_attr(not(test), expect(dead_code, reason = "for processors that remember charges"))]
    Cancelled,
}

/// What a processor did to refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refund {
    /// It gave back what it had charged, now or earlier.
    #[cfg_attr(not(test), expect(dead_code, reason = "for processors that remember charges"))]
    Refunded,
    /// It had charged nothing, and never will under that key.
    NothingCharged,
}

/// The processor did not respond. Whether it moved money is unknown; retry with the same key.
#[derive(Debug, thiserror::Error)]
#[error("the payment processor `{0}` does not respond")]
pub(crate) struct ProcessorError(&'static str);

impl Sandbox {
    /// Its name in events and records.
    pub(crate) const NAME: &'static str = "sandbox";

    /// Charges, or declines to.
    #[tracing::instrument(name = "charge", skip_all, fields(metadata.processor = Self::NAME))]
    pub(crate) async fn charge(&self, charge: Charge<'_>) -> Result<Verdict, ProcessorError> {
        let verdict = match charge.method.map(PaymentMethod::as_str) {
            None | Some("card_ok") => Verdict::Approved,
            // `card_declined`, and every unknown method.
            Some(_) => Verdict::Declined,
        };
        tracing::info!(key = %charge.idempotency_key, ?verdict, "charge requested");
        Ok(verdict)
    }

    /// Refunds what was charged under that key. The sandbox has no memory of its own: for it, nothing is
    /// charged that the table of payments does not say is charged.
    #[tracing::instrument(name = "refund", skip_all, fields(metadata.processor = Self::NAME))]
    pub(crate) async fn refund(&self, idempotency_key: &OrderId) -> Result<Refund, ProcessorError> {
        tracing::info!(key = %idempotency_key, "refund requested");
        Ok(Refund::NothingCharged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_sandbox_knows_its_test_cards() {
        for (method, verdict) in [
            (None, Verdict::Approved),
            (Some("card_ok"), Verdict::Approved),
            (Some("card_declined"), Verdict::Declined),
            (Some("shells"), Verdict::Declined),
        ] {
            let order_id: OrderId = "ord_1".parse().unwrap();
            let method: Option<PaymentMethod> = method.map(|method| method.parse().unwrap());
            let charge = Charge {
                idempotency_key: &order_id,
                amount: "1.00".parse().unwrap(),
                currency: "USD",
                method: method.as_ref(),
            };
            assert_eq!(Sandbox.charge(charge).await.unwrap(), verdict, "{method:?}");
        }
    }
}
