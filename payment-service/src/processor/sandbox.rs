use shared::{OrderId, PaymentMethod};

use super::{Charge, Processor, ProcessorError, Refund, Verdict};

/// The embedded payment processor: it moves no money and knows test payment methods.
///
/// It has no memory of its own: for it, nothing is charged that the table of payments does not say is
/// charged. So a cancelled intention, whose verdict nobody recorded, ends void.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sandbox;

impl Processor for Sandbox {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    #[tracing::instrument(name = "charge", skip_all, fields(metadata.processor = self.name()))]
    async fn charge(&self, charge: Charge<'_>) -> Result<Verdict, ProcessorError> {
        let verdict = match charge.method.map(PaymentMethod::as_str) {
            None | Some("card_ok") => Verdict::Approved,
            // `card_declined`, and every unknown method.
            Some(_) => Verdict::Declined,
        };
        tracing::info!(key = %charge.idempotency_key, ?verdict, "charge requested");
        Ok(verdict)
    }

    #[tracing::instrument(name = "refund", skip_all, fields(metadata.processor = self.name()))]
    async fn refund(&self, key: &OrderId) -> Result<Refund, ProcessorError> {
        tracing::info!(%key, "refund requested");
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
