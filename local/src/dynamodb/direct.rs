use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use dynoxide::{
    Database,
    actions::{
        delete_item::DeleteItemRequest, get_item::GetItemRequest, put_item::PutItemRequest,
        query::QueryRequest, transact_write_items::TransactWriteItemsRequest,
        update_item::UpdateItemRequest,
    },
    auth_material::{self, AuthMaterial},
    errors::DynoxideError,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{CONTENT_TYPE, tokens::Tokens};
use crate::wire::{AwsRequest, HttpResponse};

/// Performs a request without the embedded server, if it is one of those that functions send all the time: half of
/// its time would go into HTTP. `None` if nothing was done, and the server is to be asked: so it is with a request
/// that is not valid, because only the server knows how DynamoDB words what is wrong with it.
pub(super) fn perform(
    database: &Database,
    tokens: &Tokens,
    request: &AwsRequest,
    body: &str,
) -> Option<HttpResponse> {
    if !is_plain(&request.headers, body) {
        return None;
    }
    let (status, text) = match request.operation.as_str() {
        "GetItem" => answer(database.get_item(read::<GetItemRequest>(body)?)),
        "PutItem" => answer(database.put_item(read::<PutItemRequest>(body)?)),
        "UpdateItem" => answer(database.update_item(read::<UpdateItemRequest>(body)?)),
        "DeleteItem" => answer(database.delete_item(read::<DeleteItemRequest>(body)?)),
        "TransactWriteItems" => {
            let request = read::<TransactWriteItemsRequest>(body)?;
            answer(tokens.perform(request, |request| database.transact_write_items(request)))
        }
        "Query" => {
            let query = read::<QueryRequest>(body)?;
            let is_checked_by_type = query.key_conditions.is_none()
                && query.query_filter.is_none()
                && query.exclusive_start_key_raw.is_none();
            is_checked_by_type.then(|| answer(database.query(query)))?
        }
        _ => None,
    }?;
    let checksum = HeaderValue::from(crc32fast::hash(text.as_bytes()));
    let mut response = HttpResponse::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    response.headers_mut().insert("x-amz-crc32", checksum);
    Some(response)
}

/// Whether the server would find nothing wrong with a request before its operation: neither with its headers, nor
/// with booleans, of which it has rules of its own.
fn is_plain(headers: &HeaderMap, body: &str) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let material = AuthMaterial {
        authorization: text(header::AUTHORIZATION),
        query: "",
        has_date_header: headers.contains_key("x-amz-date"),
    };
    text(header::CONTENT_TYPE) == Some(CONTENT_TYPE)
        && !["\"BOOL\"", "\"NULL\"", "\"Exists\"", "\\u"].iter().any(|name| body.contains(name))
        && auth_material::validate(material).is_none()
}

fn read<T: DeserializeOwned>(body: &str) -> Option<T> {
    serde_json::from_str(body).ok()
}

/// The status and the text of an answer; `None` if the request is not valid.
fn answer<T: Serialize>(outcome: Result<T, DynoxideError>) -> Option<(StatusCode, String)> {
    use DynoxideError::{
        ConversionError, EnvelopedValidation, InternalServerError, KeyEmptyValueValidation,
        ResourceNotFoundException, SerializationException, ValidationException,
    };
    let written = outcome.and_then(|answer| {
        serde_json::to_string(&answer).map_err(|error| InternalServerError(error.to_string()))
    });
    match written {
        Ok(text) => Some((StatusCode::OK, text)),
        Err(
            ValidationException(_)
            | KeyEmptyValueValidation(_)
            | EnvelopedValidation(_)
            | SerializationException(_)
            | ConversionError(_)
            | ResourceNotFoundException(_),
        ) => None,
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status_code());
            Some((status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), refusal.to_json()))
        }
    }
}
