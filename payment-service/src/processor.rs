use shared::{Amount, OrderId, PaymentMethod};

/// The embedded payment processor: it moves no money and knows test payment methods.
///
/// Replace it with a real one. A processor must guarantee that a charge repeated with the same key
/// is the same charge, and that a refund repeated with the same key is the same refund. Every card
/// network's API has such a key.
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

    /// Refunds what was charged under that key.
    #[tracing::instrument(name = "refund", skip_all, fields(metadata.processor = Self::NAME))]
    pub(crate) async fn refund(&self, idempotency_key: &OrderId) -> Result<(), ProcessorError> {
        tracing::info!(key = %idempotency_key, "refund requested");
        Ok(())
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
