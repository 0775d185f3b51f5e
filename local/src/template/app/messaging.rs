/// An SNS topic.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Whether it keeps order and delivers each message once.
    pub fifo: bool,
    /// Whether equal messages are one message, in a FIFO topic.
    pub content_based_deduplication: bool,
    /// Whether deduplication ids belong to their message group and not to the whole topic.
    pub deduplicates_per_group: bool,
}

/// A queue that gets what is published to a topic.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The logical id of the resource that declares it.
    pub logical_id: String,
    /// Its ARN.
    pub arn: String,
    /// The topic's ARN.
    pub topic: String,
    /// The queue's ARN.
    pub queue: String,
    /// Whether the message comes alone, without SNS's envelope.
    pub raw: bool,
}

/// An SQS queue. Times are in seconds.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// How long a received message is hidden.
    pub visibility_timeout: u32,
    /// How long a new message is hidden.
    pub delay: u32,
    /// How long a receiver waits for a message.
    pub wait: u32,
    /// How long AWS keeps a message; here it stays.
    pub retention: u32,
    /// Whether it keeps order and delivers each message once.
    pub fifo: bool,
    /// Whether equal messages are one message, in a FIFO queue.
    pub content_based_deduplication: bool,
    /// Whether deduplication ids belong to their message group and not to the whole queue.
    pub deduplicates_per_group: bool,
}
