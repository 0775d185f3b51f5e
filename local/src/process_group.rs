use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// The process group that a child leads. Dropping it ends the child and whatever that started: the
/// compilers under Cargo, the function under a wrapper script.
#[derive(Debug)]
pub(crate) struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    /// The group of `child`, which has to be started with `process_group(0)`.
    pub(crate) fn led_by(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // Fails when the group is gone already, which is what is wanted.
            let _gone = kill_process_group(leader, Signal::KILL);
        }
    }
}
