use uuid::{Builder, Uuid};

/// A new id as AWS's services make them, a version 4 UUID. An order takes about fifty of them, so the system is not asked for
/// every one. What nobody may guess is a [`Uuid::new_v4`].
pub(crate) fn new_id() -> Uuid {
    Builder::from_random_bytes(fastrand::u128(..).to_ne_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_random_uuids() {
        let threads = [(); 4]
            .map(|()| std::thread::spawn(|| (0..10_000).map(|_| new_id()).collect::<HashSet<_>>()));
        let all: HashSet<_> = threads.into_iter().flat_map(|ids| ids.join().unwrap()).collect();
        assert_eq!(all.len(), 40_000);
        assert!(all.iter().all(|id| id.get_version_num() == 4));
    }
}
