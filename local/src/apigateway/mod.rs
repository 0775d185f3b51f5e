//! API Gateway: a REST API with Lambda proxy integrations.

/// The API Gateway API: asking how the REST API is configured.
mod api;
/// Who calls, and who is let in.
mod caller;
/// Requests on their way to a function and back.
mod gateway;
/// What API Gateway itself answers, as the template declares it.
mod gateway_response;
/// A request, and what is known of it.
mod incoming;
/// Lambda proxy integration: the event that goes in, the response that comes out.
mod proxy;
/// The stage's segment.
mod segment;

pub(crate) use {
    api::ApiGateway,
    caller::Callers,
    gateway::Gateway,
    gateway_response::{INTERNAL, THROTTLED},
};
