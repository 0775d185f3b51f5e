use std::{future, sync::Arc};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::issuer::{Issuer, TokenError, Use};
use crate::wire::{AwsApi, AwsError, AwsRequest, Outcome, Permission, Protocol, Response};

/// The one operation. It needs no signature.
/// See <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html>.
const OPERATION: &str = "InitiateAuth";
const FLOW: &str = "USER_PASSWORD_AUTH";
/// How long tokens are valid, in seconds: Cognito's default.
const VALIDITY: i64 = 3600;

/// The API of Cognito user pools, if the REST API has one.
#[derive(Debug)]
pub(crate) struct Cognito(pub(crate) Option<Arc<Issuer>>);

impl AwsApi for Cognito {
    fn name(&self) -> &'static str {
        "cognito-idp"
    }

    fn protocol(&self) -> Protocol {
        Protocol::Json {
            target: "AWSCognitoIdentityProviderService",
            content_type: "application/x-amz-json-1.1",
        }
    }

    /// Whoever can reach this may sign in.
    fn permissions(&self, _request: &AwsRequest) -> Vec<Permission> {
        Vec::new()
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        let outcome = match request.operation.as_str() {
            OPERATION => request.json().and_then(|body| self.sign_in(body)),
            other => Err(AwsError::unknown_operation("Cognito", other, &[OPERATION])),
        };
        Box::pin(future::ready(outcome.map(Response::Json)))
    }
}

impl Cognito {
    /// An id token for a user, issued to a client, for `seconds` from now.
    pub(crate) fn id_token(
        &self,
        user: &str,
        client: &str,
        seconds: i64,
    ) -> Result<String, TokenError> {
        self.0.as_ref().ok_or(TokenError::NoPool)?.issue(user, client, Use::Id, seconds)
    }

    /// Takes any name and any password.
    fn sign_in(&self, request: &Value) -> Result<Value, AwsError> {
        let invalid = |message: &str| AwsError::bad_request("InvalidParameterException", message);
        if request["AuthFlow"] != FLOW {
            return Err(invalid(&format!("the only AuthFlow here is {FLOW}")));
        }
        let client = request["ClientId"].as_str().unwrap_or_default();
        let issuer = self.0.as_ref().ok_or_else(|| {
            let message = format!("User pool client {client} does not exist.");
            AwsError::bad_request("ResourceNotFoundException", message)
        })?;
        let text = |name: &str| {
            let value = request["AuthParameters"][name].as_str();
            value.ok_or_else(|| invalid(&format!("Missing required parameter {name}")))
        };
        let (user, _password) = (text("USERNAME")?, text("PASSWORD")?);
        let issue = |purpose| {
            let token = issuer.issue(user, client, purpose, VALIDITY);
            token
                .map_err(|error| AwsError::bad_request("InternalErrorException", error.to_string()))
        };
        Ok(json!({
            "ChallengeParameters": {},
            "AuthenticationResult": {
                "IdToken": issue(Use::Id)?,
                "AccessToken": issue(Use::Access)?,
                "ExpiresIn": VALIDITY,
                "TokenType": "Bearer",
            },
        }))
    }
}
