use std::{fs, time::Duration};

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// A line of the table.
pub(crate) fn row(what: &str, measured: &str) {
    say(&format!("| {what} | {measured} |"));
}

/// A line with the memory that the process has, and the most that it had, as Linux counts it.
pub(crate) fn memory(what: &str) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
            .unwrap_or_default()
            / 1024
    };
    row(what, &format!("{} MB, at most {} MB", field("VmRSS:"), field("VmHWM:")));
}

#[expect(clippy::cast_precision_loss, reason = "nothing is counted beyond 2^52")]
pub(crate) fn float(count: usize) -> f64 {
    count as f64
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

pub(crate) fn ms(time: Duration) -> String {
    format!("{:.1} ms", millis(time))
}

pub(crate) fn kb(size: usize) -> String {
    format!("{} KB", size.div_ceil(1000))
}
