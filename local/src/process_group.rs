use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// The leaders of all process groups, for a program that has no time left to end in order.
static LEADERS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// Ends every process that this program has started, and whatever those started.
pub fn end_all() {
    for leader in leaders().iter().filter_map(|leader| Pid::from_raw(*leader)) {
        // Fails when the group is gone already, which is what is wanted.
        let _gone = kill_process_group(leader, Signal::KILL);
    }
}

fn leaders() -> MutexGuard<'static, BTreeSet<i32>> {
    LEADERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The process group that a child leads. Dropping it ends the child and whatever that started: the
/// compilers under Cargo, the function under a wrapper script.
#[derive(Debug)]
pub(crate) struct ProcessGroup(Option<Pid>);

/// The process groups that are running, each by a name that nobody else has.
#[derive(Debug, Default)]
pub(crate) struct ProcessGroups(Mutex<HashMap<String, Pid>>);

impl ProcessGroups {
    /// Kills the group of that name, as a crash would, and returns whether there is one. Whoever waits for
    /// the child sees it exit.
    pub(crate) fn kill(&self, name: &str) -> bool {
        let groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        groups.get(name).is_some_and(|leader| kill_process_group(*leader, Signal::KILL).is_ok())
    }

    /// Adds `group`, until it is removed.
    pub(crate) fn add(&self, name: &str, group: &ProcessGroup) {
        if let Some(leader) = group.0 {
            let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            groups.insert(name.to_owned(), leader);
        }
    }

    /// Removes the group of that name.
    pub(crate) fn remove(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

impl ProcessGroup {
    /// The group of `child`, which has to be started with `process_group(0)`.
    pub(crate) fn led_by(child: &Child) -> Self {
        let leader = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        leaders().extend(leader.map(Pid::as_raw_pid));
        Self(leader)
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // Fails when the group is gone already, which is what is wanted.
            let _gone = kill_process_group(leader, Signal::KILL);
            leaders().remove(&leader.as_raw_pid());
        }
    }
}
