use std::{future, sync::Arc};

use futures_util::future::BoxFuture;

use crate::{
    iam::Authorizer,
    identity::{ACCOUNT, iam_arn},
    wire::{
        AwsApi, AwsError, AwsRequest, CredentialScope, Outcome, Permission, Protocol, Response,
        escape,
    },
};

/// The one operation.
/// See <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.
const OPERATION: &str = "GetCallerIdentity";

/// The STS API: who the caller is.
#[derive(Debug)]
pub(crate) struct Sts(pub(crate) Arc<Authorizer>);

impl AwsApi for Sts {
    fn name(&self) -> &'static str {
        "sts"
    }

    fn protocol(&self) -> Protocol {
        Protocol::Query { namespace: "https://sts.amazonaws.com/doc/2011-06-15/" }
    }

    /// Everybody may ask, even with an explicit deny.
    fn permissions(&self, _request: &AwsRequest) -> Vec<Permission> {
        Vec::new()
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        let outcome = if request.operation == OPERATION {
            Ok(Response::Xml(self.identity(CredentialScope::parse(&request.headers).key)))
        } else {
            Err(AwsError::unknown_operation("STS", &request.operation, &[OPERATION]))
        };
        Box::pin(future::ready(outcome))
    }
}

impl Sts {
    fn identity(&self, key: Option<&str>) -> String {
        let function = key.and_then(|key| Some((key, self.0.session(key)?)));
        let (id, arn) = match function {
            Some((key, arn)) => (escape(key), escape(&arn)),
            None => (ACCOUNT.to_owned(), iam_arn("root")),
        };
        format!("<Arn>{arn}</Arn><UserId>{id}</UserId><Account>{ACCOUNT}</Account>")
    }
}
