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
    let in_document = responses(&api.properties["DefinitionBody"][EXTENSION], |response| {
        let parameters = texts(&response["responseParameters"]).into_iter();
        let headers = parameters
            .filter_map(|(name, value)| Some((name.strip_prefix(HEADER)?.to_owned(), value)));
        GatewayResponse {
            status: status(&response["statusCode"]),
            headers: headers.collect(),
            templates: texts(&response["responseTemplates"]),
        }
    });
    let in_property = responses(&api.properties["GatewayResponses"], |response| GatewayResponse {
        status: status(&response["StatusCode"]),
        headers: texts(&response["ResponseParameters"]["Headers"]),
        templates: texts(&response["ResponseTemplates"]),
    });
    in_document.chain(in_property).collect()
}

fn responses(
    by_type: &Value,
    parse: impl Fn(&Value) -> GatewayResponse,
) -> impl Iterator<Item = (String, GatewayResponse)> {
    let responses = by_type.as_object().into_iter().flatten();
    responses.map(move |(kind, response)| (kind.clone(), parse(response)))
}

fn texts(map: &Value) -> BTreeMap<String, String> {
    let entries = map.as_object().into_iter().flatten();
    entries.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect()
}

/// A status code is a number or a text.
fn status(code: &Value) -> Option<u16> {
    code.as_str().and_then(|text| text.parse().ok()).or_else(|| code.as_u64()?.try_into().ok())
}
