use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use serde_json::{Map, Value};

use super::{
    build::BuildError,
    error::LineError,
    globals,
    yaml::{Content, Node, scalar},
};

/// How often the names of a template may be resolved in all. A few conditions that name each other ten times are more work
/// than any machine can do, and a few names that repeat each other are longer than any memory.
const MAX_RESOLVED: usize = 100_000;

/// Why an intrinsic function has no value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntrinsicError {
    /// A function that CloudFormation may have and this program has not.
    #[error(
        "`{0}` is not an intrinsic that is supported here; these are: Ref, Sub, GetAtt, If, Equals, \
         Not, And, Or, Join, Select, FindInMap"
    )]
    Unsupported(String),
    /// A reference to nothing.
    #[error("there is no parameter or resource `{0}`")]
    UnknownName(String),
    /// A condition that is not declared.
    #[error("there is no condition `{0}`")]
    UnknownCondition(String),
    /// A key that is not in the mappings.
    #[error("there is no mapping `{0}`")]
    UnknownMapping(String),
    /// A circle of references.
    #[error("`{0}` refers to itself")]
    Circular(String),
    /// More references than any template needs.
    #[error("the template's names refer to each other more than {MAX_RESOLVED} times")]
    TooManyReferences,
    /// Arguments of another form than the function takes.
    #[error("`{function}` takes {form}")]
    Arguments {
        /// The function.
        function: String,
        /// What it takes.
        form: &'static str,
    },
    /// Another number of arguments than the function takes.
    #[error("`{function}` takes a list of {count}")]
    Count {
        /// The function.
        function: String,
        /// How many it takes.
        count: usize,
    },
    /// An index beyond the end of the list.
    #[error("`Fn::Select` finds no item {0}")]
    NoItem(String),
    /// A placeholder that is not closed.
    #[error("a `${{` without its `}}`")]
    UnclosedPlaceholder,
    /// Something other than true or false where a condition belongs.
    #[error("{0} is not a condition")]
    NotACondition(Value),
    /// A list or a mapping where a string belongs.
    #[error("expected a string, not {0}")]
    NotText(Value),
}

/// A value, or `None` for `AWS::NoValue`.
pub(super) type Resolved = Result<Option<Value>, LineError>;

/// The names of a template and what they stand for.
pub(super) struct Scope<'a> {
    pub(super) parameters: HashMap<String, String>,
    /// The parameters of type `Number`.
    pub(super) numbers: Vec<String>,
    /// The parameters of type `CommaDelimitedList`.
    pub(super) lists: Vec<String>,
    pub(super) resources: &'a [(String, Node)],
    pub(super) conditions: &'a [(String, Node)],
    /// `Globals.Api`.
    pub(super) global_api: Option<&'a Node>,
    mappings: Option<&'a Node>,
    /// The names that are being resolved: one that turns up again refers to itself.
    open: RefCell<Vec<String>>,
    /// How many names have been resolved.
    resolved: Cell<usize>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        root: &'a Node,
        parameters: HashMap<String, String>,
    ) -> Result<Self, LineError> {
        let resources = root.get("Resources").map(Node::entries).unwrap_or_default();
        if resources.is_empty() {
            return Err(LineError::new(root.line, BuildError::NoResources));
        }
        let declared = root.get("Parameters").map(Node::entries).unwrap_or_default();
        let of_type = |wanted: &str| -> Vec<String> {
            let kind = |node: &'a Node| node.get("Type").and_then(Node::text);
            let declared = declared.iter().filter(|(_, node)| kind(node) == Some(wanted));
            declared.map(|(name, _)| name.clone()).collect()
        };
        Ok(Self {
            parameters,
            numbers: of_type("Number"),
            lists: of_type("CommaDelimitedList"),
            resources,
            conditions: root.get("Conditions").map(Node::entries).unwrap_or_default(),
            global_api: globals::section(root, "Api"),
            mappings: root.get("Mappings"),
            open: RefCell::default(),
            resolved: Cell::default(),
        })
    }

    /// The value of `node` with every intrinsic function replaced by its value.
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

    /// The value of `node`, which has to be a string or can be written as one.
    pub(super) fn text(&self, node: &Node) -> Result<String, LineError> {
        let value = self.resolve(node)?.unwrap_or_default();
        to_text(&value, node.line)
    }

    /// Resolves what `name` stands for, unless that is being done already.
    pub(super) fn guarded<T>(
        &self,
        name: &str,
        line: usize,
        resolve: impl FnOnce() -> Result<T, LineError>,
    ) -> Result<T, LineError> {
        if self.open.borrow().iter().any(|open| open == name) {
            return Err(LineError::new(line, IntrinsicError::Circular(name.to_owned())));
        }
        self.resolved.set(self.resolved.get() + 1);
        if self.resolved.get() > MAX_RESOLVED {
            return Err(LineError::new(line, IntrinsicError::TooManyReferences));
        }
        self.open.borrow_mut().push(name.to_owned());
        let result = resolve();
        self.open.borrow_mut().pop();
        result
    }

    fn call(&self, name: &str, argument: &Node, line: usize) -> Resolved {
        // A short form carries its tag on the argument itself, which must not be called again.
        let argument = &Node { tag: None, ..argument.clone() };
        match name {
            "Ref" => self.reference(&self.text(argument)?, line),
            "Condition" => Ok(Some(self.condition(&self.text(argument)?, line)?.into())),
            "Fn::GetAtt" => self.get_att(argument, line).map(Some),
            "Fn::Sub" => self.substitute(argument, line).map(Some),
            "Fn::Join" => self.join(argument, line).map(Some),
            "Fn::Select" => self.select(argument, line).map(Some),
            "Fn::FindInMap" => self.find_in_map(argument, line),
            "Fn::If" => {
                let [condition, yes, no] = arguments(argument, name)?;
                let holds = self.condition(&self.text(condition)?, line)?;
                self.resolve(if holds { yes } else { no })
            }
            "Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or" => {
                self.logic(name, argument).map(|truth| Some(truth.into()))
            }
            other => Err(LineError::new(line, IntrinsicError::Unsupported(other.to_owned()))),
        }
    }

    fn get_att(&self, argument: &Node, line: usize) -> Result<Value, LineError> {
        let (resource, attribute) = match &argument.content {
            Content::Sequence(parts) if parts.len() == 2 => {
                (self.text(&parts[0])?, self.text(&parts[1])?)
            }
            _ => {
                let text = self.text(argument)?;
                let (resource, attribute) = text.split_once('.').ok_or_else(|| {
                    let form = "`Resource.Attribute`";
                    let function = "Fn::GetAtt".to_owned();
                    LineError::new(line, IntrinsicError::Arguments { function, form })
                })?;
                (resource.to_owned(), attribute.to_owned())
            }
        };
        self.attribute(&resource, &attribute, line)
    }

    fn join(&self, argument: &Node, line: usize) -> Result<Value, LineError> {
        let [separator, items] = arguments(argument, "Fn::Join")?;
        let items = self.list(items, "Fn::Join")?;
        let parts = items.iter().map(|item| to_text(item, line));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(parts.join(&self.text(separator)?).into())
    }

    fn select(&self, argument: &Node, line: usize) -> Result<Value, LineError> {
        let [index, items] = arguments(argument, "Fn::Select")?;
        let index = self.text(index)?;
        let items = self.list(items, "Fn::Select")?;
        let item = index.parse::<usize>().ok().and_then(|index| items.get(index));
        item.cloned().ok_or_else(|| LineError::new(line, IntrinsicError::NoItem(index)))
    }

    fn find_in_map(&self, argument: &Node, line: usize) -> Resolved {
        let [map, first, second] = arguments(argument, "Fn::FindInMap")?;
        let (map, first, second) = (self.text(map)?, self.text(first)?, self.text(second)?);
        let found = self.mappings.and_then(|maps| maps.get(&map)?.get(&first)?.get(&second));
        let missing = || IntrinsicError::UnknownMapping(format!("{map}.{first}.{second}"));
        self.resolve(found.ok_or_else(|| LineError::new(line, missing()))?)
    }

    fn list(&self, node: &Node, function: &str) -> Result<Vec<Value>, LineError> {
        if let Some(Value::Array(items)) = self.resolve(node)? {
            return Ok(items);
        }
        let (function, form) = (function.to_owned(), "a list here");
        Err(LineError::new(node.line, IntrinsicError::Arguments { function, form }))
    }
}

/// The `N` arguments of `function`.
fn arguments<'n, const N: usize>(
    argument: &'n Node,
    function: &str,
) -> Result<&'n [Node; N], LineError> {
    let items = match &argument.content {
        Content::Sequence(items) => items.as_slice(),
        _ => &[],
    };
    items.try_into().map_err(|_| {
        let function = function.to_owned();
        LineError::new(argument.line, IntrinsicError::Count { function, count: N })
    })
}

/// `!Sub` is short for `Fn::Sub`; `Ref` and `Condition` have no prefix.
fn full_name(tag: &str) -> String {
    if matches!(tag, "Ref" | "Condition") { tag.to_owned() } else { format!("Fn::{tag}") }
}

/// The text of a scalar value.
pub(super) fn to_text(value: &Value, line: usize) -> Result<String, LineError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        other => Err(LineError::new(line, IntrinsicError::NotText(other.clone()))),
    }
}

#[cfg(test)]
mod tests;
