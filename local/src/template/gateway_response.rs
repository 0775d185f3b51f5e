use std::collections::BTreeMap;

use serde_json::Value;

use super::{app::GatewayResponse, resource::Resource};

/// Where the API's document has its gateway responses
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-gateway-responses.html>).
const EXTENSION: &str = "x-amazon-apigateway-gateway-responses";
/// What a header's name follows there.
const HEADER: &str = "gatewayresponse.header.";

/// The gateway responses of an API: those of its document, and those of SAM's `GatewayResponses`, which SAM writes into
/// the document.
pub(super) fn parse(api: &Resource<'_>) -> BTreeMap<String, GatewayResponse> {
    let document = &api.properties["DefinitionBody"][EXTENSION];
    let in_document = document.as_object().into_iter().flatten().map(|(kind, response)| {
        let parameters = texts(&response["responseParameters"]).into_iter();
        let headers = parameters
            .filter_map(|(name, value)| Some((name.strip_prefix(HEADER)?.to_owned(), value)));
        let headers = headers.collect();
        let templates = texts(&response["responseTemplates"]);
        (
            kind.clone(),
            GatewayResponse { status: status(&response["statusCode"]), headers, templates },
        )
    });
    let property = &api.properties["GatewayResponses"];
    let in_property = property.as_object().into_iter().flatten().map(|(kind, response)| {
        let headers = texts(&response["ResponseParameters"]["Headers"]);
        let templates = texts(&response["ResponseTemplates"]);
        (
            kind.clone(),
            GatewayResponse { status: status(&response["StatusCode"]), headers, templates },
        )
    });
    in_document.chain(in_property).collect()
}

fn texts(map: &Value) -> BTreeMap<String, String> {
    let entries = map.as_object().into_iter().flatten();
    entries.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect()
}

/// A status code is a number or a text.
fn status(code: &Value) -> Option<u16> {
    code.as_str().and_then(|text| text.parse().ok()).or_else(|| code.as_u64()?.try_into().ok())
}
