use std::sync::{Mutex, PoisonError};

use dynoxide::{
    actions::transact_write_items::{TransactWriteItemsRequest, TransactWriteItemsResponse},
    errors::DynoxideError,
};
use sha2::{Digest, Sha256};

use crate::{clock, deduplication::Deduplication};

/// How many seconds DynamoDB remembers a `ClientRequestToken`
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
const WINDOW: f64 = 10.0 * 60.0;
/// The longest token. What is longer the database refuses.
const MAX_TOKEN: usize = 36;

/// The `ClientRequestToken`s of the last ten minutes. The embedded database has them too, but looks at all of them with
/// every transaction: after ten minutes of orders that was two fifths of the time of `local`.
#[derive(Debug)]
pub(super) struct Tokens(Mutex<Deduplication<[u8; 32]>>);

impl Default for Tokens {
    fn default() -> Self {
        Self(Mutex::new(Deduplication::within(WINDOW)))
    }
}

impl Tokens {
    /// Performs a transaction, unless it was performed under the same token before.
    pub(super) fn perform(
        &self,
        mut request: TransactWriteItemsRequest,
        transact: impl FnOnce(
            TransactWriteItemsRequest,
        ) -> Result<TransactWriteItemsResponse, DynoxideError>,
    ) -> Result<TransactWriteItemsResponse, DynoxideError> {
        // What the second answer under a token says of capacity differs from the first: the database knows how.
        let is_plain = request.return_consumed_capacity.is_none()
            && request.return_item_collection_metrics.is_none();
        let is_token = |token: &String| is_plain && (1..=MAX_TOKEN).contains(&token.len());
        let Some(token) = request.client_request_token.take_if(|token| is_token(token)) else {
            return transact(request);
        };
        let digest = digest(&request)?;
        let now = clock::seconds();
        // Held until the transaction is performed, so that another one under the same token waits for it.
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match tokens.earlier(&token, now) {
            Some(earlier) if *earlier == digest => Ok(TransactWriteItemsResponse::default()),
            Some(_) => Err(DynoxideError::IdempotentParameterMismatchException(
                "An error occurred (IdempotentParameterMismatchException)".to_owned(),
            )),
            None => {
                let response = transact(request)?;
                tokens.remember(&token, now, digest);
                Ok(response)
            }
        }
    }
}

/// Of the items, whatever the order of their attributes.
fn digest(request: &TransactWriteItemsRequest) -> Result<[u8; 32], DynoxideError> {
    let items = serde_json::to_value(&request.transact_items);
    let items = items.map_err(|error| DynoxideError::InternalServerError(error.to_string()))?;
    Ok(Sha256::digest(items.to_string()).into())
}
