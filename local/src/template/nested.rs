use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use super::{
    app::App,
    build::WITHOUT_EFFECT,
    error::{LineError, Problem},
    intrinsics::{Scope, to_text},
    parameters,
    resource::Resource,
    tracing, yaml,
    yaml::Node,
};

/// Adds what is emulated of the template behind an `AWS::CloudFormation::Stack`: groups and sampling rules of
/// X-Ray. The types of its other resources are named together; a template that is no file beside this one is
/// named as a whole.
pub(super) fn add(resource: &Resource<'_>, folder: &Path, app: &mut App) -> Result<(), LineError> {
    let url = resource.properties["TemplateURL"].as_str().unwrap_or_default();
    let path = folder.join(url);
    let Some(text) = fs::read_to_string(&path).ok().filter(|_| !url.is_empty()) else {
        app.not_emulated.push((resource.logical_id.to_owned(), resource.kind.to_owned()));
        return Ok(());
    };
    let in_file = |problem: String| {
        LineError::new(resource.node.line, Problem::Nested { file: url.to_owned(), problem })
    };
    let at_line = |error: LineError| in_file(error.to_string());
    let root = yaml::parse(&text).map_err(at_line)?;
    let values = given(&resource.properties["Parameters"], resource.node.line)?;
    let values = parameters::values(&root, &values).map_err(|error| in_file(error.to_string()))?;
    let scope = Scope::new(&root, values).map_err(at_line)?;
    let kinds = add_resources(&scope, app).map_err(at_line)?;
    if !kinds.is_empty() {
        let kinds: Vec<_> = kinds.into_iter().collect();
        let named = format!("{} in {url}", kinds.join(", "));
        app.not_emulated.push((resource.logical_id.to_owned(), named));
    }
    Ok(())
}

/// Adds the resources that are emulated, and returns the types of the others.
fn add_resources(scope: &Scope<'_>, app: &mut App) -> Result<BTreeSet<String>, LineError> {
    let mut others = BTreeSet::new();
    for (logical_id, node) in scope.resources {
        if !scope.exists(node)? {
            continue;
        }
        match node.get("Type").and_then(Node::text) {
            Some("AWS::XRay::Group") => {
                tracing::add_group(&Resource::new(logical_id, node, scope)?, app);
            }
            Some("AWS::XRay::SamplingRule") => {
                tracing::add_sampling_rule(&Resource::new(logical_id, node, scope)?, app);
            }
            Some(kind) if WITHOUT_EFFECT.contains(&kind) => {}
            kind => drop(others.insert(kind.unwrap_or("a resource without a type").to_owned())),
        }
    }
    Ok(others)
}

/// The values of the nested template's parameters.
fn given(parameters: &Value, line: usize) -> Result<Vec<(String, String)>, LineError> {
    let parameters = parameters.as_object().into_iter().flatten();
    let texts = parameters.map(|(name, value)| match value {
        // CloudFormation takes a list as a text with commas.
        Value::Array(items) => {
            let items = items.iter().map(|item| to_text(item, line));
            Ok((name.clone(), items.collect::<Result<Vec<_>, _>>()?.join(",")))
        }
        value => Ok((name.clone(), to_text(value, line)?)),
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::super::{App, load};

    /// Loads a template beside which there is a nested one.
    fn with_nested(outer: &str, nested: &str) -> Result<App, String> {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("template.yaml");
        std::fs::write(&path, outer).unwrap();
        std::fs::write(folder.path().join("watch.yaml"), nested).unwrap();
        load(&path, &[]).map_err(|error| error.to_string())
    }

    const OUTER: &str = "
Parameters: { Rate: { Type: Number, Default: 0.5 } }
Resources:
  Watcher:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: watch.yaml
      Parameters: { Name: shop, Rate: !Ref Rate }
";
    const NESTED: &str = "
Parameters: { Name: { Type: String }, Rate: { Type: Number }, Insights: { Type: String, Default: 'true' } }
Conditions: { Never: !Equals [!Ref Name, other] }
Resources:
  Slow:
    Type: AWS::XRay::Group
    Properties:
      GroupName: !Sub '${Name}-slow'
      FilterExpression: duration > 5
      InsightsConfiguration: { InsightsEnabled: !Ref Insights }
  Orders:
    Type: AWS::XRay::SamplingRule
    Properties:
      SamplingRule: { Priority: '7', FixedRate: !Ref Rate, Attributes: { X-Kind: '1' }, Version: 1 }
  Gone: { Type: AWS::XRay::Group, Condition: Never }
  Alarm: { Type: AWS::CloudWatch::Alarm, Properties: { X: !ImportValue y } }
  Other: { Type: AWS::CloudWatch::Alarm }
  Board: { Type: AWS::CloudWatch::Dashboard }
  Log: { Type: AWS::Logs::LogGroup }
";

    #[test]
    fn groups_and_sampling_rules_of_a_nested_template_are_read() {
        let app = with_nested(OUTER, NESTED).unwrap();
        let group = json!({
            "GroupName": "shop-slow", "FilterExpression": "duration > 5",
            "InsightsConfiguration": { "InsightsEnabled": true },
        });
        assert_eq!(app.trace_groups, [group]);
        let rule = json!({ "SamplingRule": {
            "RuleName": "Orders", "Priority": 7, "FixedRate": 0.5, "Attributes": { "X-Kind": "1" }, "Version": 1,
        } });
        assert_eq!(app.sampling_rules, [rule]);
        let others = "AWS::CloudWatch::Alarm, AWS::CloudWatch::Dashboard in watch.yaml";
        assert_eq!(app.not_emulated, [("Watcher".to_owned(), others.to_owned())]);
    }

    #[test]
    fn what_is_wrong_in_a_nested_template_is_said_with_both_places() {
        for (nested, problem) in [
            ("Resources: [", "watch.yaml:"),
            ("Resources: {}", "watch.yaml:"),
            (&NESTED.replace("Rate: { Type: Number }, ", ""), "no parameter `Rate`"),
            (&NESTED.replace("${Name}", "${Nobody}"), "`Nobody`"),
        ] {
            let message = with_nested(OUTER, nested).unwrap_err();
            assert!(
                message.contains("template.yaml:5: ") || message.contains("template.yaml:4: "),
                "{message}"
            );
            assert!(message.contains(problem), "{message}");
        }
    }

    #[test]
    fn a_template_that_is_elsewhere_is_named() {
        let app =
            with_nested(&OUTER.replace("watch.yaml", "https://s3.example/t.yaml"), "").unwrap();
        let stack = ("Watcher".to_owned(), "AWS::CloudFormation::Stack".to_owned());
        assert_eq!(app.not_emulated, [stack]);
    }
}
