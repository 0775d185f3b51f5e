use shared::Amount;

/// The payment processor that comes embedded: it moves no money and knows test payment methods.
///
/// This is the seam to a real one. Whatever stands here has to keep two promises: a charge repeated with
/// the same key is the same charge, and a refund repeated with the same key is the same refund. Every
/// card network's API takes such a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sandbox;

/// What to charge, and the key that makes repeating it harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Charge<'a> {
    /// The order's id.
    pub(crate) idempotency_key: &'a str,
    /// In major units of `currency`.
    pub(crate) amount: Amount,
    /// ISO 4217.
    pub(crate) currency: &'a str,
    /// `card_ok`, `card_declined`; the card on file where absent.
    pub(crate) method: Option<&'a str>,
}

/// A processor's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Approved,
    Declined,
}

/// The processor could not be asked. Nothing is known about the money; ask again.
#[derive(Debug, thiserror::Error)]
#[error("the payment processor `{0}` does not answer")]
pub(crate) struct ProcessorError(&'static str);

impl Sandbox {
    /// Who it is, in events and records.
    pub(crate) const NAME: &'static str = "sandbox";

    /// Charges, or declines to.
    #[tracing::instrument(name = "charge", skip_all, fields(metadata.processor = Self::NAME))]
    pub(crate) async fn charge(&self, charge: Charge<'_>) -> Result<Verdict, ProcessorError> {
        let verdict = match charge.method {
            None | Some("card_ok") => Verdict::Approved,
            // `card_declined`, and every method that the sandbox has never heard of.
            Some(_) => Verdict::Declined,
        };
        tracing::info!(key = charge.idempotency_key, ?verdict, "asked for a charge");
        Ok(verdict)
    }

    /// Gives back what was charged under that key.
    #[tracing::instrument(name = "refund", skip_all, fields(metadata.processor = Self::NAME))]
    pub(crate) async fn refund(&self, idempotency_key: &str) -> Result<(), ProcessorError> {
        tracing::info!(key = idempotency_key, "refunded");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_sandbox_knows_its_cards() {
        for (method, verdict) in [
            (None, Verdict::Approved),
            (Some("card_ok"), Verdict::Approved),
            (Some("card_declined"), Verdict::Declined),
            (Some("shells"), Verdict::Declined),
        ] {
            let amount = "1.00".parse().unwrap();
            let charge = Charge { idempotency_key: "ord_1", amount, currency: "USD", method };
            assert_eq!(Sandbox.charge(charge).await.unwrap(), verdict, "{method:?}");
        }
    }
}
