use super::{Keyword, scope::Found};

/// A service, entity or exception on the way of a root cause.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'a> {
    pub(super) index: usize,
    pub(super) is_last: bool,
    pub(super) name: Option<&'a str>,
    pub(super) kind: Option<&'a str>,
    pub(super) message: Option<&'a str>,
    pub(super) inferred: Option<bool>,
    pub(super) remote: Option<bool>,
    pub(super) coverage: Option<f64>,
}

impl<'a> Place<'a> {
    pub(super) fn value(self, keyword: &Keyword) -> Option<Found<'a>> {
        match keyword {
            Keyword::First => Some(Found::Truth(self.index == 0)),
            Keyword::Last => Some(Found::Truth(self.is_last)),
            #[expect(clippy::cast_precision_loss, reason = "a path is short")]
            Keyword::Index => Some(Found::Number(self.index as f64)),
            Keyword::Name => self.name.map(Found::Text),
            Keyword::Type => self.kind.map(Found::Text),
            Keyword::Message => self.message.map(Found::Text),
            Keyword::Inferred => self.inferred.map(Found::Truth),
            Keyword::Remote => self.remote.map(Found::Truth),
            Keyword::Coverage => self.coverage.map(Found::Number),
            _ => None,
        }
    }
}
