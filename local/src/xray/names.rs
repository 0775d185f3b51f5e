use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{root_causes::Way, service_id::ServiceId};

/// With fewer names than this, those that nobody uses any more may stay.
const FEW: usize = 1024;

/// Names that many traces have in common, each kept once.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<Known>);

/// A service with a number, for tables of what many traces say of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) id: ServiceId,
    /// No other service that is in use has it; it is smaller than the number of services that ever were in use at
    /// once.
    pub(super) number: usize,
}

#[derive(Debug, Default)]
pub(super) struct Known {
    services: HashMap<ServiceId, Arc<Named>>,
    /// Numbers that are free again.
    free: Vec<usize>,
    texts: HashSet<Arc<str>>,
    ways: HashSet<Arc<Way>>,
    /// With so many names it is looked which are still in use.
    look: usize,
}

impl Names {
    pub(super) fn lock(&self) -> MutexGuard<'_, Known> {
        // A panic elsewhere does not make the names wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The service with that id.
    pub(super) fn service(&mut self, id: ServiceId) -> Arc<Named> {
        if let Some(known) = self.services.get(&id) {
            return Arc::clone(known);
        }
        self.forget_unused();
        let number = self.free.pop().unwrap_or(self.services.len());
        let named = Arc::new(Named { id: id.clone(), number });
        self.services.insert(id, Arc::clone(&named));
        named
    }

    /// The text, kept once.
    pub(super) fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        self.forget_unused();
        let text = Arc::<str>::from(text);
        self.texts.insert(Arc::clone(&text));
        text
    }

    /// The way of a root cause, kept once.
    pub(super) fn way(&mut self, way: Way) -> Arc<Way> {
        if let Some(known) = self.ways.get(&way) {
            return Arc::clone(known);
        }
        self.forget_unused();
        let way = Arc::new(way);
        self.ways.insert(Arc::clone(&way));
        way
    }

    fn forget_unused(&mut self) {
        if self.count() < self.look.max(FEW) {
            return;
        }
        let free = &mut self.free;
        self.services.retain(|_, named| {
            let used = Arc::strong_count(named) > 1;
            if !used {
                free.push(named.number);
            }
            used
        });
        // Ways have texts.
        self.ways.retain(|way| Arc::strong_count(way) > 1);
        self.texts.retain(|text| Arc::strong_count(text) > 1);
        self.look = 2 * self.count();
    }

    fn count(&self) -> usize {
        self.services.len() + self.texts.len() + self.ways.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> ServiceId {
        ServiceId { name: format!("n{number}"), kind: None, account: None }
    }

    #[test]
    fn a_name_is_kept_once_and_as_long_as_it_is_used() {
        let names = Names::default();
        let mut known = names.lock();
        let (first, text) = (known.service(id(0)), known.text("key"));
        for number in 1..10 * FEW {
            known.service(id(number));
            known.text(&number.to_string());
        }
        assert!(known.services.len() + known.texts.len() <= 2 * FEW);
        assert!(
            Arc::ptr_eq(&first, &known.service(id(0))) && Arc::ptr_eq(&text, &known.text("key"))
        );
        let used: Vec<_> = (0..3 * FEW).map(|number| known.service(id(number))).collect();
        let numbers: HashSet<_> = used.iter().map(|named| named.number).collect();
        assert_eq!(numbers.len(), used.len());
        assert!(numbers.into_iter().max() < Some(5 * FEW));
    }
}
