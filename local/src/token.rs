use axum::http::{Request, header};
use serde_json::json;

use crate::{
    cli::TokenArguments,
    running::{NoAnswer, ask},
};

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoToken {
    #[error(
        "nothing answers on port {0}\n\nhint: start `cargo local` first, or pass --aws-port PORT"
    )]
    NoServer(u16, #[source] NoAnswer),
    #[error("the answer on port {0} is not one of `cargo local`")]
    Foreign(u16, #[source] NoAnswer),
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
        .body(body.to_string())
        .unwrap_or_default();
    let (_, answer) = ask(request).await.map_err(|error| match error {
        NoAnswer::Connection(_) => NoToken::NoServer(port, error),
        NoAnswer::Broken(_) | NoAnswer::Foreign(..) => NoToken::Foreign(port, error),
    })?;
    let token = answer["AuthenticationResult"]["IdToken"].as_str();
    token.map(str::to_owned).ok_or_else(|| {
        NoToken::Refused(answer["message"].as_str().unwrap_or("there is no user pool").to_owned())
    })
}
