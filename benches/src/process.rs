use std::{collections::BTreeMap, ffi::OsStr, fs, time::Duration};

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// On a processor, of all its threads.
    pub(crate) cpu: Duration,
    /// Resident memory, in bytes.
    pub(crate) memory: u64,
}

impl Usage {
    /// Of the process `pid`; nothing if there is none.
    pub(crate) fn of(pid: u32) -> Self {
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        // The first field is the time on a processor in nanoseconds, finer than the ticks in `stat`.
        let nanoseconds = tasks.filter_map(|task| {
            let times = fs::read_to_string(task.path().join("schedstat")).ok()?;
            times.split(' ').next()?.parse::<u64>().ok()
        });
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes =
            resident.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        Self {
            cpu: Duration::from_nanos(nanoseconds.sum()),
            memory: kilobytes.unwrap_or_default() * 1024,
        }
    }
}

/// The scale of the processor times in `/proc/*/stat`: `USER_HZ`, which Linux shows as 100 everywhere.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of processor time of the process `parent` and its children, by program. Unlike [`Usage`] it has threads that
/// have ended, in steps of 10 ms.
pub(crate) fn cpu_by_program(parent: u32) -> BTreeMap<String, f64> {
    let mut seconds = BTreeMap::<String, f64>::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // PID (NAME) STATE PPID …, and the name may have spaces.
        let Some((before, fields)) = stat.rsplit_once(") ") else { continue };
        let Some((pid, name)) = before.split_once(" (") else { continue };
        let fields: Vec<_> = fields.split(' ').collect();
        let number = |field: usize| fields.get(field).and_then(|field| field.parse::<u32>().ok());
        if pid == parent.to_string() || number(1) == Some(parent) {
            let ticks = [11, 12].map(|field| f64::from(number(field).unwrap_or_default()));
            // The name is cut after 15 bytes; that of the executable is not.
            let executable = fs::read_link(entry.path().join("exe")).unwrap_or_default();
            let program = executable.file_name().map_or(name.into(), OsStr::to_string_lossy);
            *seconds.entry(program.into_owned()).or_default() +=
                (ticks[0] + ticks[1]) / TICKS_PER_SECOND;
        }
    }
    seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        let usage = Usage::of(std::process::id());
        assert!(usage.memory > 1_000_000 && usage.cpu > Duration::ZERO, "{usage:?}");
    }
}
