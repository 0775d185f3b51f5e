use std::sync::Arc;

use bytes::Bytes;

use crate::{
    lambda::Lambda,
    sqs::{Attribute, NewMessage, Queues},
    template::Target,
    trace_header::TraceHeader,
};

/// Where events go: functions, and the dead-letter queues for what does not reach them.
#[derive(Clone, Debug)]
pub(crate) struct Targets {
    /// The functions.
    pub(crate) lambda: Arc<Lambda>,
    /// The queues.
    pub(crate) queues: Arc<Queues>,
}

impl Targets {
    /// Sends an event of the rule with that ARN to a target, or the constant that the target has in its
    /// place. Returns why the target could not be invoked.
    pub(super) fn send(
        &self,
        rule_arn: &str,
        target: &Target,
        event: &str,
        header: Option<&TraceHeader>,
    ) -> Result<(), String> {
        let payload = target.input.as_deref().unwrap_or(event);
        let payload_bytes = Bytes::copy_from_slice(payload.as_bytes());
        let invoked =
            self.lambda.invoke_asynchronously(&target.function, payload_bytes, header.cloned());
        invoked.map(drop).map_err(|error| {
            let reason = error.to_string();
            self.dead_letter(rule_arn, target, payload, &reason, header);
            reason
        })
    }

    /// What cannot be delivered goes to the target's dead-letter queue, with attributes that say why
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>).
    fn dead_letter(
        &self,
        rule_arn: &str,
        target: &Target,
        payload: &str,
        reason: &str,
        header: Option<&TraceHeader>,
    ) {
        let Some(queue) = &target.dead_letters else { return };
        let attributes = [
            ("RULE_ARN", rule_arn),
            ("TARGET_ARN", &target.function),
            ("ERROR_CODE", "NO_RESOURCE"),
            ("ERROR_MESSAGE", reason),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), Attribute::text(value)));
        self.queues.deliver(
            queue,
            NewMessage {
                body: payload.to_owned(),
                attributes: attributes.into_iter().collect(),
                reason: reason.to_owned(),
                trace_header: header.map(ToString::to_string),
                ..NewMessage::default()
            },
        );
    }
}
