use crate::story::{Outcome, Payment, Story};

/// What the customer reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// At most 100 ASCII characters, the limit of SNS
    /// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// The message about how `story` ended.
pub(crate) fn compose(story: &Story, outcome: Outcome) -> Message {
    let order = &story.order_id;
    let (subject, text) = match outcome {
        Outcome::Confirmed => (
            "Your order is confirmed",
            format!("Order {order} is paid and set aside for you. It leaves our warehouse next."),
        ),
        Outcome::PaymentFailed => (
            "Your order could not be paid",
            match story.payment {
                Some(Payment::LimitExceeded) => format!(
                    "Order {order} costs more than one order may. Nothing was charged; please \
                     order less at a time."
                ),
                _ => format!(
                    "Your payment for order {order} was declined. Nothing was charged; please \
                     order again with another payment method."
                ),
            },
        ),
        Outcome::OutOfStock => (
            "Your order is out of stock",
            format!(
                "We do not have enough of what you asked for in order {order}. What you were \
                 charged, if anything, is being refunded."
            ),
        ),
    };
    Message { subject: subject.to_owned(), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_has_a_message() {
        let story = |payment| Story { payment, ..Story::new("ord_1") };
        let messages: Vec<_> = [
            (Some(Payment::Processed), Outcome::Confirmed),
            (Some(Payment::Declined), Outcome::PaymentFailed),
            (Some(Payment::LimitExceeded), Outcome::PaymentFailed),
            (None, Outcome::OutOfStock),
        ]
        .into_iter()
        .map(|(payment, outcome)| compose(&story(payment), outcome))
        .map(|message| format!("{}\n{}", message.subject, message.text))
        .collect();
        insta::assert_snapshot!(messages.join("\n\n"));
    }
}
