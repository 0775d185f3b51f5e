use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use super::TemplateError;

/// How deep a template may nest. CloudFormation's own limit is smaller still.
const MAX_DEPTH: usize = 64;

/// A YAML node that remembers where it stands and which tag it carries, `!Ref` for example.
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
    /// A scalar, and whether it was quoted, so that `"2012"` stays a text.
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

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }
}

/// Reads the first document of `text`.
pub(super) fn parse(text: &str) -> Result<Node, TemplateError> {
    let mut events = Events { parser: Parser::new_from_str(text), anchors: HashMap::new() };
    loop {
        match events.next()? {
            (Event::StreamStart | Event::DocumentStart(..), _) => {}
            (Event::DocumentEnd | Event::StreamEnd, line) => {
                return Err(TemplateError::at(line, "the template is empty"));
            }
            (event, line) => return events.node(event, line, 0),
        }
    }
}

struct Events<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: HashMap<usize, Node>,
}

impl<'a> Events<'a> {
    fn next(&mut self) -> Result<(Event<'a>, usize), TemplateError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start.line())),
            Some(Err(error)) => Err(TemplateError::at(error.marker().line(), error.info().clone())),
            None => Err(TemplateError::at(0, "the template ends in the middle")),
        }
    }

    fn node(&mut self, event: Event<'a>, line: usize, depth: usize) -> Result<Node, TemplateError> {
        if depth > MAX_DEPTH {
            return Err(TemplateError::at(line, format!("nested deeper than {MAX_DEPTH} levels")));
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
                let unknown = || TemplateError::at(line, "an alias to an unknown anchor");
                return self.anchors.get(&id).cloned().ok_or_else(unknown);
            }
            other => return Err(TemplateError::at(line, format!("unexpected {other:?}"))),
        };
        let node = Node { line, tag: tag.as_deref().and_then(own_tag), content };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn mapping(&mut self, depth: usize) -> Result<Vec<(String, Node)>, TemplateError> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        loop {
            let (key, line) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                (Event::Scalar(key, ..), line) => (key.into_owned(), line),
                (_, line) => return Err(TemplateError::at(line, "a key that is not a text")),
            };
            if entries.iter().any(|(earlier, _)| *earlier == key) {
                return Err(TemplateError::at(line, format!("`{key}` stands here twice")));
            }
            let (event, line) = self.next()?;
            entries.push((key, self.node(event, line, depth + 1)?));
        }
    }
}

/// CloudFormation's tags have one exclamation mark; YAML's own (`!!str`) mean nothing to us.
fn own_tag(tag: &Tag) -> Option<String> {
    (!tag.is_yaml_core_schema()).then(|| tag.suffix().trim_start_matches('!').to_owned())
}
