use std::{io, path::Path};

use super::{
    build::BuildError, function::FunctionError, intrinsics::IntrinsicError, openapi::RouteMismatch,
    outputs::OutputError, parameters::ParameterError, yaml::YamlError,
};
use crate::rules::{ExpressionError, PatternError};

/// Why a template cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error(
        "cannot read the template {path}\n\nhint: run this in the workspace's folder, or pass --template PATH"
    )]
    Unreadable {
        /// The file.
        path: String,
        /// The reason.
        source: io::Error,
    },
    /// A line of it is invalid.
    #[error("{path}:{error}")]
    Invalid {
        /// The file; empty while only its text is known.
        path: String,
        /// The line and its problem.
        error: LineError,
    },
    /// A `--parameter` is invalid.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
}

impl TemplateError {
    /// The same error with the file that it is about.
    pub(super) fn in_file(self, file: &Path) -> Self {
        match self {
            Self::Invalid { error, .. } => {
                Self::Invalid { path: file.display().to_string(), error }
            }
            other => other,
        }
    }
}

impl From<LineError> for TemplateError {
    fn from(error: LineError) -> Self {
        Self::Invalid { path: String::new(), error }
    }
}

/// A problem at a line of a template.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {problem}")]
pub struct LineError {
    /// Counted from one; zero when the problem concerns the whole file.
    pub line: usize,
    /// What is wrong and, where it helps, what would be right.
    pub problem: Problem,
}

impl LineError {
    pub(super) fn new(line: usize, problem: impl Into<Problem>) -> Self {
        Self { line, problem: problem.into() }
    }
}

/// What can be wrong at a line of a template.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The YAML itself.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// A parameter's declaration or its default.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// An intrinsic function.
    #[error(transparent)]
    Intrinsic(#[from] IntrinsicError),
    /// A Lambda function.
    #[error("function `{function}`: {problem}")]
    Function {
        /// Its logical id.
        function: String,
        /// What is wrong with it.
        problem: FunctionError,
    },
    /// The event pattern of a rule.
    #[error("rule `{rule}`: {problem}")]
    Pattern {
        /// The rule's name.
        rule: String,
        /// Why EventBridge refuses it.
        problem: PatternError,
    },
    /// The expression of a schedule.
    #[error("schedule `{schedule}`: {problem}")]
    Schedule {
        /// The schedule's name.
        schedule: String,
        /// Why EventBridge refuses it.
        problem: ExpressionError,
    },
    /// The API's `OpenAPI` document does not fit the functions' events.
    #[error(transparent)]
    Route(#[from] RouteMismatch),
    /// An output without a value.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The template of a nested stack.
    #[error("{file}:{problem}")]
    Nested {
        /// Its file, as the stack names it.
        file: String,
        /// The line and what is wrong there.
        problem: String,
    },
    /// A resource, or a reference from one to another.
    #[error(transparent)]
    Build(#[from] BuildError),
}
