use std::{cell::RefCell, collections::HashMap};

use serde_json::{Map, Value};

use super::{
    TemplateError,
    yaml::{Content, Node},
};
use crate::identity::{ACCOUNT, REGION, arn, iam_arn, queue_url};

type Resolved = Result<Option<Value>, TemplateError>;

/// What names mean in a template.
pub(super) struct Scope<'a> {
    parameters: HashMap<String, String>,
    numbers: Vec<String>,
    lists: Vec<String>,
    resources: &'a [(String, Node)],
    mappings: Option<&'a Node>,
    conditions: &'a [(String, Node)],
    /// The names being resolved right now: one that turns up again refers to itself.
    open: RefCell<Vec<String>>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        root: &'a Node,
        parameters: HashMap<String, String>,
    ) -> Result<Self, TemplateError> {
        let resources = root.get("Resources").map(Node::entries).unwrap_or_default();
        if resources.is_empty() {
            return Err(TemplateError::at(root.line, "the template has no `Resources`"));
        }
        let declared = root.get("Parameters").map(Node::entries).unwrap_or_default();
        let of_type = |kind: &str| -> Vec<String> {
            let fits =
                |node: &Node| node.get("Type").and_then(Node::text).is_some_and(|is| is == kind);
            declared.iter().filter(|(_, node)| fits(node)).map(|(name, _)| name.clone()).collect()
        };
        Ok(Self {
            parameters,
            numbers: of_type("Number"),
            lists: of_type("CommaDelimitedList"),
            resources,
            mappings: root.get("Mappings"),
            conditions: root.get("Conditions").map(Node::entries).unwrap_or_default(),
            open: RefCell::default(),
        })
    }

    /// The value of `node` with every intrinsic replaced by what it stands for; `None` for
    /// `AWS::NoValue`.
    pub(super) fn resolve(&self, node: &Node) -> Resolved {
        if let Some(tag) = &node.tag {
            return self.call(&full_name(tag), node, node.line);
        }
        match &node.content {
            Content::Scalar { text, quoted } => Ok(Some(scalar(text, *quoted))),
            Content::Sequence(items) => {
                let items = items.iter().filter_map(|item| self.resolve(item).transpose());
                Ok(Some(Value::Array(items.collect::<Result<_, _>>()?)))
            }
            Content::Mapping(entries) => {
                if let [(name, argument)] = entries.as_slice()
                    && (name == "Ref" || name == "Condition" || name.starts_with("Fn::"))
                {
                    return self.call(name, argument, node.line);
                }
                let mut map = Map::new();
                for (name, value) in entries {
                    if let Some(value) = self.resolve(value)? {
                        map.insert(name.clone(), value);
                    }
                }
                Ok(Some(Value::Object(map)))
            }
        }
    }

    /// Whether the condition `name` holds.
    pub(super) fn condition(&self, name: &str, line: usize) -> Result<bool, TemplateError> {
        let (_, node) =
            self.conditions.iter().find(|(declared, _)| declared == name).ok_or_else(|| {
                TemplateError::at(line, format!("there is no condition `{name}`"))
            })?;
        self.guarded(name, line, || self.truth(node))
    }

    fn call(&self, name: &str, argument: &Node, line: usize) -> Resolved {
        // A short form carries its tag on the argument itself, which must not be called again.
        let argument = &Node { tag: None, ..argument.clone() };
        let text = |node: &Node| self.text(node);
        match name {
            "Ref" => self.reference(&text(argument)?, line),
            "Condition" => Ok(Some(self.condition(&text(argument)?, line)?.into())),
            "Fn::GetAtt" => {
                let (resource, attribute) = match &argument.content {
                    Content::Sequence(parts) if parts.len() == 2 => {
                        (text(&parts[0])?, text(&parts[1])?)
                    }
                    _ => {
                        let both = text(argument)?;
                        let both = both.split_once('.').ok_or_else(|| {
                            TemplateError::at(line, "GetAtt wants `Resource.Attribute`")
                        })?;
                        (both.0.to_owned(), both.1.to_owned())
                    }
                };
                self.attribute(&resource, &attribute, line).map(Some)
            }
            "Fn::Sub" => self.substitute(argument, line).map(Some),
            "Fn::Join" => {
                let [separator, items] = arguments(argument, name)?;
                let items = self.list(&items, name)?;
                let parts: Result<Vec<_>, _> = items.iter().map(|item| shown(item, line)).collect();
                Ok(Some(parts?.join(&text(&separator)?).into()))
            }
            "Fn::Select" => {
                let [index, items] = arguments(argument, name)?;
                let index = text(&index)?;
                let items = self.list(&items, name)?;
                let item = index.parse::<usize>().ok().and_then(|index| items.get(index));
                let missing = || TemplateError::at(line, format!("Select finds no item {index}"));
                item.cloned().map(Some).ok_or_else(missing)
            }
            "Fn::FindInMap" => {
                let [map, first, second] = arguments(argument, name)?;
                let (map, first, second) = (text(&map)?, text(&first)?, text(&second)?);
                let found = self.mappings.and_then(|m| m.get(&map)?.get(&first)?.get(&second));
                let missing = || format!("there is no mapping `{map}.{first}.{second}`");
                self.resolve(found.ok_or_else(|| TemplateError::at(line, missing()))?)
            }
            "Fn::If" => {
                let [condition, yes, no] = arguments(argument, name)?;
                let holds = self.condition(&text(&condition)?, line)?;
                self.resolve(if holds { &yes } else { &no })
            }
            "Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or" => {
                self.logic(name, argument).map(|truth| Some(truth.into()))
            }
            other => Err(TemplateError::at(
                line,
                format!(
                    "`{other}` is not an intrinsic that is understood here; these are: Ref, Sub, GetAtt, \
                     If, Equals, Not, And, Or, Join, Select, FindInMap"
                ),
            )),
        }
    }

    fn logic(&self, name: &str, argument: &Node) -> Result<bool, TemplateError> {
        let Content::Sequence(items) = &argument.content else {
            return Err(TemplateError::at(argument.line, format!("`{name}` wants a list")));
        };
        match (name, items.as_slice()) {
            ("Fn::Equals", [left, right]) => {
                let side = |node| -> Result<_, TemplateError> {
                    self.resolve(node)?.map(|value| shown(&value, argument.line)).transpose()
                };
                Ok(side(left)? == side(right)?)
            }
            ("Fn::Not", [item]) => Ok(!self.truth(item)?),
            ("Fn::And", items) if (2..=10).contains(&items.len()) => {
                let truths: Result<Vec<_>, _> = items.iter().map(|item| self.truth(item)).collect();
                Ok(truths?.into_iter().all(|truth| truth))
            }
            ("Fn::Or", items) if (2..=10).contains(&items.len()) => {
                let truths: Result<Vec<_>, _> = items.iter().map(|item| self.truth(item)).collect();
                Ok(truths?.into_iter().any(|truth| truth))
            }
            _ => {
                let problem = format!("`{name}` does not take {} items", items.len());
                Err(TemplateError::at(argument.line, problem))
            }
        }
    }

    fn truth(&self, node: &Node) -> Result<bool, TemplateError> {
        match self.resolve(node)? {
            Some(Value::Bool(truth)) => Ok(truth),
            other => {
                let problem = format!("{} is no condition", other.unwrap_or_default());
                Err(TemplateError::at(node.line, problem))
            }
        }
    }

    fn list(&self, node: &Node, name: &str) -> Result<Vec<Value>, TemplateError> {
        match self.resolve(node)? {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(TemplateError::at(node.line, format!("`{name}` wants a list here"))),
        }
    }

    fn text(&self, node: &Node) -> Result<String, TemplateError> {
        let value = self.resolve(node)?.unwrap_or_default();
        shown(&value, node.line)
    }

    fn substitute(&self, argument: &Node, line: usize) -> Result<Value, TemplateError> {
        let (template, own) = match &argument.content {
            Content::Sequence(parts) if parts.len() == 2 => (&parts[0], Some(&parts[1])),
            _ => (argument, None),
        };
        let template = template
            .text()
            .ok_or_else(|| TemplateError::at(line, "Sub wants a text, or a text and a mapping"))?;
        let mut result = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| TemplateError::at(line, "a `${` without its `}`"))?;
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                result.extend(["${", literal, "}"]);
                continue;
            }
            let value = match own.and_then(|own| own.get(name)) {
                Some(node) => self.text(node)?,
                None => {
                    if let Some((resource, attribute)) = name.split_once('.') {
                        shown(&self.attribute(resource, attribute, line)?, line)?
                    } else {
                        let value = self.reference(name, line)?;
                        shown(&value.unwrap_or_default(), line)?
                    }
                }
            };
            result.push_str(&value);
        }
        Ok((result + rest).into())
    }

    fn reference(&self, name: &str, line: usize) -> Resolved {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(value) = self.parameters.get(name) {
            if self.lists.iter().any(|list| list == name) {
                return Ok(Some(value.split(',').map(str::trim).collect()));
            }
            let number = self.numbers.iter().any(|number| number == name);
            return Ok(Some(scalar(value, !number)));
        }
        let pseudo = match name {
            "AWS::Region" => REGION,
            "AWS::AccountId" => ACCOUNT,
            "AWS::Partition" => "aws",
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::StackName" => "local",
            _ => return self.attribute(name, "", line).map(Some),
        };
        Ok(Some(pseudo.into()))
    }

    /// What `GetAtt` gives for an attribute, and `Ref` for the empty one.
    fn attribute(
        &self,
        resource: &str,
        attribute: &str,
        line: usize,
    ) -> Result<Value, TemplateError> {
        let found = self.resources.iter().find(|(name, _)| name == resource);
        let Some((_, node)) = found else {
            return self.made_by_sam(resource, attribute).ok_or_else(|| {
                TemplateError::at(line, format!("there is no parameter or resource `{resource}`"))
            });
        };
        let kind = node.get("Type").and_then(Node::text).unwrap_or_default();
        let name = self.guarded(resource, line, || self.physical_name(resource, kind, node))?;
        let value = match (kind, attribute) {
            ("AWS::Serverless::Function" | "AWS::Lambda::Function", "Arn") => {
                arn("lambda", &format!("function:{name}"))
            }
            ("AWS::DynamoDB::Table", "Arn") => arn("dynamodb", &format!("table/{name}")),
            ("AWS::Events::EventBus", "Arn") => arn("events", &format!("event-bus/{name}")),
            ("AWS::SNS::Topic", "" | "TopicArn") => arn("sns", &name),
            ("AWS::SQS::Queue", "Arn") => arn("sqs", &name),
            ("AWS::SQS::Queue", "" | "QueueUrl") => queue_url(&name),
            ("AWS::IAM::ManagedPolicy", "" | "PolicyArn") => iam_arn(&format!("policy/{name}")),
            ("AWS::Logs::LogGroup", "Arn") => arn("logs", &format!("log-group:{name}:*")),
            ("AWS::Events::EventBus", "Name")
            | ("AWS::SNS::Topic", "TopicName")
            | ("AWS::SQS::Queue", "QueueName")
            | (_, "") => name,
            // What is not emulated is not asked either; its attributes only have to be some text.
            _ => format!("{resource}.{attribute}"),
        };
        Ok(value.into())
    }

    /// What SAM adds to a template: the role of each function is `<function>Role`.
    fn made_by_sam(&self, resource: &str, attribute: &str) -> Option<Value> {
        let function = resource.strip_suffix("Role")?;
        let (_, node) = self.resources.iter().find(|(name, _)| name == function)?;
        if node.get("Type").and_then(Node::text) != Some("AWS::Serverless::Function") {
            return None;
        }
        let name = format!("local-{resource}");
        Some(if attribute == "Arn" { iam_arn(&format!("role/{name}")).into() } else { name.into() })
    }

    /// The name that the template gives a resource, or one made from its logical id.
    pub(super) fn physical_name(
        &self,
        logical_id: &str,
        kind: &str,
        node: &Node,
    ) -> Result<String, TemplateError> {
        let property = match kind {
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => "FunctionName",
            "AWS::DynamoDB::Table" => "TableName",
            "AWS::SNS::Topic" => "TopicName",
            "AWS::SQS::Queue" => "QueueName",
            "AWS::IAM::ManagedPolicy" => "ManagedPolicyName",
            "AWS::Logs::LogGroup" => "LogGroupName",
            "AWS::Events::EventBus" | "AWS::Events::Rule" => "Name",
            _ => return Ok(logical_id.to_owned()),
        };
        match node.get("Properties").and_then(|properties| properties.get(property)) {
            Some(name) => self.text(name),
            None => Ok(format!("local-{logical_id}")),
        }
    }

    fn guarded<T>(
        &self,
        name: &str,
        line: usize,
        resolve: impl FnOnce() -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.open.borrow().iter().any(|open| open == name) {
            return Err(TemplateError::at(line, format!("`{name}` refers to itself")));
        }
        self.open.borrow_mut().push(name.to_owned());
        let result = resolve();
        self.open.borrow_mut().pop();
        result
    }
}

fn arguments<const N: usize>(argument: &Node, name: &str) -> Result<[Node; N], TemplateError> {
    let items = match &argument.content {
        Content::Sequence(items) => items.clone(),
        _ => Vec::new(),
    };
    items
        .try_into()
        .map_err(|_| TemplateError::at(argument.line, format!("`{name}` wants a list of {N}")))
}

/// `!Sub` is short for `Fn::Sub`; `Ref` and `Condition` have no prefix.
fn full_name(tag: &str) -> String {
    if matches!(tag, "Ref" | "Condition") { tag.to_owned() } else { format!("Fn::{tag}") }
}

fn scalar(text: &str, quoted: bool) -> Value {
    if quoted {
        return text.into();
    }
    match text {
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        "" | "~" | "null" => Value::Null,
        _ => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(number), _) => number.into(),
            (_, Ok(number))
                if number.is_finite()
                    && text.starts_with(|c: char| c.is_ascii_digit() || c == '-') =>
            {
                number.into()
            }
            _ => text.into(),
        },
    }
}

fn shown(value: &Value, line: usize) -> Result<String, TemplateError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        other => Err(TemplateError::at(line, format!("a text is wanted here, not {other}"))),
    }
}
