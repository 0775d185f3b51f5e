use std::error::Error;

use aws_sdk_dynamodb::{
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::{
        put_item::PutItemError, query::QueryError, transact_write_items::TransactWriteItemsError,
    },
    types::CancellationReason,
};
use shared::{OrderId, ProductId, item::InvalidItem};

/// Why DynamoDB refuses a call that may succeed a little later: other transactions have the item, or
/// there are too many calls
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>).
const BUSY: [&str; 5] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];
/// The same as reasons for cancelling a transaction, and that the stock is no longer enough
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
const LOST: [&str; 4] = [
    "ConditionalCheckFailed",
    "ProvisionedThroughputExceeded",
    "ThrottlingError",
    "TransactionConflict",
];

/// Why stock or a reservation was not found or stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InventoryTableError {
    #[error("could not look up the stock of product `{product_id}`")]
    Stock { product_id: ProductId, source: Box<SdkError<QueryError>> },
    #[error("could not store the decision about order `{order_id}`")]
    Put { order_id: OrderId, source: Box<SdkError<PutItemError>> },
    #[error("could not change the stock for order `{order_id}`")]
    Transact { order_id: OrderId, source: Box<SdkError<TransactWriteItemsError>> },
    #[error("could not parse the item `{key}`")]
    Parse { key: String, source: InvalidItem },
    #[error("could not build the transaction")]
    Build(#[from] BuildError),
}

impl InventoryTableError {
    /// Whether another attempt, by the stock as it is then, may succeed.
    pub(crate) fn lost_to_others(&self) -> bool {
        match self {
            Self::Stock { source, .. } => is_busy(source),
            Self::Put { source, .. } => is_busy(source),
            Self::Transact { source, .. } => is_busy(source) || is_lost(source),
            Self::Parse { .. } | Self::Build(_) => false,
        }
    }
}

fn is_busy<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E>) -> bool {
    error.code().is_some_and(|code| BUSY.contains(&code))
}

fn is_lost(error: &SdkError<TransactWriteItemsError>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return false;
    };
    let mut codes = cancelled.cancellation_reasons().iter().filter_map(CancellationReason::code);
    codes.any(|code| LOST.contains(&code))
}
