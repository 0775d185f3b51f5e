use axum::http::Method;
use serde_json::{Value, json};

use super::api_id;
use crate::{template::Api, wire::AwsError};

/// Answers a request to the API Gateway API: which REST APIs there are, and how their stage is set, for whoever
/// wants to check that it is traced.
/// See <https://docs.aws.amazon.com/apigateway/latest/api/API_GetStage.html>.
pub fn answer(api: Option<&Api>, method: &Method, path: &str) -> Result<Value, AwsError> {
    if method != Method::GET {
        let supported = ["GetRestApis", "GetStages", "GetStage"];
        return Err(AwsError::unknown_operation(
            "API Gateway",
            &format!("{method} {path}"),
            &supported,
        ));
    }
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    let known = |id: &&str| api.filter(|api| api_id(&api.name) == **id);
    match parts.as_slice() {
        ["restapis"] => {
            let item = |api: &Api| json!({ "id": api_id(&api.name), "name": api.name });
            Ok(json!({ "item": api.map(item).into_iter().collect::<Vec<_>>() }))
        }
        ["restapis", id, "stages"] if known(id).is_some() => {
            Ok(json!({ "item": api.map(stage).into_iter().collect::<Vec<_>>() }))
        }
        ["restapis", id, "stages", name] => match known(id).filter(|api| api.stage == *name) {
            Some(api) => Ok(stage(api)),
            None => {
                Err(AwsError::not_found("NotFoundException", "Invalid stage identifier specified"))
            }
        },
        _ => Err(AwsError::not_found("NotFoundException", "Invalid API identifier specified")),
    }
}

fn stage(api: &Api) -> Value {
    json!({ "stageName": api.stage, "tracingEnabled": api.traced })
}
