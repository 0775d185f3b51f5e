use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

/// How long a client may take to send the next part of a body.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may take to send all of it.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    /// It has more bytes than it may.
    #[error("the request is too large")]
    TooLarge,
    /// It is not what its headers announce: a malformed chunk, or an end before the end.
    #[error("the request's body is incomplete or malformed")]
    Broken,
    /// Nothing came for a while, or it has not ended.
    #[error("the request's body did not arrive in time")]
    Slow,
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let read = tokio::time::timeout(TOTAL_TIMEOUT, read_parts(body, limit)).await;
    read.unwrap_or(Err(BodyError::Slow))
}

async fn read_parts(mut body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let mut read = BytesMut::new();
    while let Some(frame) =
        tokio::time::timeout(IDLE_TIMEOUT, body.frame()).await.map_err(|_| BodyError::Slow)?
    {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if read.len() + data.len() > limit {
            return Err(BodyError::TooLarge);
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}
