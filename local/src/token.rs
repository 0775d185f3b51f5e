use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};

use crate::cli::TokenArguments;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoToken {
    #[error(
        "nothing answers on port {0}\n\nhint: start `cargo local` first, or pass --aws-port PORT"
    )]
    NoServer(u16, #[source] hyper_util::client::legacy::Error),
    #[error("the answer on port {0} breaks off")]
    Broken(u16, #[source] hyper::Error),
    #[error("{0}\n\nhint: only an API with a user pool takes tokens: --parameter ApiAuth=JWT")]
    Refused(String),
}

/// Signs in to the user pool of the `cargo local` that runs, and returns the id token.
pub(crate) async fn token(arguments: &TokenArguments) -> Result<String, NoToken> {
    let port = arguments.aws_port;
    let body = json!({
        "AuthFlow": "USER_PASSWORD_AUTH",
        "ClientId": arguments.client,
        "AuthParameters": { "USERNAME": arguments.customer, "PASSWORD": "any" },
    });
    let request = Request::post(format!("http://127.0.0.1:{port}/"))
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
        .header("x-amz-target", "AWSCognitoIdentityProviderService.InitiateAuth")
        .body(Body::from(body.to_string()))
        .unwrap_or_default();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.map_err(|error| NoToken::NoServer(port, error))?;
    let answer =
        answer.into_body().collect().await.map_err(|error| NoToken::Broken(port, error))?;
    let answer: Value = serde_json::from_slice(&answer.to_bytes()).unwrap_or_default();
    let token = answer["AuthenticationResult"]["IdToken"].as_str();
    token.map(str::to_owned).ok_or_else(|| {
        NoToken::Refused(answer["message"].as_str().unwrap_or("there is no user pool").to_owned())
    })
}
