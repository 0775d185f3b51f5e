use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// The process group of a child. Dropping it kills the child and every process that the child
/// started: the compilers under Cargo, the function under a wrapper script.
#[derive(Debug)]
pub(crate) struct Group(Option<Pid>);

impl Group {
    /// The group led by `child`, which has to be started with `process_group(0)`.
    pub(crate) fn led_by(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // Fails if the group has ended already, which is fine.
            let _ended = kill_process_group(leader, Signal::KILL);
        }
    }
}
