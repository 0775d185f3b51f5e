use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};
use serde_json::Value;

use super::{
    incoming::Incoming,
    proxy::{query_maps, request_context},
};
use crate::{
    template::{Api, GatewayResponse},
    wire::HttpResponse,
};

/// What API Gateway itself answers, before the template says how that looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    /// The status, unless the template has another one.
    pub(super) status: StatusCode,
    /// The type of the gateway response
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>).
    pub(super) kind: &'static str,
    /// The error's name.
    pub(super) code: &'static str,
    /// What is wrong.
    pub(super) message: &'static str,
}

/// API Gateway answers a path that it does not have like one that needs a signature.
pub(super) const MISSING_TOKEN: Refusal = Refusal {
    status: StatusCode::FORBIDDEN,
    kind: "MISSING_AUTHENTICATION_TOKEN",
    code: "MissingAuthenticationTokenException",
    message: "Missing Authentication Token",
};
/// One request too many.
pub(crate) const THROTTLED: Refusal = Refusal {
    status: StatusCode::TOO_MANY_REQUESTS,
    kind: "THROTTLED",
    code: "TooManyRequestsException",
    message: "Too Many Requests",
};
pub(super) const TOO_LARGE: Refusal = Refusal {
    status: StatusCode::PAYLOAD_TOO_LARGE,
    kind: "REQUEST_TOO_LARGE",
    code: "RequestTooLargeException",
    message: "Request Too Long",
};
/// Which answer API Gateway gives here is unconfirmed.
pub(super) const HEAD_TOO_LARGE: Refusal = Refusal {
    status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    message: "Request Header Fields Too Large",
    ..TOO_LARGE
};
pub(super) const BAD_REQUEST: Refusal = Refusal {
    status: StatusCode::BAD_REQUEST,
    kind: DEFAULT_4XX,
    code: "BadRequestException",
    message: "Bad Request",
};
pub(super) const SLOW_REQUEST: Refusal = Refusal {
    status: StatusCode::REQUEST_TIMEOUT,
    kind: DEFAULT_4XX,
    code: "RequestTimeoutException",
    message: "Request Timeout",
};
/// API Gateway failed.
pub(crate) const INTERNAL: Refusal = Refusal {
    status: StatusCode::INTERNAL_SERVER_ERROR,
    kind: DEFAULT_5XX,
    code: "InternalServerErrorException",
    message: "Internal server error",
};
/// Which type a failed function or a malformed proxy response has is unconfirmed.
pub(super) const BAD_GATEWAY: Refusal = Refusal { status: StatusCode::BAD_GATEWAY, ..INTERNAL };
pub(super) const TIMED_OUT: Refusal = Refusal {
    status: StatusCode::GATEWAY_TIMEOUT,
    kind: "INTEGRATION_TIMEOUT",
    message: "Endpoint request timed out",
    ..INTERNAL
};

/// What stands for the types that the template does not declare.
const DEFAULT_4XX: &str = "DEFAULT_4XX";
const DEFAULT_5XX: &str = "DEFAULT_5XX";
const JSON: &str = "application/json";
/// API Gateway's own template.
const DEFAULT_TEMPLATE: &str = r#"{"message":$context.error.messageString}"#;

/// A refusal as HTTP, as the template declares it.
/// See <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html>.
pub(super) fn respond(refusal: Refusal, api: &Api, incoming: &Incoming<'_>) -> HttpResponse {
    let undeclared = GatewayResponse::default();
    let default = if refusal.status.is_server_error() { DEFAULT_5XX } else { DEFAULT_4XX };
    let declared = api.gateway_responses.get(refusal.kind);
    let declared = declared.or_else(|| api.gateway_responses.get(default)).unwrap_or(&undeclared);
    let variables = Variables { context: context(refusal, api, incoming), api, incoming };
    let (media_type, template) = template(declared, &incoming.headers);

    let mut response = HttpResponse::new(Body::from(variables.substitute(template)));
    let status = declared.status.and_then(|status| StatusCode::from_u16(status).ok());
    *response.status_mut() = status.unwrap_or(refusal.status);
    let mapped = declared.headers.iter().map(|(name, source)| (&**name, variables.map(source)));
    let own = [("x-amzn-errortype", refusal.code), ("content-type", media_type)];
    let own = own.map(|(name, value)| (name, Some(value.to_owned())));
    for (name, value) in own.into_iter().chain(mapped) {
        let value = value.and_then(|value| HeaderValue::from_str(&value).ok());
        if let (Ok(name), Some(value)) = (name.parse::<HeaderName>(), value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The template that the request's `Accept` names, the one for JSON, or the only one there is.
fn template<'a>(declared: &'a GatewayResponse, headers: &HeaderMap) -> (&'a str, &'a str) {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let accepted = accepted.unwrap_or_default().split(',');
    let accepted = accepted.map(|range| range.split(';').next().unwrap_or_default().trim());
    let templates = &declared.templates;
    let named = accepted.chain([JSON]).find_map(|range| templates.get_key_value(range));
    let chosen = named.or_else(|| templates.first_key_value());
    chosen.map_or((JSON, DEFAULT_TEMPLATE), |(media_type, template)| {
        (media_type.as_str(), template.as_str())
    })
}

/// `$context`: what is known of the request, and what is wrong with it.
fn context(refusal: Refusal, api: &Api, incoming: &Incoming<'_>) -> Value {
    let mut context = request_context(api, incoming);
    context["xrayTraceId"] = incoming.trace.root.as_str().into();
    context["error"] = serde_json::json!({
        "message": refusal.message,
        // With its quotes, as JSON.
        "messageString": Value::from(refusal.message).to_string(),
        "responseType": refusal.kind,
    });
    context
}

/// What a template or a header's value may name.
struct Variables<'a> {
    context: Value,
    api: &'a Api,
    incoming: &'a Incoming<'a>,
}

impl Variables<'_> {
    /// The value of a header: a text in quotes, or a name.
    fn map(&self, source: &str) -> Option<String> {
        let text = source.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        text.map(str::to_owned).or_else(|| self.value(source))
    }

    /// Replaces every `$name`. It is no Velocity template: there is nothing else.
    fn substitute(&self, template: &str) -> String {
        let mut text = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('$') {
            text.push_str(before);
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
            let name = after[..end].trim_end_matches(['.', '-']);
            let known = ["context.", "stageVariables.", "method.request."];
            if known.iter().any(|prefix| name.starts_with(prefix)) {
                text.push_str(&self.value(name).unwrap_or_default());
                rest = &after[name.len()..];
            } else {
                text.push('$');
                rest = after;
            }
        }
        text + rest
    }

    /// What a name stands for. What an unknown one becomes is unconfirmed; here it is empty.
    fn value(&self, name: &str) -> Option<String> {
        if let Some(path) = name.strip_prefix("context.") {
            let value = path.split('.').try_fold(&self.context, |value, key| value.get(key))?;
            return value
                .as_str()
                .map(str::to_owned)
                .or_else(|| value.as_u64().map(|n| n.to_string()));
        }
        if let Some(variable) = name.strip_prefix("stageVariables.") {
            return self.api.variables.get(variable).cloned();
        }
        let (place, name) = name.strip_prefix("method.request.")?.split_once('.')?;
        match place {
            "header" => self.incoming.headers.get(name)?.to_str().ok().map(str::to_owned),
            "path" => self.incoming.parameters.get(name).cloned(),
            "querystring" => query_maps(&self.incoming.query).0[name].as_str().map(str::to_owned),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
