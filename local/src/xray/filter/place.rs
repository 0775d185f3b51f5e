use super::{Keyword, Level, scope::Found};
use crate::xray::cause::{Cause, Entity};

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

/// What a root cause has on its way that a filter looks through.
pub(super) fn places<'a>(cause: &Cause<'a>, level: Level) -> Vec<Place<'a>> {
    let entities = cause.services.iter().flat_map(|service| &service.path);
    match level {
        Level::Service => number(cause.services.iter().map(|service| Place {
            name: Some(service.service.name),
            kind: service.service.kind,
            inferred: Some(service.inferred),
            ..Place::default()
        })),
        Level::Entity => {
            let paths = cause.services.iter().map(|service| &service.path);
            paths.flat_map(|path| number(path.iter().map(entity))).collect()
        }
        Level::Exception => {
            let places = entities.flat_map(|entity| {
                number(entity.exceptions.iter().map(|(name, message)| Place {
                    name: *name,
                    message: *message,
                    ..Place::default()
                }))
            });
            places.collect()
        }
    }
}

fn entity<'a>(entity: &Entity<'a>) -> Place<'a> {
    Place {
        name: Some(entity.name),
        remote: Some(entity.remote),
        coverage: entity.coverage,
        ..Place::default()
    }
}

fn number<'a>(places: impl Iterator<Item = Place<'a>>) -> Vec<Place<'a>> {
    let mut places: Vec<_> = places.collect();
    let last = places.len().saturating_sub(1);
    for (index, place) in places.iter_mut().enumerate() {
        (place.index, place.is_last) = (index, index == last);
    }
    places
}
