use axum::{
    body::Body,
    http::{HeaderValue, header},
};

use crate::wire::HttpResponse;

/// An ES module of the page.
macro_rules! module {
    ($name:literal) => {
        (
            concat!("/console/", $name),
            "text/javascript",
            include_str!(concat!("../../console/", $name)),
        )
    };
}

/// The page's files: path, content type, text.
const FILES: &[(&str, &str, &str)] = &[
    ("/", "text/html; charset=utf-8", include_str!("../../console/index.html")),
    ("/console/style.css", "text/css", include_str!("../../console/style.css")),
    module!("annotations.js"),
    module!("api.js"),
    module!("app.js"),
    module!("chip.js"),
    module!("compare.js"),
    module!("controls.js"),
    module!("copy.js"),
    module!("critical.js"),
    module!("dom.js"),
    module!("exceptions.js"),
    module!("exchange.js"),
    module!("expression.js"),
    module!("failures.js"),
    module!("format.js"),
    module!("importing.js"),
    module!("keyboard.js"),
    module!("layers.js"),
    module!("layout.js"),
    module!("lists.js"),
    module!("map.js"),
    module!("overview.js"),
    module!("pages.js"),
    module!("patch.js"),
    module!("paths.js"),
    module!("pointer.js"),
    module!("route.js"),
    module!("search.js"),
    module!("status.js"),
    module!("subject.js"),
    module!("trace.js"),
    module!("traces.js"),
    module!("tree.js"),
    module!("waterfall.js"),
    module!("why.js"),
];

/// The file of the page at `path`.
pub(super) fn find(path: &str) -> Option<HttpResponse> {
    let found = FILES.iter().find(|(known, ..)| *known == path);
    found.map(|(_, content_type, text)| file(content_type, text))
}

fn file(content_type: &'static str, text: &'static str) -> HttpResponse {
    let mut response = HttpResponse::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Whatever ends up in a trace is displayed as text; this is a second protection.
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
        ),
    );
    response
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_file_of_the_page_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("console");
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| name.into_string().unwrap());
        let of_the_page = |name: &String| {
            let extension = Path::new(name).extension().unwrap_or_default();
            ["css", "html", "js"].iter().any(|known| extension == *known)
        };
        let found: BTreeSet<_> = names.filter(of_the_page).collect();
        let served = FILES.iter().map(|(path, ..)| match *path {
            "/" => "index.html".to_owned(),
            path => path.trim_start_matches("/console/").to_owned(),
        });
        assert_eq!(served.collect::<BTreeSet<_>>(), found);
    }
}
