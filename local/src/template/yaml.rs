use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use serde_json::Value;

use super::error::LineError;

/// How deep a template may nest. CloudFormation's own limit is lower.
const MAX_DEPTH: usize = 64;

/// The most nodes that a template's aliases may stand for.
const MAX_COPIED: usize = 100_000;

/// A YAML node with its line and its tag, `!Ref` for example.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Counted from one.
    pub(super) line: usize,
    /// Without the exclamation mark.
    pub(super) tag: Option<String>,
    pub(super) content: Content,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// A scalar, and whether it was quoted, so that `"2012"` stays a string.
    Scalar {
        text: String,
        quoted: bool,
    },
    Sequence(Vec<Node>),
    Mapping(Vec<(String, Node)>),
}

impl Node {
    /// The entry `key` of a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The entries of a mapping; none for anything else.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        match &self.content {
            Content::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The number of nodes in it, itself included.
    fn size(&self) -> usize {
        1 + match &self.content {
            Content::Scalar { .. } => 0,
            Content::Sequence(items) => items.iter().map(Self::size).sum(),
            Content::Mapping(entries) => entries.iter().map(|(_, node)| node.size()).sum(),
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }
}

/// Why a text is not the YAML of a template.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// The parser's own message.
    #[error("{0}")]
    Syntax(String),
    /// No document.
    #[error("the template is empty")]
    Empty,
    /// An incomplete document.
    #[error("the template ends unexpectedly")]
    UnexpectedEnd,
    /// More nesting than any template needs.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// `*name` without `&name`.
    #[error("an alias to an unknown anchor")]
    UnknownAlias,
    /// More copies of what anchors name than any template needs.
    #[error("aliases stand for more than {MAX_COPIED} values")]
    TooManyAliases,
    /// Something other than a scalar, a sequence or a mapping.
    #[error("unexpected {0}")]
    UnexpectedEvent(String),
    /// A sequence or a mapping as a key.
    #[error("a mapping key must be a string")]
    KeyNotText,
    /// The same key twice.
    #[error("duplicate key `{0}`")]
    DuplicateKey(String),
}

/// Parses the first document of `text`.
pub(super) fn parse(text: &str) -> Result<Node, LineError> {
    let (parser, anchors) = (Parser::new_from_str(text), HashMap::new());
    let mut events = Events { parser, anchors, copied: 0 };
    loop {
        match events.next()? {
            (Event::StreamStart | Event::DocumentStart(..), _) => {}
            (Event::DocumentEnd | Event::StreamEnd, line) => {
                return Err(LineError::new(line, YamlError::Empty));
            }
            (event, line) => return events.node(event, line, 0),
        }
    }
}

struct Events<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    /// The nodes that aliases have stood for so far.
    copied: usize,
}

impl<'a> Events<'a> {
    fn next(&mut self) -> Result<(Event<'a>, usize), LineError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start.line())),
            Some(Err(error)) => {
                Err(LineError::new(error.marker().line(), YamlError::Syntax(error.info().clone())))
            }
            None => Err(LineError::new(0, YamlError::UnexpectedEnd)),
        }
    }

    fn node(&mut self, event: Event<'a>, line: usize, depth: usize) -> Result<Node, LineError> {
        if depth > MAX_DEPTH {
            return Err(LineError::new(line, YamlError::TooDeep));
        }
        let (anchor, tag, content) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = style != ScalarStyle::Plain;
                (anchor, tag, Content::Scalar { text: text.into_owned(), quoted })
            }
            Event::SequenceStart(_, anchor, tag) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, line) => items.push(self.node(event, line, depth + 1)?),
                    }
                }
                (anchor, tag, Content::Sequence(items))
            }
            Event::MappingStart(_, anchor, tag) => {
                (anchor, tag, Content::Mapping(self.mapping(depth)?))
            }
            Event::Alias(id) => {
                let unknown = || LineError::new(line, YamlError::UnknownAlias);
                let node = self.anchors.get(&id).ok_or_else(unknown)?;
                // Aliases of aliases of aliases make a few lines a document that fits into no memory.
                self.copied += node.size();
                if self.copied > MAX_COPIED {
                    return Err(LineError::new(line, YamlError::TooManyAliases));
                }
                return Ok(node.clone());
            }
            other => {
                let unexpected = YamlError::UnexpectedEvent(format!("{other:?}"));
                return Err(LineError::new(line, unexpected));
            }
        };
        let node = Node { line, tag: tag.as_deref().and_then(cloudformation_tag), content };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn mapping(&mut self, depth: usize) -> Result<Vec<(String, Node)>, LineError> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        loop {
            let (key, line) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                (Event::Scalar(key, ..), line) => (key.into_owned(), line),
                (_, line) => return Err(LineError::new(line, YamlError::KeyNotText)),
            };
            if entries.iter().any(|(earlier, _)| *earlier == key) {
                return Err(LineError::new(line, YamlError::DuplicateKey(key)));
            }
            let (event, line) = self.next()?;
            entries.push((key, self.node(event, line, depth + 1)?));
        }
    }
}

/// CloudFormation's tags have one exclamation mark; YAML's own (`!!str`) are ignored.
fn cloudformation_tag(tag: &Tag) -> Option<String> {
    (!tag.is_yaml_core_schema()).then(|| tag.suffix().trim_start_matches('!').to_owned())
}

/// The JSON value of a scalar. Only a plain one can be a number, a boolean or null.
pub(super) fn scalar(text: &str, quoted: bool) -> Value {
    if quoted {
        return text.into();
    }
    match text {
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        "" | "~" | "null" => Value::Null,
        _ => number(text).unwrap_or_else(|| text.into()),
    }
}

fn number(text: &str) -> Option<Value> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    // Rust also reads `inf` and `nan`, which are strings in a template.
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    text.parse::<f64>().ok().filter(|number| numeric && number.is_finite()).map(Value::from)
}
