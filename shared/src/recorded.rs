use crate::{invocation::Invocation, item::Item};

/// What a conditional write ends with: the fact as it is stored, and who recorded it.
///
/// A fact is recorded by one invocation. That one counts it; every other invocation that meets it
/// publishes its event again, because the first one may have failed before it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded<T> {
    /// This invocation recorded it.
    New(T),
    /// An earlier invocation did, or one that ran at the same time.
    Existing(T),
}

impl<T> Recorded<T> {
    /// `value` was stored in `item`, with the id of the invocation that recorded it under
    /// `recorded_by`.
    ///
    /// The id decides, and not whether the write succeeded: when the response to a write is lost,
    /// the SDK sends it again, and the second attempt is refused because of the first one's
    /// success.
    pub fn of(item: &Item, recorded_by: &str, invocation: &Invocation, value: T) -> Self {
        let id = item.get(recorded_by).and_then(|value| value.as_s().ok());
        if id.is_some_and(|id| id == invocation.id()) {
            Self::New(value)
        } else {
            Self::Existing(value)
        }
    }

    /// The fact as it is stored.
    pub fn get(&self) -> &T {
        match self {
            Self::New(value) | Self::Existing(value) => value,
        }
    }

    /// The same for something that follows from the fact.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Recorded<U> {
        match self {
            Self::New(value) => Recorded::New(f(value)),
            Self::Existing(value) => Recorded::Existing(f(value)),
        }
    }
}

impl<T> Recorded<Option<T>> {
    /// The same, if there is something.
    pub fn transpose(self) -> Option<Recorded<T>> {
        match self {
            Self::New(value) => value.map(Recorded::New),
            Self::Existing(value) => value.map(Recorded::Existing),
        }
    }
}

#[cfg(test)]
mod tests {
    use lambda_runtime::Context;

    use super::*;
    use crate::item::text;

    /// A lost response and the SDK's retry: the write is refused, and the item is our own.
    #[test]
    fn the_invocations_id_decides_who_recorded_it() {
        let (ours, theirs) = (Context::default(), Context::default());
        let (ours, theirs) = (Invocation::new(&ours), Invocation::new(&theirs));
        let by = |id: &str| Item::from([("recordedBy".to_owned(), text(id))]);
        assert_eq!(Recorded::of(&by(ours.id()), "recordedBy", &ours, 1), Recorded::New(1));
        assert_eq!(Recorded::of(&by(theirs.id()), "recordedBy", &ours, 1), Recorded::Existing(1));
        // An item without an id.
        assert_eq!(Recorded::of(&Item::new(), "recordedBy", &ours, 1), Recorded::Existing(1));
    }
}
