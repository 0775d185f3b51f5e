use std::{fmt::Write, fs, path::PathBuf};

use crate::{
    AnyError, machine,
    measured::{Measured, Times},
    print,
    system::Row,
};

/// How many times that of the bare runtime a service's init may be, and how many times its AWS calls a warm
/// invocation: twice what is usual, so that a busy machine does not fail and a mistake does, such as reading the
/// system's certificates. Without optimisation everything but the runtime is slower.
const INIT_RATIO: f64 = if cfg!(debug_assertions) { 12.0 } else { 4.0 };
const WARM_RATIO: f64 = if cfg!(debug_assertions) { 4.0 } else { 2.0 };

/// The page with the tables, each between markers.
pub(crate) struct Page {
    path: PathBuf,
    machine: String,
}

impl Page {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, machine: machine::describe() }
    }

    /// Replaces what is between the markers `name`.
    pub(crate) fn write(&self, name: &str, table: &str) -> Result<(), AnyError> {
        let table = format!("{table}\n{}.\n", self.machine);
        print(&table);
        let page = fs::read_to_string(&self.path)?;
        let changed = replaced(&page, name, &table);
        let changed = changed.ok_or_else(|| format!("the page has no markers `{name}`"))?;
        Ok(fs::write(&self.path, changed)?)
    }
}

fn replaced(page: &str, name: &str, table: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{table}{end}{after}"))
}

/// The table of the functions.
pub(crate) fn functions(all: &[Measured], times: Times) -> String {
    let mut table = "| function | init, ms | first, ms | warm, ms | its AWS calls, ms | the rest, ms | CPU, ms | memory, MB | binary, MB |\n\
                     |---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for measured in all {
        let calls = measured.calls.median();
        let aws = if calls > 0.0 {
            format!("{calls:.0}: {}", measured.aws.spread(2))
        } else {
            "–".to_owned()
        };
        let size = measured.size.map_or_else(|| "–".to_owned(), |size| format!("{size:.1}"));
        let Measured { name, init, first, warm, own, cpu, memory, .. } = measured;
        let [init, first, warm, own, cpu] = [init, first, warm, own, cpu].map(|s| s.spread(2));
        let memory = memory.median();
        // Writing to a string cannot fail.
        let _written = writeln!(
            table,
            "| {name} | {init} | {first} | {warm} | {aws} | {own} | {cpu} | {memory:.1} | {size} |",
        );
    }
    let Times { processes, invocations } = times;
    let _written = writeln!(
        table,
        "\nMedians, and in brackets the middle half, of {processes} processes of each function, started in turns, with {invocations} invocations \
         after the first one.",
    );
    table
}

/// A table of whole systems.
pub(crate) fn system(rows: &[Row]) -> String {
    let mut table = "| | clients | orders | answered, a second | ended, a second | p50, ms | p99, ms | CPU of an order, ms | memory of `local`, MB |\n\
                     |---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for Row { name, orders, load, cpu, memory } in rows {
        let total: f64 = cpu.iter().map(|(_, each)| each).sum();
        let parts = cpu.iter().map(|(program, each)| format!("{program} {each:.2}"));
        let parts = parts.collect::<Vec<_>>().join(", ");
        let cpu = if cpu.is_empty() { "–".to_owned() } else { format!("{total:.2}: {parts}") };
        let memory = if memory.is_nan() { "–".to_owned() } else { format!("{memory:.0}") };
        let ended =
            if load.ended.is_nan() { "not all".to_owned() } else { format!("{:.0}", load.ended) };
        let orders = match load.failed {
            0 => orders.to_string(),
            failed => format!("{orders}, {failed} not `201`"),
        };
        let [p50, p99] = [0.5, 0.99].map(|part| load.latency.at(part));
        // Writing to a string cannot fail.
        let _written = writeln!(
            table,
            "| {name} | {} | {orders} | {:.0} | {ended} | {p50:.1} | {p99:.1} | {cpu} | {memory} |",
            load.clients, load.placed,
        );
    }
    table
}

/// What is slow compared with the bare runtime, the first of `all`.
pub(crate) fn too_slow(all: &[Measured]) -> Vec<String> {
    let Some((bare, services)) = all.split_first() else { return Vec::new() };
    let mut findings = Vec::new();
    for service in services {
        for (what, value, limit, most) in [
            ("init, compared with the bare runtime's", &service.init, &bare.init, INIT_RATIO),
            (
                "a warm invocation, compared with its AWS calls",
                &service.warm,
                &service.aws,
                WARM_RATIO,
            ),
        ] {
            // The lower quartiles: what else the machine does makes only the others worse.
            let ratio = value.at(0.25) / limit.at(0.25);
            if ratio.is_nan() || ratio > most {
                findings
                    .push(format!("{}: {what}: {ratio:.1} times, at most {most}", service.name));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Samples;

    fn measured(name: &str, init: f64, warm: f64, aws: f64) -> Measured {
        let one = |value| [value].into_iter().collect::<Samples>();
        let name = name.to_owned();
        Measured { name, init: one(init), warm: one(warm), aws: one(aws), ..Measured::default() }
    }

    #[test]
    fn only_ratios_fail() {
        let bare = || measured("bare", 100.0, 1.0, 0.0);
        assert!(too_slow(&[bare(), measured("good", 399.0, 199.0, 100.0)]).is_empty());
        let findings = too_slow(&[bare(), measured("bad", 1201.0, 401.0, 100.0)]);
        assert_eq!(findings.len(), 2, "{findings:?}");
        // It made no AWS call that was seen.
        assert_eq!(too_slow(&[bare(), measured("blind", 100.0, 1.0, f64::NAN)]).len(), 1);
    }

    #[test]
    fn a_section_is_replaced() {
        let page = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n<!-- y -->\n<!-- /y -->\n";
        let changed = replaced(page, "x", "new\n").unwrap();
        assert_eq!(changed, "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n<!-- y -->\n<!-- /y -->\n");
        assert_eq!(replaced(page, "z", "new"), None);
    }
}
