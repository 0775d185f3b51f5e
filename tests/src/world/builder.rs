use std::{env, ffi::OsStr, fmt, path::PathBuf, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_eventbridge::config::Credentials;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use local::{
    Entry, Fault, Line, Options, Ports, Sockets, Stack,
    compile::{self, Built},
    processor::Processor,
    template,
};
use tokio::sync::OnceCell;

use super::World;
use crate::files::{template_path, workspace};

/// What is special about a world.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct WorldBuilder {
    parameters: Vec<(String, String)>,
    bootstraps: Vec<(String, PathBuf)>,
    template: Option<PathBuf>,
    processes: Option<usize>,
    lacks_permissions: bool,
    sampling: bool,
    trusts_trace_header: bool,
    faults: Vec<Fault>,
    seed: u64,
    log: Option<Log>,
    traces: Option<usize>,
    has_processor: bool,
}

/// What is called with each log line of a function.
struct Log(Box<dyn Fn(&Line) + Send + Sync>);

impl WorldBuilder {
    /// A parameter of the template.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another executable for a function.
    #[must_use]
    pub fn bootstrap(mut self, function: &str, path: impl Into<PathBuf>) -> Self {
        self.bootstraps.push((function.to_owned(), path.into()));
        self
    }

    /// Another template.
    #[must_use]
    pub fn template(mut self, path: impl Into<PathBuf>) -> Self {
        self.template = Some(path.into());
        self
    }

    /// How many processes each function may have.
    #[must_use]
    pub fn processes(mut self, count: usize) -> Self {
        self.processes = Some(count);
        self
    }

    /// Its template lacks permissions that the functions need. In any other world a denied call
    /// fails the story.
    #[must_use]
    pub fn lacking_permissions(mut self) -> Self {
        self.lacks_permissions = true;
        self
    }

    /// Sampling rules decide which requests are traced, as with `--sampling`.
    #[must_use]
    pub fn sampling(mut self) -> Self {
        self.sampling = true;
        self
    }

    /// Clients may choose their trace, as on API Gateway.
    #[must_use]
    pub fn trusting_trace_header(mut self) -> Self {
        self.trusts_trace_header = true;
        self
    }

    /// A fault that calls meet, as `--fault` has it.
    #[must_use]
    pub fn fault(mut self, fault: &str) -> Self {
        self.faults.push(fault.parse().expect("the fault is well formed"));
        self
    }

    /// What decides which calls meet a fault.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Calls `log` with each log line of a function.
    #[must_use]
    pub fn log(mut self, log: impl Fn(&Line) + Send + Sync + 'static) -> Self {
        self.log = Some(Log(Box::new(log)));
        self
    }

    /// How many traces are kept.
    #[must_use]
    pub fn traces(mut self, count: usize) -> Self {
        self.traces = Some(count);
        self
    }

    /// Payments are made by a processor that is a process of its own.
    #[must_use]
    pub fn processor(mut self) -> Self {
        self.has_processor = true;
        self
    }

    /// Starts it.
    pub async fn start(mut self) -> World {
        build().await;
        let template = self.template.take().unwrap_or_else(template_path);
        let processor = if self.has_processor { Some(start_processor().await) } else { None };
        if let Some(processor) = &processor {
            self = self.parameter("ProcessorUrl", processor.url());
        }
        // All stories can be run in the other format of traces as well.
        if let Ok(exporter) = env::var("TRACES_EXPORTER")
            && template == template_path()
        {
            self.parameters.insert(0, ("TracesExporter".to_owned(), exporter));
        }
        let app = template::load(&template, &self.parameters).expect("the template loads");
        let sockets = Sockets::bind(Ports::default()).await.expect("any port is free");
        let executables = compile::executables(&app, &self.bootstraps, Built::In(&folder())).await;
        let executables = executables.expect("the functions were built");
        let defaults = Options::default();
        let options = Options {
            max_traces: self.traces.unwrap_or(defaults.max_traces),
            log: self.log.map_or(defaults.log, |Log(log)| {
                Box::new(move |entry| {
                    if let Entry::Line(line) = entry {
                        log(line);
                    }
                })
            }),
            retry_delay: Duration::from_millis(50),
            // Many worlds share a few cores.
            max_processes: self.processes.unwrap_or(4),
            sampling: self.sampling,
            trust_trace_header: self.trusts_trace_header,
            faults: self.faults,
            seed: self.seed,
        };
        let stack =
            Stack::start(app, executables, sockets, options).await.expect("the tables are made");
        let config = sdk_config(&stack.aws()).await;
        World {
            http: Client::builder(TokioExecutor::new()).build_http(),
            xray: aws_sdk_xray::Client::new(&config),
            events: aws_sdk_eventbridge::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            lacks_permissions: self.lacks_permissions,
            processor,
            stack,
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

/// Builds the binaries once for all stories, as `cargo local` does it, but in the profile of the stories: a soak runs what
/// goes to Lambda.
async fn build() {
    static BUILT: OnceCell<()> = OnceCell::const_new();
    let build = || async {
        let folder = folder();
        let profile = match folder.file_name() {
            Some(name) if name != "debug" => name,
            _ => OsStr::new("dev"),
        };
        let mut cargo = compile::cargo();
        cargo.args(["build", "--bins", "--quiet", "--profile"]).arg(profile);
        let status = cargo.current_dir(workspace()).status().await.expect("cargo runs");
        assert!(status.success(), "the binaries build");
    };
    BUILT.get_or_init(build).await;
}

/// Where Cargo puts the programs of the profile that this one was built in.
fn folder() -> PathBuf {
    let executable = env::current_exe().expect("a process knows its executable");
    executable.ancestors().nth(2).expect("cargo puts tests into `deps`").to_owned()
}

async fn start_processor() -> Processor {
    Processor::start(&folder().join("local")).await.expect("the processor starts")
}

async fn sdk_config(endpoint: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(shared::aws::http_client())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .load()
        .await
}
