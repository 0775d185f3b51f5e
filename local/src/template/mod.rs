//! Reads a SAM template: the one source of what exists.

/// What a template says in the terms of this program.
mod app;
/// From the resources of a template to an [`App`].
mod build;
/// `Ref`, `Sub`, `GetAtt`, `If` and their relatives.
mod intrinsics;
/// What the API's `OpenAPI` document and the functions' events say of each other.
mod openapi;
/// The template's parameters and the values they get.
mod parameters;
/// One resource of a template, and what it is here.
mod resource;
/// From a function's policies to its role.
mod roles;
/// YAML with tags and lines.
mod yaml;

pub use app::{Api, App, Function, Queue, Route, Rule, Target, Topic};

use std::{fs, io, path::Path};

/// What is wrong with a template, and where.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error(
        "cannot read the template {path}\n\nhint: run this in the workspace's folder, or say --template PATH"
    )]
    Unreadable {
        /// The file.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// A line makes no sense.
    #[error("{path}:{line}: {problem}")]
    Line {
        /// The file, empty while only its text is known.
        path: String,
        /// Counted from one; zero when it is about the whole file.
        line: usize,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A `--parameter` makes no sense.
    #[error("{0}")]
    Parameter(String),
}

impl TemplateError {
    fn at(line: usize, problem: impl Into<String>) -> Self {
        Self::Line { path: String::new(), line, problem: problem.into() }
    }

    fn within(self, file: &Path) -> Self {
        match self {
            Self::Line { line, problem, .. } => {
                Self::Line { path: file.display().to_string(), line, problem }
            }
            other => other,
        }
    }
}

/// Reads the template at `path`; `overrides` are parameters by name.
pub fn load(path: &Path, overrides: &[(String, String)]) -> Result<App, TemplateError> {
    let text = fs::read_to_string(path)
        .map_err(|source| TemplateError::Unreadable { path: path.display().to_string(), source })?;
    let folder = path.parent().unwrap_or(Path::new("."));
    read(&text, folder, overrides).map_err(|error| error.within(path))
}

fn read(text: &str, folder: &Path, overrides: &[(String, String)]) -> Result<App, TemplateError> {
    let root = yaml::parse(text)?;
    let parameters = parameters::values(&root, overrides)?;
    let scope = intrinsics::Scope::new(&root, parameters)?;
    build::build(&root, &scope, folder)
}

#[cfg(test)]
mod tests;
