//! Inputs that nobody has thought of, for everything that reads what others write. Each target has a corpus in `fuzz/`, a
//! folder beside `src/`, whose files are tried as they are and in mutations. `FUZZ_INPUTS` says how many mutations, and
//! then each target reports how many it was and how long they took:
//!
//! ```sh
//! FUZZ_INPUTS=1000000 cargo test --release --workspace --lib fuzz
//! ```
//!
//! No input may panic, take long, or break what comes after it, and whatever is answered is well formed. An input that does
//! is made as small as it can be and added to the corpus.

/// From a corpus to inputs.
mod mutation;
/// What parses texts.
mod parsers;
/// AWS's APIs, whatever their protocol.
mod services;
/// The REST API, the AWS port and the X-Ray daemon, through their sockets.
mod sockets;
/// X-Ray's documents, filters, and OpenTelemetry's spans.
mod xray;

use std::{
    cell::RefCell,
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    path::PathBuf,
    process,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use proptest::test_runner::{Config, TestCaseError, TestCaseResult, TestError, TestRunner};

use self::mutation::mutations;

/// How many inputs there are where nobody says.
const INPUTS: u32 = 200;
/// How long one input may take, with everything else that this machine does.
const LIMIT: Duration = Duration::from_secs(10);
/// After this time an input is taken for one that never ends.
const NEVER: Duration = Duration::from_mins(1);

/// What is to be fuzzed.
struct Target {
    /// The folder of its corpus.
    name: &'static str,
    /// Words that mean something to it.
    words: &'static [&'static str],
    /// Of so many inputs this one gets one, because each costs it so much more.
    share: u32,
}

impl Target {
    /// Runs `check` on the corpus and on mutations of it.
    fn run(&self, check: impl Fn(&[u8]) -> TestCaseResult) {
        let corpus = self.corpus();
        let asked: Option<u32> = env::var("FUZZ_INPUTS").ok().and_then(|count| count.parse().ok());
        let cases = asked.map_or(INPUTS, |asked| asked / self.share);
        let (watchdog, slowest) = (Watchdog::start(self.name), RefCell::new(Duration::ZERO));
        let timed = |input: &[u8]| {
            let start = Instant::now();
            watchdog.watch(Some(input));
            let outcome = check(input);
            watchdog.watch(None);
            let taken = start.elapsed();
            let mut slowest = slowest.borrow_mut();
            *slowest = taken.max(*slowest);
            if taken > LIMIT {
                return Err(TestCaseError::fail(format!("it took {taken:?}")));
            }
            outcome
        };
        for (name, input) in &corpus {
            let checked = timed(input);
            assert!(checked.is_ok(), "fuzz/{}/{name}: {checked:?}", self.name);
        }
        let start = Instant::now();
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let corpus: Vec<_> = corpus.into_iter().map(|(_, input)| input).collect();
        let outcome =
            TestRunner::new(config).run(&mutations(corpus, self.words), |input| timed(&input));
        match outcome {
            Ok(()) => {}
            Err(TestError::Fail(reason, input)) => {
                let path = self.keep(&input);
                panic!("{}: {reason}\n{}", path.display(), input.escape_ascii());
            }
            Err(error) => panic!("{}: {error}", self.name),
        }
        if asked.is_some() {
            let (taken, slowest) = (start.elapsed(), slowest.borrow());
            let report =
                format!("{}: {cases} inputs in {taken:.1?}, slowest {slowest:.1?}", self.name);
            // Not captured, as it was asked for.
            let _closed = writeln!(io::stderr(), "fuzz {report}");
        }
    }

    fn folder(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(self.name)
    }

    /// The files of the corpus, in alphabetical order.
    fn corpus(&self) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(self.folder()).unwrap().map(Result::unwrap);
        let mut corpus: Vec<_> = entries
            .map(|entry| {
                (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
            })
            .collect();
        corpus.sort();
        assert!(!corpus.is_empty());
        corpus
    }

    /// Adds an input to the corpus.
    fn keep(&self, input: &[u8]) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        input.hash(&mut hasher);
        let path = self.folder().join(format!("found-{:016x}", hasher.finish()));
        fs::write(&path, input).unwrap();
        path
    }
}

/// An input that is being tried, and since when.
type Current = Option<(Instant, Vec<u8>)>;

/// Ends the tests when an input never ends, and names it.
struct Watchdog {
    current: Arc<Mutex<Current>>,
    /// Dropping it ends the thread.
    _running: mpsc::Sender<()>,
}

impl Watchdog {
    fn start(target: &'static str) -> Self {
        let current = Arc::<Mutex<Current>>::default();
        let (running, ended) = mpsc::channel();
        let watched = Arc::clone(&current);
        thread::spawn(move || {
            while ended.recv_timeout(Duration::from_secs(1)) == Err(mpsc::RecvTimeoutError::Timeout)
            {
                let current = watched.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((_, input)) =
                    current.as_ref().filter(|(start, _)| start.elapsed() > NEVER)
                {
                    let input = input.escape_ascii();
                    let _closed =
                        writeln!(io::stderr(), "fuzz {target}: this never ends:\n{input}");
                    process::exit(1);
                }
            }
        });
        Self { current, _running: running }
    }

    fn watch(&self, input: Option<&[u8]>) {
        let input = input.map(|input| (Instant::now(), input.to_owned()));
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = input;
    }
}
