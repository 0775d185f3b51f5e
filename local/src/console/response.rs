use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    sync::LazyLock,
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use serde::Serialize;

use crate::wire::HttpResponse;

/// Makes the tags of one start differ from those of another.
static HASHING: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// An answer that a browser may have already. Its entity tag has two parts: what the answer was made of, so that
/// nothing has to be made again where nothing changed, and what it is, so that nothing is sent again.
#[derive(Debug)]
pub(super) struct Tagged {
    /// Of what the answer is made of.
    made_of: u64,
    known: Option<(u64, u64)>,
}

impl Tagged {
    /// The answer to a request with `headers`, made of what `made_of` describes.
    pub(super) fn new(headers: &HeaderMap, made_of: &str) -> Self {
        let tag = headers.get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
        Self { made_of: hash(made_of), known: tag.and_then(parse) }
    }

    /// `304`, where the browser has what would be made.
    pub(super) fn unchanged(&self) -> Option<HttpResponse> {
        let (made_of, content) = self.known?;
        (made_of == self.made_of).then(|| self.not_modified(content))
    }

    /// The answer, or `304` where it is what the browser has.
    pub(super) fn respond(&self, value: &impl Serialize) -> HttpResponse {
        let text = serde_json::to_string(value).unwrap_or_default();
        let content = hash(&text);
        if self.known.is_some_and(|(_, known)| known == content) {
            return self.not_modified(content);
        }
        let mut response = json_text(StatusCode::OK, text);
        self.tag(&mut response, content);
        response
    }

    fn not_modified(&self, content: u64) -> HttpResponse {
        let mut response = HttpResponse::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        self.tag(&mut response, content);
        response
    }

    fn tag(&self, response: &mut HttpResponse, content: u64) {
        let tag = format!("\"{:016x}-{content:016x}\"", self.made_of);
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
    }
}

/// A JSON document as an answer.
pub(super) fn json_response(status: StatusCode, value: &impl Serialize) -> HttpResponse {
    // What is shown has texts as keys, so that it can always be written.
    json_text(status, serde_json::to_string(value).unwrap_or_default())
}

fn json_text(status: StatusCode, text: String) -> HttpResponse {
    let mut response = HttpResponse::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn parse(tag: &str) -> Option<(u64, u64)> {
    let (made_of, content) = tag.trim_matches('"').split_once('-')?;
    let number = |digits| u64::from_str_radix(digits, 16).ok();
    Some((number(made_of)?, number(content)?))
}

fn hash(text: &str) -> u64 {
    let mut hasher = HASHING.build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(tag: Option<&HeaderValue>, made_of: &str, content: &str) -> HttpResponse {
        let mut headers = HeaderMap::new();
        headers.extend(tag.map(|tag| (header::IF_NONE_MATCH, tag.clone())));
        let tagged = Tagged::new(&headers, made_of);
        tagged.unchanged().unwrap_or_else(|| tagged.respond(&content))
    }

    #[test]
    fn what_the_browser_has_is_not_sent_again() {
        let first = get(None, "revision 1", "a");
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers().get(header::ETAG);
        assert_eq!(get(tag, "revision 1", "never made").status(), StatusCode::NOT_MODIFIED);
        let same = get(tag, "revision 2", "a");
        assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
        assert_ne!(same.headers().get(header::ETAG), tag);
        assert_eq!(get(tag, "revision 2", "b").status(), StatusCode::OK);
        let foreign = HeaderValue::from_static("W/\"x\"");
        assert_eq!(get(Some(&foreign), "revision 1", "a").status(), StatusCode::OK);
    }
}
