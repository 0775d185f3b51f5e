use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Why a request is refused before anything is done for it. A web page that a developer happens to visit can
/// send requests to this machine too, under its own name or under a name that it had resolve to 127.0.0.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Its `Host` is no name of this machine.
    #[error("the `Host` of a request has to be localhost or a loopback address")]
    Host,
    /// A page of another origin sent it.
    #[error("requests of pages of other origins are not allowed")]
    Origin,
    /// A browser sent it, and neither a signature nor its origin speaks for it.
    #[error(
        "a request that changes something has to be signed or to come from a page of this server"
    )]
    Unsigned,
}

impl Refusal {
    /// As HTTP.
    pub(crate) fn respond(self) -> Response {
        let status = match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Origin | Self::Unsigned => StatusCode::FORBIDDEN,
        };
        (status, axum::Json(json!({ "message": self.to_string() }))).into_response()
    }
}

/// Checks a request to the REST API, which pages of the `allowed` origins may use too.
pub(crate) fn check_api(
    uri: &Uri,
    headers: &HeaderMap,
    allowed: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    let host = host(uri, headers)?;
    check_origin(host, headers, allowed)
}

/// Checks a request to the AWS APIs or the console. One that changes something is signed, comes from the
/// console page, or was sent by no browser; `strict` demands one of the first two.
pub(crate) fn check_aws(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    strict: bool,
) -> Result<(), Refusal> {
    let host = host(uri, headers)?;
    check_origin(host, headers, |_| false)?;
    let own_page =
        text(headers, "origin").is_some() || text(headers, "sec-fetch-site") == Some("same-origin");
    let of_browser = ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "referer"]
        .iter()
        .any(|name| headers.contains_key(*name));
    if method.is_safe() || own_page || is_signed(uri, headers) || !(strict || of_browser) {
        Ok(())
    } else {
        Err(Refusal::Unsigned)
    }
}

/// Serves a request only if no page sent it: what programs alone use, such as the Runtime API.
pub(crate) async fn only_programs(request: Request, next: Next) -> Response {
    let checked = check_aws(request.method(), request.uri(), request.headers(), false);
    match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.respond(),
    }
}

/// The one host that a request names, if it is this machine.
fn host<'a>(uri: &Uri, headers: &'a HeaderMap) -> Result<&'a str, Refusal> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(Refusal::Host) };
    let host = host.to_str().map_err(|_| Refusal::Host)?;
    // A request to a proxy names the host in its first line as well.
    let target = uri.authority().is_none_or(|authority| is_loopback(authority.as_str()));
    if target && is_loopback(host) { Ok(host) } else { Err(Refusal::Host) }
}

/// Whether `host`, perhaps with a port, is a name of this machine.
fn is_loopback(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').unwrap_or(("", "")),
        None => host.find(':').map_or((host, ""), |colon| host.split_at(colon)),
    };
    let digits = port.strip_prefix(':').unwrap_or(port);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || (digits == port && !port.is_empty()) {
        return false;
    }
    let name = name.to_ascii_lowercase();
    match name.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    }
}

fn check_origin(
    host: &str,
    headers: &HeaderMap,
    allowed: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    if headers.contains_key(header::ORIGIN) {
        let origin = text(headers, "origin").unwrap_or_default();
        let own = origin.strip_prefix("http://").is_some_and(|own| own.eq_ignore_ascii_case(host));
        return if own || allowed(origin) { Ok(()) } else { Err(Refusal::Origin) };
    }
    // A script or an image of another page has no `Origin`; a link that somebody follows is harmless.
    let foreign = matches!(text(headers, "sec-fetch-site"), Some("cross-site" | "same-site"));
    if foreign && text(headers, "sec-fetch-mode") != Some("navigate") {
        return Err(Refusal::Origin);
    }
    Ok(())
}

/// Whether a request carries a signature of AWS, in a header or in its query. It is not verified: a page
/// cannot send the header without asking first, and what counts is that no page was the sender.
fn is_signed(uri: &Uri, headers: &HeaderMap) -> bool {
    let header = text(headers, "authorization");
    let query = uri.query().unwrap_or_default();
    header.is_some_and(|header| header.starts_with("AWS4-HMAC-SHA256 "))
        || query.split('&').any(|pair| pair.starts_with("X-Amz-Credential="))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        let pairs = pairs.map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)));
        pairs.collect()
    }

    #[test]
    fn only_this_machine_is_a_host() {
        for host in
            ["localhost", "LOCALHOST:80", "a.localhost:1", "127.0.0.1", "127.9.9.9:1", "[::1]:4566"]
        {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            ":80",
            "example.com",
            "127.0.0.1.example.com",
            "localhost.example.com",
            "128.0.0.1",
            "0.0.0.0",
            "[::2]",
            "[::1",
            "::1x",
            "127.0.0.1:x",
            "[::1]x",
            "user@127.0.0.1",
            "notlocalhost",
            "10.0.0.1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn requests_to_the_aws_port() {
        const HOST: (&str, &str) = ("host", "127.0.0.1:4566");
        const SIGNED: (&str, &str) =
            ("authorization", "AWS4-HMAC-SHA256 Credential=k/d/r/s/aws4_request");
        for (pairs, posted) in [
            (vec![HOST], Ok(())),
            (vec![], Err(Refusal::Host)),
            (vec![("host", "rebound.example"), SIGNED], Err(Refusal::Host)),
            (vec![HOST, ("origin", "http://127.0.0.1:4566")], Ok(())),
            (vec![HOST, ("origin", "http://127.0.0.1:80")], Err(Refusal::Origin)),
            (vec![HOST, ("origin", "null")], Err(Refusal::Origin)),
            (vec![HOST, ("origin", "https://evil.example"), SIGNED], Err(Refusal::Origin)),
            (vec![HOST, ("sec-fetch-site", "cross-site")], Err(Refusal::Origin)),
            (vec![HOST, ("sec-fetch-site", "same-origin")], Ok(())),
            (vec![HOST, ("sec-fetch-site", "none")], Err(Refusal::Unsigned)),
            (vec![HOST, ("referer", "http://x.example/")], Err(Refusal::Unsigned)),
            (vec![HOST, ("referer", "http://x.example/"), SIGNED], Ok(())),
        ] {
            let checked = check_aws(&Method::POST, &Uri::from_static("/"), &headers(&pairs), false);
            assert_eq!(checked, posted, "{pairs:?}");
        }
        let unsigned = headers(&[HOST]);
        let strict = |uri| check_aws(&Method::PUT, &Uri::from_static(uri), &unsigned, true);
        assert_eq!(strict("/"), Err(Refusal::Unsigned));
        assert_eq!(strict("/?X-Amz-Credential=k"), Ok(()));
        assert_eq!(strict("http://evil.example/?X-Amz-Credential=k"), Err(Refusal::Host));
        let mut twice = headers(&[HOST]);
        twice.append("host", HeaderValue::from_static("evil.example"));
        let checked = check_aws(&Method::GET, &Uri::from_static("/"), &twice, false);
        assert_eq!(checked, Err(Refusal::Host));
    }

    #[test]
    fn requests_to_the_api() {
        let check = |origin| {
            let headers = headers(&[("host", "localhost:3000"), ("origin", origin)]);
            check_api(&Uri::from_static("/"), &headers, |known| known == "https://shop.example")
        };
        assert_eq!(check("http://localhost:3000"), Ok(()));
        assert_eq!(check("https://shop.example"), Ok(()));
        assert_eq!(check("http://localhost:4566"), Err(Refusal::Origin));
    }
}
