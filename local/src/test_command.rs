use crate::template::{Api, App, Route};

/// The output of a template that holds a command to try it with.
const OUTPUT: &str = "TestCommand";

/// A command that shows the template at work, with `url` for the API: the template's own, otherwise
/// a `curl` line for its first route.
pub(crate) fn test_command(app: &App, url: &str) -> Option<String> {
    match app.outputs.get(OUTPUT) {
        Some(command) => Some(
            app.api.as_ref().map_or_else(|| command.clone(), |api| localized(command, api, url)),
        ),
        None => app.routes.first().filter(|_| app.api.is_some()).map(|route| curl(route, url)),
    }
}

/// The command with this machine's URL in place of AWS's, whose stage may be left out here.
fn localized(command: &str, api: &Api, url: &str) -> String {
    let origin = format!("https://{}", api.domain());
    let stage = format!("{origin}/{}/", api.stage);
    command.replace(&stage, &format!("{url}/")).replace(&origin, url)
}

/// A request to `route`, in which each path parameter has its own name for a value.
fn curl(route: &Route, url: &str) -> String {
    let path = route.path.replace(['{', '}', '+'], "");
    match route.method.as_str() {
        "GET" | "ANY" => format!("curl {url}{path}"),
        "HEAD" => format!("curl --head {url}{path}"),
        method @ ("POST" | "PUT" | "PATCH") => {
            format!("curl -X {method} -H 'Content-Type: application/json' -d '{{}}' {url}{path}")
        }
        method => format!("curl -X {method} {url}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Security;

    const URL: &str = "http://127.0.0.1:3000";

    fn app() -> App {
        let api = Api { name: "shop".to_owned(), stage: "prod".to_owned(), ..Api::default() };
        App { api: Some(api), ..App::default() }
    }

    #[test]
    fn the_templates_own_command_has_the_url_of_this_machine() {
        let mut app = app();
        let origin = format!("https://{}", app.api.as_ref().unwrap().domain());
        for (command, expected) in [
            (format!("curl {origin}/prod/orders/c"), format!("curl {URL}/orders/c")),
            (format!("curl '{origin}/prod/?a=b' -v"), format!("curl '{URL}/?a=b' -v")),
            (format!("curl {origin}/prod"), format!("curl {URL}/prod")),
            (format!("curl {origin}/products"), format!("curl {URL}/products")),
            ("curl https://example.org/prod/x".into(), "curl https://example.org/prod/x".into()),
            ("aws events list-rules".into(), "aws events list-rules".into()),
        ] {
            app.outputs.insert(OUTPUT.to_owned(), command);
            assert_eq!(test_command(&app, URL), Some(expected));
        }
    }

    #[test]
    fn a_template_without_a_command_has_its_first_route() {
        let mut app = app();
        assert_eq!(test_command(&app, URL), None);
        for (method, path, expected) in [
            ("GET", "/things/{id}", "curl http://127.0.0.1:3000/things/id"),
            ("ANY", "/{proxy+}", "curl http://127.0.0.1:3000/proxy"),
            ("HEAD", "/", "curl --head http://127.0.0.1:3000/"),
            ("DELETE", "/a/b", "curl -X DELETE http://127.0.0.1:3000/a/b"),
            (
                "PUT",
                "/a/{b}",
                "curl -X PUT -H 'Content-Type: application/json' -d '{}' http://127.0.0.1:3000/a/b",
            ),
        ] {
            let (method, path) = (method.to_owned(), path.to_owned());
            let (function, security) = ("F".to_owned(), Security::Open);
            app.routes = vec![Route { method, path, function, security }];
            assert_eq!(test_command(&app, URL).as_deref(), Some(expected));
        }
        app.api = None;
        assert_eq!(test_command(&app, URL), None, "no API answers here");
    }
}
