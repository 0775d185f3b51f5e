use std::{future, sync::Arc};

use axum::http::StatusCode;
use chrono::SecondsFormat;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::Sessions;
use crate::{
    clock,
    iam::Authorizer,
    identity::ACCOUNT,
    wire::{
        AwsApi, AwsError, AwsRequest, CredentialScope, Outcome, Permission, Protocol, Response,
        escape,
    },
};

/// The operations.
const OPERATIONS: [&str; 2] = ["AssumeRole", "GetCallerIdentity"];
/// How long a session lasts, in seconds: the default, the least and the most
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>).
const DURATION: i64 = 3600;
const SHORTEST: i64 = 900;
const LONGEST: i64 = 43_200;

/// The STS API: who the caller is, and acting in a role.
#[derive(Debug)]
pub(crate) struct Sts {
    /// Knows the functions by their keys.
    pub(crate) authorizer: Arc<Authorizer>,
    /// Those that were begun.
    pub(crate) sessions: Arc<Sessions>,
    /// The ARNs of the roles that may be assumed.
    pub(crate) roles: Vec<String>,
}

impl AwsApi for Sts {
    fn name(&self) -> &'static str {
        "sts"
    }

    fn protocol(&self) -> Protocol {
        Protocol::Query { namespace: "https://sts.amazonaws.com/doc/2011-06-15/" }
    }

    fn permissions(&self, request: &AwsRequest) -> Vec<Permission> {
        match request.operation.as_str() {
            "AssumeRole" => vec![Permission::new("sts", "AssumeRole", request.field("RoleArn"))],
            _ => Vec::new(),
        }
    }

    fn denial(&self) -> (StatusCode, &'static str) {
        (StatusCode::FORBIDDEN, "AccessDenied")
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        let outcome = match request.operation.as_str() {
            "AssumeRole" => self.assume_role(request),
            "GetCallerIdentity" => {
                Ok(self.identity(CredentialScope::parse(&request.headers).key.unwrap_or_default()))
            }
            other => Err(AwsError::unknown_operation("STS", other, &OPERATIONS)),
        };
        Box::pin(future::ready(outcome.map(Response::Xml)))
    }
}

impl Sts {
    fn assume_role(&self, request: &AwsRequest) -> Result<String, AwsError> {
        let (role, name) = (request.field("RoleArn"), request.field("RoleSessionName"));
        let invalid = |message: String| AwsError::bad_request("ValidationError", message);
        if !(2..=64).contains(&name.len()) || !name.chars().all(is_name_character) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy \
                 constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]{{2,64}}"
            )));
        }
        let seconds = match request.field("DurationSeconds") {
            "" => DURATION,
            text => text.parse().ok().filter(|it| (SHORTEST..=LONGEST).contains(it)).ok_or_else(
                || invalid(format!("DurationSeconds has to be from {SHORTEST} to {LONGEST}")),
            )?,
        };
        if !self.roles.iter().any(|known| known == role) {
            let message = format!(
                "User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: sts:AssumeRole on \
                 resource: {role}"
            );
            return Err(AwsError::new(StatusCode::FORBIDDEN, "AccessDenied", message));
        }
        let (key, session) = self.sessions.begin(role, name, seconds);
        let expiration = clock::at(precise(session.expires));
        Ok(format!(
            "<AssumedRoleUser><AssumedRoleId>{}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser>\
             <Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>local</SecretAccessKey>\
             <SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials>",
            escape(&session.user),
            escape(&session.arn),
            Uuid::new_v4().simple(),
            expiration.to_rfc3339_opts(SecondsFormat::Secs, true)
        ))
    }

    /// See <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>. Everybody may ask, even
    /// with an explicit deny.
    fn identity(&self, key: &str) -> String {
        let session = self.sessions.of(key);
        let function = self.authorizer.session(key).map(|arn| (key.to_owned(), arn));
        let (user, arn) = function.unwrap_or((session.user, session.arn));
        let (arn, user) = (escape(&arn), escape(&user));
        format!("<Arn>{arn}</Arn><UserId>{user}</UserId><Account>{ACCOUNT}</Account>")
    }
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}

#[expect(clippy::cast_precision_loss, reason = "seconds since the epoch are far below 2^52")]
fn precise(seconds: i64) -> f64 {
    seconds as f64
}
