use crate::template::App;

/// The output of a template that holds a command to try it with.
const OUTPUT: &str = "TestCommand";

/// The template's own command to try it with, with this machine's `url` in place of the API's on AWS, whose
/// stage may be left out here.
pub(crate) fn test_command(app: &App, url: &str) -> Option<String> {
    let command = app.outputs.get(OUTPUT)?;
    let Some(api) = &app.api else { return Some(command.clone()) };
    let origin = format!("https://{}", api.domain());
    let stage = format!("{origin}/{}/", api.stage);
    Some(command.replace(&stage, &format!("{url}/")).replace(&origin, url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Api;

    #[test]
    fn the_command_has_the_url_of_this_machine() {
        let api = Api { name: "shop".to_owned(), stage: "prod".to_owned(), traced: false };
        let origin = format!("https://{}", api.domain());
        let mut app = App { api: Some(api), ..App::default() };
        let url = "http://127.0.0.1:3000";
        assert_eq!(test_command(&app, url), None);
        for (command, expected) in [
            (format!("curl {origin}/prod/orders/c"), format!("curl {url}/orders/c")),
            (format!("curl {origin}/products"), format!("curl {url}/products")),
            ("aws events list-rules".into(), "aws events list-rules".into()),
        ] {
            app.outputs.insert(OUTPUT.to_owned(), command);
            assert_eq!(test_command(&app, url), Some(expected));
        }
    }
}
