use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::gateway_response::{MISSING_TOKEN, Refusal};
use crate::{
    cognito::{Issuer, TokenError},
    identity::ACCOUNT,
    sts::{Session, Sessions},
    template::Security,
};

const UNAUTHORIZED: Refusal = Refusal {
    status: StatusCode::UNAUTHORIZED,
    kind: "UNAUTHORIZED",
    code: "UnauthorizedException",
    message: "Unauthorized",
};
const EXPIRED: Refusal = Refusal { message: "The incoming token has expired", ..UNAUTHORIZED };
const EXPIRED_SESSION: Refusal = Refusal {
    status: StatusCode::FORBIDDEN,
    kind: "EXPIRED_TOKEN",
    code: "ExpiredTokenException",
    message: "The security token included in the request is expired",
};
const WRONG_SERVICE: Refusal = Refusal {
    status: StatusCode::FORBIDDEN,
    kind: "INVALID_SIGNATURE",
    code: "InvalidSignatureException",
    message: "Credential should be scoped to correct service: 'execute-api'.",
};

/// Knows who calls: by the key that a request is signed with, or by its token.
#[derive(Debug)]
pub(crate) struct Callers {
    /// For methods with `AWS_IAM`. Signatures are not verified, as everywhere here.
    pub(crate) sessions: Arc<Sessions>,
    /// For methods with a user pool.
    pub(crate) issuer: Option<Arc<Issuer>>,
    /// Whether the trace header that they send is continued.
    pub(crate) trusts_trace_header: bool,
}

/// Who sent a request.
#[derive(Debug)]
pub(super) enum Caller {
    /// Nobody asked.
    Unknown,
    /// A session of a role, or the account's owner, and the access key.
    Signed(Session, String),
    /// A user, by the claims of the token.
    User(Value),
}

impl Callers {
    /// Lets in whom `security` lets in.
    pub(super) fn identify(
        &self,
        security: &Security,
        headers: &HeaderMap,
    ) -> Result<Caller, Refusal> {
        let authorization = headers.get(header::AUTHORIZATION);
        let authorization = authorization.and_then(|value| value.to_str().ok());
        match security {
            Security::Open => Ok(Caller::Unknown),
            Security::Iam => self.signer(authorization.ok_or(MISSING_TOKEN)?),
            Security::UserPool(_) => self.user(authorization.ok_or(UNAUTHORIZED)?),
        }
    }

    /// See <https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html>.
    fn signer(&self, authorization: &str) -> Result<Caller, Refusal> {
        let credential = authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or(MISSING_TOKEN)?;
        let (_, scope) = credential.split_once("Credential=").ok_or(MISSING_TOKEN)?;
        let scope = scope.split([',', ' ']).next().unwrap_or_default();
        if scope.split('/').rev().nth(1) != Some("execute-api") {
            return Err(WRONG_SERVICE);
        }
        let key = scope.split('/').next().unwrap_or_default();
        let session = self.sessions.of(key);
        if session.is_over() {
            return Err(EXPIRED_SESSION);
        }
        Ok(Caller::Signed(session, key.to_owned()))
    }

    /// See <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html>.
    fn user(&self, authorization: &str) -> Result<Caller, Refusal> {
        let issuer = self.issuer.as_ref().ok_or(UNAUTHORIZED)?;
        let token = authorization.strip_prefix("Bearer ").unwrap_or(authorization);
        issuer.verify(token).map(Caller::User).map_err(|error| match error {
            TokenError::Expired => EXPIRED,
            _ => UNAUTHORIZED,
        })
    }
}

impl Caller {
    /// Writes into a proxy event's `requestContext` who calls. Claims are texts there.
    pub(super) fn describe(&self, context: &mut Value) {
        match self {
            Self::Unknown => {}
            Self::Signed(session, key) => {
                let identity = &mut context["identity"];
                identity["accountId"] = ACCOUNT.into();
                identity["accessKey"] = key.as_str().into();
                identity["caller"] = session.user.as_str().into();
                identity["user"] = session.user.as_str().into();
                identity["userArn"] = session.arn.as_str().into();
            }
            Self::User(claims) => {
                let texts = claims.as_object().into_iter().flatten().map(|(name, value)| {
                    (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                });
                let texts: Value = texts.map(|(name, text)| (name, Value::from(text))).collect();
                context["authorizer"] = json!({ "claims": texts });
            }
        }
    }
}
