use lambda_http::{
    Body, Response, aws_lambda_events::apigw::ApiGatewayProxyResponse, http::HeaderMap,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::IgnoredAny};
use serde_json::value::RawValue;
use shared::Payload;
use tracing::Span;

/// What the function is invoked with. Its shape says who invokes it.
#[derive(Debug)]
pub(crate) enum Invoked {
    /// API Gateway, with a request.
    Request(Box<RawValue>),
    /// The schedule.
    Schedule,
    /// The bus, with an event; or anything else, which is then refused as an event.
    Event(Box<RawValue>),
}

/// What an invocation ends with.
#[derive(Debug)]
pub(crate) enum Reply {
    /// What the client of the API gets.
    Response(Response<Body>),
    /// Nothing, which is how an event or the schedule is handled.
    Nothing,
}

impl<'de> Deserialize<'de> for Invoked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The few fields that differ.
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Shape {
            #[serde(rename = "httpMethod")]
            http_method: Option<IgnoredAny>,
            source: Option<String>,
        }
        let payload = Box::<RawValue>::deserialize(deserializer)?;
        let shape: Shape = serde_json::from_str(payload.get()).unwrap_or_default();
        // Only AWS itself can publish events with a source of this kind.
        Ok(match (shape.http_method, shape.source.as_deref()) {
            (Some(_), _) => Self::Request(payload),
            (None, Some("aws.events" | "aws.scheduler")) => Self::Schedule,
            _ => Self::Event(payload),
        })
    }
}

impl Payload for Invoked {
    fn event_source(&self) -> &'static str {
        match self {
            Self::Request(_) => "apigateway",
            Self::Schedule => "schedule",
            Self::Event(_) => "eventbridge",
        }
    }
}

impl shared::Response for Reply {
    fn record(&self, span: &Span) {
        if let Self::Response(response) = self {
            response.record(span);
        }
    }
}

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Response(response) => proxied(response).serialize(serializer),
            Self::Nothing => serializer.serialize_unit(),
        }
    }
}

/// The response in the form that API Gateway wants of a function
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>).
fn proxied(response: &Response<Body>) -> ApiGatewayProxyResponse {
    let mut proxied = ApiGatewayProxyResponse::default();
    proxied.status_code = response.status().as_u16().into();
    // API Gateway would add up the two kinds of headers.
    proxied.headers = HeaderMap::new();
    proxied.multi_value_headers = response.headers().clone();
    proxied.body = match response.body() {
        Body::Empty => None,
        body => Some(body.clone()),
    };
    proxied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_payload_says_who_sent_it() {
        for (payload, source) in [
            (r#"{"resource":"/","httpMethod":"GET","requestContext":{}}"#, "apigateway"),
            (r#"{"source":"aws.events","detail-type":"Scheduled Event"}"#, "schedule"),
            (r#"{"source":"payment.service","detail-type":"Payment Failed"}"#, "eventbridge"),
            (r#"{"source":7}"#, "eventbridge"),
            ("[]", "eventbridge"),
            ("null", "eventbridge"),
        ] {
            let invoked: Invoked = serde_json::from_str(payload).unwrap();
            assert_eq!(invoked.event_source(), source, "{payload}");
        }
    }

    #[test]
    fn a_response_is_what_api_gateway_reads() {
        let response =
            Response::builder().status(201).header("location", "/x").body("{}".into()).unwrap();
        let value = serde_json::to_value(Reply::Response(response)).unwrap();
        assert_eq!(value["statusCode"], 201);
        assert_eq!(value["multiValueHeaders"]["location"][0], "/x");
        assert_eq!(value["body"], "{}");
        assert_eq!(value["isBase64Encoded"], false);
        assert_eq!(serde_json::to_value(Reply::Nothing).unwrap(), serde_json::Value::Null);
    }
}
