use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use shared::{optional, required};

/// Who orders for `infra/canary`: this customer, or with `JWT` the user with this name in the pool.
const CANARY: &str = "canary";

/// Which callers may act for which customer, by how the API authorises them (the template's
/// `ApiAuth`). API Gateway has authenticated them before; this is about whose orders they get.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody for any customer: `NONE`, and `API_KEY`, because a key stands for a quota and not for
    /// somebody.
    Anybody,
    /// `AWS_IAM`: a session of one role, for the customer that the session is named after. Holds
    /// what the ARNs of its sessions start with.
    Session(String),
    /// `JWT`: the bearer of an id token that a user pool issued to one of its clients, for the
    /// customer whose id is the user's `sub`. Holds the client's id.
    Token(String),
}

/// Who sent a request, in the words of API Gateway
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>).
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Caller {
    #[serde(default, rename = "requestContext")]
    context: Context,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Context {
    identity: Identity,
    authorizer: Option<Authorizer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Identity {
    user_arn: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Authorizer {
    claims: HashMap<String, Value>,
}

/// The function's settings name no way to authorise callers.
#[derive(Debug, thiserror::Error)]
#[error("`API_AUTH` is `{0}`, which is none of NONE, API_KEY, AWS_IAM and JWT")]
pub(crate) struct UnknownAuthorisation(String);

/// The caller may not act for the customer of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the caller is not the customer")]
pub(crate) struct NotTheCustomer;

impl Access {
    /// Reads `API_AUTH` and what belongs to it.
    pub(crate) fn from_environment() -> Result<Self, shared::Error> {
        let kind = optional("API_AUTH", "NONE".to_owned())?;
        Ok(match kind.as_str() {
            "NONE" | "API_KEY" => Self::Anybody,
            "AWS_IAM" => Self::of_role(&required::<String>("CUSTOMER_ROLE")?),
            "JWT" => Self::Token(required("USER_POOL_CLIENT_ID")?),
            _ => return Err(UnknownAuthorisation(kind).into()),
        })
    }

    /// For the role with that ARN, `arn:aws:iam::123456789012:role/NAME`.
    fn of_role(arn: &str) -> Self {
        Self::Session(format!(
            "{}/",
            arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
        ))
    }

    /// Checks that `caller` is `customer_id`.
    pub(crate) fn check(&self, caller: &Caller, customer_id: &str) -> Result<(), NotTheCustomer> {
        let is_customer = match self {
            Self::Anybody => true,
            Self::Session(sessions) => {
                let arn = caller.context.identity.user_arn.as_deref().unwrap_or_default();
                arn.strip_prefix(sessions.as_str()) == Some(customer_id)
            }
            Self::Token(client) => {
                let claim = |name: &str| caller.claim(name);
                // An access token has no audience; one of another client is meant for another application.
                claim("token_use") == Some("id")
                    && claim("aud") == Some(client)
                    && claim("sub") == Some(customer_id)
            }
        };
        if is_customer { Ok(()) } else { Err(NotTheCustomer) }
    }

    /// Whether `caller`, who may act for `customer_id`, is `infra/canary`. A user pool chooses the ids of its users, but not
    /// their names.
    pub(crate) fn is_canary(&self, caller: &Caller, customer_id: &str) -> bool {
        match self {
            Self::Token(_) => caller.claim("cognito:username") == Some(CANARY),
            Self::Anybody | Self::Session(_) => customer_id == CANARY,
        }
    }
}

impl Caller {
    fn claim(&self, name: &str) -> Option<&str> {
        let claims = &self.context.authorizer.as_ref()?.claims;
        claims.get(name).and_then(Value::as_str)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CUSTOMER: &str = "customer123";

    fn caller(user_arn: &Value, claims: &Value) -> Caller {
        let authorizer = if claims.is_null() { Value::Null } else { json!({ "claims": claims }) };
        let context = json!({ "identity": { "userArn": user_arn }, "authorizer": authorizer });
        serde_json::from_value(json!({ "requestContext": context })).unwrap()
    }

    #[test]
    fn a_session_of_the_role_is_the_customer_that_it_is_named_after() {
        let access = Access::of_role("arn:aws:iam::123456789012:role/shop-CustomerRole-1A");
        let sessions = "arn:aws:sts::123456789012:assumed-role";
        for (arn, is_customer) in [
            (json!(format!("{sessions}/shop-CustomerRole-1A/customer123")), true),
            (json!(format!("{sessions}/shop-CustomerRole-1A/customer124")), false),
            (json!(format!("{sessions}/shop-CustomerRole-1A/customer123/x")), false),
            (json!(format!("{sessions}/shop-CustomerRole-1A/")), false),
            // Another role, another account, a user, the account itself.
            (json!(format!("{sessions}/shop-CustomerRole-1/customer123")), false),
            (json!(format!("{sessions}/admin/customer123")), false),
            (
                json!("arn:aws:sts::999999999999:assumed-role/shop-CustomerRole-1A/customer123"),
                false,
            ),
            (json!("arn:aws:iam::123456789012:user/customer123"), false),
            (json!("arn:aws:iam::123456789012:root"), false),
            (Value::Null, false),
        ] {
            let checked = access.check(&caller(&arn, &Value::Null), CUSTOMER);
            assert_eq!(checked.is_ok(), is_customer, "{arn}");
        }
    }

    #[test]
    fn an_id_token_of_the_client_is_the_customer_that_it_was_issued_to() {
        let access = Access::Token("shop".to_owned());
        for (claims, is_customer) in [
            (json!({ "sub": "customer123", "aud": "shop", "token_use": "id" }), true),
            (json!({ "sub": "customer124", "aud": "shop", "token_use": "id" }), false),
            (json!({ "sub": "customer123", "aud": "other", "token_use": "id" }), false),
            (json!({ "sub": "customer123", "client_id": "shop", "token_use": "access" }), false),
            (json!({ "sub": "customer123", "aud": "shop" }), false),
            (json!({}), false),
            (Value::Null, false),
        ] {
            let checked = access.check(&caller(&Value::Null, &claims), CUSTOMER);
            assert_eq!(checked.is_ok(), is_customer, "{claims}");
        }
    }

    #[test]
    fn the_canary_is_known_by_its_name_however_it_is_authorised() {
        let role = Access::of_role("arn:aws:iam::123456789012:role/CustomerRole");
        let pool = Access::Token("shop".to_owned());
        let named = |name: &str| caller(&Value::Null, &json!({ "cognito:username": name }));
        for (access, caller, customer, is_canary) in [
            (&Access::Anybody, Caller::default(), "canary", true),
            (&Access::Anybody, Caller::default(), "canary-2", false),
            (&role, Caller::default(), "canary", true),
            (&role, Caller::default(), CUSTOMER, false),
            (&pool, named("canary"), "5f7a", true),
            (&pool, named("somebody"), "5f7a", false),
            (&pool, Caller::default(), "canary", false),
        ] {
            assert_eq!(access.is_canary(&caller, customer), is_canary, "{access:?} {customer}");
        }
    }

    #[test]
    fn without_authorisation_anybody_is_any_customer() {
        assert_eq!(Access::Anybody.check(&Caller::default(), CUSTOMER), Ok(()));
        // Whatever else a request's context holds.
        let caller: Caller =
            serde_json::from_str(r#"{"requestContext":{"stage":"prod"}}"#).unwrap();
        assert_eq!(Access::Anybody.check(&caller, CUSTOMER), Ok(()));
    }
}
