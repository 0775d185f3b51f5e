use serde_json::Value;

use super::{
    app::{Route, Security},
    openapi::operation_key,
};
use crate::identity::iam_arn;

/// Sets whom a route lets in, as the API's document says.
/// See <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authtype.html>.
pub(super) fn read(document: &Value, route: &mut Route) {
    let operation = &document["paths"][&route.path][operation_key(&route.method)];
    let demanded = operation["security"].as_array().into_iter().flatten();
    let names = demanded.filter_map(Value::as_object).flat_map(|schemes| schemes.keys());
    let schemes = &document["components"]["securitySchemes"];
    let security = names.map(|name| parse(&schemes[name])).find(|one| *one != Security::Open);
    route.security = security.unwrap_or_default();
}

/// What a scheme demands. What is not checked here, such as an API key, lets anybody in.
fn parse(scheme: &Value) -> Security {
    match scheme["x-amazon-apigateway-authtype"].as_str() {
        Some("awsSigv4") => Security::Iam,
        Some("cognito_user_pools") => {
            let pool = scheme["x-amazon-apigateway-authorizer"]["providerARNs"][0].as_str();
            let pool = pool.and_then(|arn| arn.rsplit('/').next()).unwrap_or_default();
            Security::UserPool(pool.to_owned())
        }
        _ => Security::Open,
    }
}

/// Whether principals of the account may assume a role with these properties.
pub(super) fn trusts_account(role: &Value) -> bool {
    let statements = role["AssumeRolePolicyDocument"]["Statement"].as_array();
    statements.into_iter().flatten().any(|statement| {
        statement["Effect"] == "Allow" && statement["Principal"]["AWS"] == iam_arn("root")
    })
}
