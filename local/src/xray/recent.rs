use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use super::trace::Trace;

/// The traces stay until they have more segments and subsegments than this in all.
const MAX_NODES: usize = 20_000;

/// The traces that were put together last: who asks for one again need not wait.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<VecDeque<Arc<Trace>>>);

impl Recent {
    /// Keeps a trace for a while.
    pub(super) fn keep(&self, trace: &Arc<Trace>) {
        // A panic elsewhere does not make the traces wrong.
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.push_back(Arc::clone(trace));
        let mut nodes: usize = recent.iter().map(|trace| trace.nodes.len()).sum();
        while nodes > MAX_NODES && recent.len() > 1 {
            nodes -= recent.pop_front().map_or(0, |oldest| oldest.nodes.len());
        }
    }
}
