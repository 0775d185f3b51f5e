use std::sync::Arc;

use super::{
    complexity,
    expression::{self, next},
    matching::Clause,
    refusal::Refusal,
};
use crate::rules::json::{Lexed, Reader, Token};

/// The most ways to match that `$or` may produce.
const MAX_CLAUSES: usize = 1000;
/// The deepest JSON that EventBridge reads.
const MAX_DEPTH: usize = 1000;
pub(super) const OR: &str = "$or";
/// Names that no field inside `$or` may have: operators, and some that EventBridge keeps for later.
const RESERVED: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// Reads a pattern as EventBridge does: a field's alternatives are written into all clauses so far, and
/// replace those that the same field had before.
pub(super) fn compile(text: &str) -> Result<Vec<Clause>, Refusal> {
    let mut compiler = Compiler::new(text);
    compiler.begin()?;
    while !compiler.open.is_empty() {
        compiler.step()?;
    }
    compiler.end()
}

struct Compiler<'a> {
    reader: Reader<'a>,
    clauses: Vec<Clause>,
    /// The names of the fields that are open, outermost first.
    path: Vec<String>,
    open: Vec<Frame>,
}

/// What is open while a pattern is read.
enum Frame {
    Object { is_empty: bool, in_or: bool },
    Or(Alternatives),
}

/// The branches of an `$or`.
struct Alternatives {
    /// The clauses before the `$or`: each branch continues them.
    base: Vec<Clause>,
    branches: usize,
    continued: Vec<Clause>,
}

impl<'a> Compiler<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            reader: Reader::new(text, MAX_DEPTH),
            clauses: vec![Clause::default()],
            path: Vec::new(),
            open: Vec::new(),
        }
    }

    fn begin(&mut self) -> Result<(), Refusal> {
        let first = next(&mut self.reader)?;
        if first.token != Token::BeginObject {
            return Err(Refusal::at(first.seen, "Filter is not an object"));
        }
        self.open.push(Frame::Object { is_empty: true, in_or: false });
        Ok(())
    }

    /// Reads the next token, and what belongs to it.
    fn step(&mut self) -> Result<(), Refusal> {
        let lexed = next(&mut self.reader)?;
        match (self.open.last_mut(), &lexed.token) {
            (Some(Frame::Object { is_empty: true, .. }), Token::EndObject) => {
                Err(Refusal::at(lexed.end, "Empty objects are not allowed"))
            }
            (Some(Frame::Object { .. }), Token::EndObject) => self.end_object(),
            (Some(Frame::Object { is_empty, .. }), Token::Name(name)) if name == OR => {
                *is_empty = false;
                self.begin_or()
            }
            (Some(Frame::Object { is_empty, in_or }), Token::Name(_)) => {
                *is_empty = false;
                let in_or = *in_or;
                self.field(lexed, in_or)
            }
            (Some(Frame::Or(alternatives)), Token::BeginObject) => {
                alternatives.branches += 1;
                self.clauses.clone_from(&alternatives.base);
                self.open.push(Frame::Object { is_empty: true, in_or: true });
                Ok(())
            }
            (Some(Frame::Or(alternatives)), Token::EndArray) => {
                if alternatives.branches < 2 {
                    let reason =
                        format!("There must have at least 2 Objects in {OR} relationship.");
                    return Err(Refusal::at(lexed.end, reason));
                }
                self.clauses = std::mem::take(&mut alternatives.continued);
                self.open.pop();
                Ok(())
            }
            _ => {
                let reason = format!("Only JSON object is allowed in array of {OR} relationship.");
                Err(Refusal::at(lexed.seen, reason))
            }
        }
    }

    fn end_object(&mut self) -> Result<(), Refusal> {
        self.open.pop();
        let Some(Frame::Or(alternatives)) = self.open.last_mut() else {
            self.path.pop();
            return Ok(());
        };
        alternatives.continued.append(&mut self.clauses);
        if alternatives.continued.len() > MAX_CLAUSES {
            let reason = format!("Or operator is producing over {MAX_CLAUSES} rule combinations");
            return Err(Refusal::anywhere(reason));
        }
        Ok(())
    }

    fn begin_or(&mut self) -> Result<(), Refusal> {
        let opening = next(&mut self.reader)?;
        if opening.token != Token::BeginArray {
            let reason = format!("It must be an Array followed with {OR}.");
            return Err(Refusal::at(opening.seen, reason));
        }
        let base = std::mem::take(&mut self.clauses);
        self.open.push(Frame::Or(Alternatives { base, branches: 0, continued: Vec::new() }));
        Ok(())
    }

    /// A name and its value: an object of more fields, or the alternatives of this one.
    fn field(&mut self, lexed: Lexed<'a>, in_or: bool) -> Result<(), Refusal> {
        let Token::Name(name) = lexed.token else { return Ok(()) };
        if in_or && RESERVED.contains(&&*name) {
            let reason =
                format!("{name} is Ruler reserved fieldName which cannot be used inside {OR}.");
            return Err(Refusal::at(lexed.seen, reason));
        }
        let value = next(&mut self.reader)?;
        match value.token {
            Token::BeginObject => {
                self.path.push(name.into_owned());
                self.open.push(Frame::Object { is_empty: true, in_or });
            }
            Token::BeginArray => {
                self.path.push(name.into_owned());
                let field: Arc<str> = self.path.join(".").into();
                self.path.pop();
                let matchers: Arc<[_]> = expression::parse_all(&mut self.reader)?.into();
                for clause in &mut self.clauses {
                    clause.fields.insert(Arc::clone(&field), Arc::clone(&matchers));
                }
            }
            _ => {
                let reason = format!("\"{name}\" must be an object or an array");
                return Err(Refusal::at(value.seen, reason));
            }
        }
        Ok(())
    }

    fn end(mut self) -> Result<Vec<Clause>, Refusal> {
        // Only space may follow.
        self.reader.next()?;
        if complexity::is_too_complex(&self.clauses) {
            return Err(Refusal::anywhere(
                "Rule is too complex - try using fewer wildcard characters or fewer repeating character \
                 sequences after a wildcard character",
            ));
        }
        Ok(self.clauses)
    }
}
