use crate::{
    AnyError,
    functions::Function,
    host::{Instance, Invoked},
    statistics::Samples,
};

/// What was measured of one function.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) name: String,
    /// Milliseconds from the start of a process until it asks for its first invocation.
    pub(crate) init: Samples,
    /// Milliseconds that the first invocation takes.
    pub(crate) first: Samples,
    /// Milliseconds that a later one takes,
    pub(crate) warm: Samples,
    /// how much of them is AWS calls,
    pub(crate) aws: Samples,
    /// and how much is not.
    pub(crate) own: Samples,
    /// AWS calls of an invocation.
    pub(crate) calls: Samples,
    /// Milliseconds of processor time of a later invocation.
    pub(crate) cpu: Samples,
    /// Megabytes of resident memory at the end.
    pub(crate) memory: Samples,
    /// Megabytes of the executable.
    pub(crate) size: Option<f64>,
}

/// How often is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Processes of each function.
    pub(crate) processes: usize,
    /// Invocations of each process after the first one.
    pub(crate) invocations: usize,
}

/// Measures the functions in turns, so that what else the machine does meets all of them alike.
pub(crate) async fn measure(
    functions: &[Function],
    times: Times,
) -> Result<Vec<Measured>, AnyError> {
    let mut all: Vec<_> = functions.iter().map(Measured::new).collect();
    for round in 0..times.processes {
        for number in 0..functions.len() {
            // Another one is the first each time.
            let number = (number + round) % functions.len();
            all[number].add(&functions[number], times.invocations).await.map_err(|error| {
                format!("{} could not be measured: {error}", functions[number].name)
            })?;
        }
    }
    Ok(all)
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "sizes of files")]
    fn new(function: &Function) -> Self {
        let size = function.binary.as_ref().and_then(|binary| binary.metadata().ok());
        let size = size.map(|file| file.len() as f64 / 1e6);
        Self { name: function.name.clone(), size, ..Self::default() }
    }

    /// Starts a process, invokes it, and ends it.
    #[expect(clippy::cast_precision_loss, reason = "numbers of calls and bytes of memory")]
    async fn add(&mut self, function: &Function, invocations: usize) -> Result<(), AnyError> {
        let instance = Instance::start(&function.program).await?;
        self.init.push_time(instance.init);
        self.first.push_time(instance.invoke(&function.work.payload()?).await?.total);
        let before = instance.usage();
        for _ in 0..invocations {
            let payload = function.work.payload()?;
            let Invoked { total, aws, calls } = instance.invoke(&payload).await?;
            self.warm.push_time(total);
            self.aws.push_time(aws);
            self.own.push_time(total.saturating_sub(aws));
            self.calls.push(calls as f64);
        }
        let after = instance.usage();
        let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64() * 1e3 / invocations as f64;
        self.cpu.push(cpu);
        self.memory.push(after.memory as f64 / 1e6);
        Ok(())
    }
}
