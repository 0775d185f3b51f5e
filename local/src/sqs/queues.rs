use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::{
    Message, NewMessage,
    queue::{Queue, Received, Sent},
};
use crate::{
    clock,
    logs::Logs,
    ring_buffer::{Cut, Page},
    template,
    wire::AwsError,
};

/// The queues of a template.
#[derive(Debug)]
pub(crate) struct Queues {
    by_name: Mutex<BTreeMap<String, Queue>>,
    /// Wakes whoever waits for a message, in any queue.
    pub(super) changed: Notify,
    logs: Arc<Logs>,
}

impl Queues {
    /// The queues of a template; `logs` learn of what is lost.
    pub(crate) fn new(queues: Vec<template::Queue>, logs: Arc<Logs>) -> Self {
        let now = clock::seconds();
        let queues =
            queues.into_iter().map(|queue| (queue.name.clone(), Queue::new(queue, now))).collect();
        Self { by_name: Mutex::new(queues), changed: Notify::new(), logs }
    }

    /// Delivers a message of another service to the queue with that ARN. What the queue refuses is lost, as
    /// on AWS, and the log says so.
    pub(crate) fn deliver(&self, arn: &str, message: NewMessage) {
        let name = arn.rsplit(':').next().unwrap_or(arn);
        if let Err(error) = self.send(name, message) {
            self.logs.report(&format!("a message for {arn} is lost: {}", error.message));
        }
    }

    /// Whether the queue with that ARN is a FIFO queue.
    pub(crate) fn is_fifo(&self, arn: &str) -> bool {
        self.by_name().values().any(|queue| queue.settings.arn == arn && queue.settings.fifo)
    }

    /// Sends a message.
    pub(super) fn send(&self, name: &str, message: NewMessage) -> Result<Sent, AwsError> {
        let (sent, dropped) =
            self.with(Some(name), |queue| queue.send(message, clock::seconds()))??;
        for Message { id, queue, reason, .. } in dropped {
            let why = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
            self.logs.report(&format!("queue {queue} is full; it has dropped message {id}{why}"));
        }
        self.changed.notify_waiters();
        Ok(sent)
    }

    /// Receives messages, `seconds` hidden from others. Beside them, when the next one becomes visible.
    pub(super) fn receive(
        &self,
        name: &str,
        limit: usize,
        seconds: Option<u32>,
    ) -> Result<(Vec<Received>, Option<f64>), AwsError> {
        self.with(Some(name), |queue| {
            let now = clock::seconds();
            let seconds = seconds.unwrap_or(queue.settings.visibility_timeout);
            (queue.receive(limit, seconds, now), queue.next_visible(now))
        })
    }

    /// Does something with the queue of that name.
    pub(super) fn with<T>(
        &self,
        name: Option<&str>,
        work: impl FnOnce(&mut Queue) -> T,
    ) -> Result<T, AwsError> {
        let mut queues = self.by_name();
        let queue = name.and_then(|name| queues.get_mut(name)).ok_or_else(|| {
            AwsError::bad_request("QueueDoesNotExist", "The specified queue does not exist.")
        })?;
        Ok(work(queue))
    }

    /// The names of all queues.
    pub(super) fn names(&self) -> Vec<String> {
        self.by_name().keys().cloned().collect()
    }

    /// Up to `limit` dead letters of all queues that are `wanted`, newest first. Only those are copied.
    pub(crate) fn dead_letters(
        &self,
        limit: usize,
        wanted: impl Fn(&Message) -> bool,
    ) -> Vec<Message> {
        let queues = self.by_name();
        let mut letters: Vec<_> = dead_letters(&queues).filter(|letter| wanted(letter)).collect();
        letters.sort_by(|a, b| b.time.cmp(&a.time));
        letters.into_iter().take(limit).cloned().collect()
    }

    /// A page of the dead letters.
    pub(crate) fn page(&self, cut: &Cut<'_>) -> Page<Message> {
        let queues = self.by_name();
        let mut letters: Vec<_> =
            dead_letters(&queues).map(|letter| (&letter.id, letter)).collect();
        letters.reverse();
        cut.page(letters.into_iter(), |letter| clock::parse_millis(&letter.time))
    }

    /// How many dead letters there are.
    pub(crate) fn dead_letter_count(&self) -> usize {
        dead_letters(&self.by_name()).count()
    }

    /// The messages of a queue in the order in which they were sent; none of a queue that does not exist.
    pub(crate) fn messages(&self, name: &str) -> Vec<Message> {
        self.by_name().get(name).into_iter().flat_map(Queue::messages).cloned().collect()
    }

    fn by_name(&self) -> MutexGuard<'_, BTreeMap<String, Queue>> {
        // A panic elsewhere does not make what was kept wrong.
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The newest first in each queue, so that a stable sort by time keeps that order.
fn dead_letters(queues: &BTreeMap<String, Queue>) -> impl Iterator<Item = &Message> {
    let messages = queues.values().flat_map(|queue| queue.messages().rev());
    messages.filter(|message| !message.reason.is_empty())
}
