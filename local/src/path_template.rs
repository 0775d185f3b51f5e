use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// The path parameters if `path` fits `template`: `/orders/{customerId}`, or `/{proxy+}` for the rest.
pub(crate) fn parameters(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut parts = path.split('/');
    for wanted in template.split('/') {
        let name = wanted.strip_prefix('{').and_then(|wanted| wanted.strip_suffix('}'));
        match name.map(|name| (name, name.strip_suffix('+'))) {
            Some((_, Some(greedy))) => {
                let rest = parts.by_ref().collect::<Vec<_>>().join("/");
                found.insert(greedy.to_owned(), decoded(&rest));
            }
            Some((name, None)) => {
                let value = parts.next().filter(|part| !part.is_empty())?;
                found.insert(name.to_owned(), decoded(value));
            }
            None if parts.next()? == wanted => {}
            None => return None,
        }
    }
    parts.next().is_none().then_some(found)
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_their_parameters() {
        for (template, path, found) in [
            (
                "/orders/{customerId}",
                "/orders/customer123",
                Some(vec![("customerId", "customer123")]),
            ),
            ("/orders/{customerId}", "/orders/a%2Fb", Some(vec![("customerId", "a/b")])),
            ("/orders/{customerId}", "/orders/", None),
            ("/orders/{customerId}", "/orders/a/b", None),
            ("/orders/{customerId}", "/order/a", None),
            ("/orders/{c}/{o}", "/orders/a/b", Some(vec![("c", "a"), ("o", "b")])),
            ("/{proxy+}", "/a/b/c", Some(vec![("proxy", "a/b/c")])),
        ] {
            let found = found.map(|pairs| {
                pairs.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
            });
            assert_eq!(parameters(template, path), found, "{template} {path}");
        }
    }
}
