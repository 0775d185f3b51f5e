use std::{collections::HashMap, sync::LazyLock};

use aws_sdk_xray::types::{Service, Trace};
use serde_json::Value;

/// A trace as AWS's client sees it, as a list of its parts.
#[derive(Debug)]
pub struct Seen {
    /// Its id.
    pub id: String,
    /// Its segments and subsegments, each before its children.
    pub parts: Vec<Part>,
}

/// When the first trace was made up, in seconds since the epoch: summaries are looked for by the time inside ids.
static BEGAN: LazyLock<f64> = LazyLock::new(|| local::clock::seconds().floor());

/// The id of a made-up trace, always the same one for a number.
#[must_use]
pub fn trace_id(number: u32) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of seconds until 2106"
    )]
    let began = *BEGAN as u32;
    format!("1-{began:08x}-{number:024x}")
}

/// A segment or subsegment.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// A segment's origin.
    pub origin: String,
    /// Its parent's id.
    pub parent: Option<String>,
    /// Whether it is a segment.
    pub is_segment: bool,
    /// The whole document.
    pub document: Value,
}

impl Seen {
    /// Lists the parts of a trace.
    pub fn of(trace: &Trace) -> Self {
        let mut parts = Vec::new();
        for segment in trace.segments() {
            let document = segment.document().expect("a segment has a document");
            let document: Value = serde_json::from_str(document).expect("a document is JSON");
            let is_segment = document["type"] != "subsegment";
            add_parts(&document, None, is_segment, &mut parts);
        }
        Self { id: trace.id().unwrap_or_default().to_owned(), parts }
    }

    /// The parts with that name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Part> {
        self.parts.iter().filter(move |part| part.name == name)
    }

    /// The segments of that origin whose name ends with `name`.
    pub fn segments<'a>(
        &'a self,
        origin: &'a str,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Part> {
        self.parts.iter().filter(move |part| {
            part.is_segment && part.origin == origin && part.name.ends_with(name)
        })
    }

    /// How many invocations of functions there are.
    pub fn runs(&self) -> usize {
        self.segments("AWS::Lambda::Function", "").count()
    }

    /// The part with that id.
    pub fn part(&self, id: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.id == id)
    }

    /// The parts whose parent is missing.
    pub fn orphans(&self) -> Vec<&Part> {
        let is_orphan =
            |part: &&Part| part.parent.as_ref().is_some_and(|parent| self.part(parent).is_none());
        self.parts.iter().filter(is_orphan).collect()
    }

    /// The parts without a parent.
    pub fn roots(&self) -> Vec<&Part> {
        self.parts.iter().filter(|part| part.parent.is_none()).collect()
    }

    /// The value of an annotation of any part.
    pub fn annotation(&self, key: &str) -> Option<&Value> {
        self.parts.iter().find_map(|part| part.document["annotations"].get(key))
    }

    /// The types of all exceptions.
    pub fn exceptions(&self) -> Vec<&str> {
        self.parts
            .iter()
            .filter_map(|part| part.document["cause"]["exceptions"].as_array())
            .flatten()
            .filter_map(|exception| exception["type"].as_str())
            .collect()
    }

    /// The edges of a graph, as `name (type) -> name (type)`, in alphabetical order. The prefix
    /// that the project's names share is left out.
    pub fn edges(services: &[Service]) -> Vec<String> {
        let name = |service: &Service| {
            let name = service.name().unwrap_or_default();
            let name = name.strip_prefix("distributed-tracing-demo-").unwrap_or(name);
            let kind = service.r#type().unwrap_or_default();
            format!("{name} ({kind})")
        };
        let names: HashMap<_, _> =
            services.iter().map(|service| (service.reference_id(), name(service))).collect();
        let mut edges: Vec<_> = services
            .iter()
            .flat_map(|service| {
                let targets = service.edges().iter().map(|edge| &names[&edge.reference_id()]);
                targets.map(|target| format!("{} -> {target}", name(service))).collect::<Vec<_>>()
            })
            .collect();
        edges.sort();
        edges
    }
}

impl Part {
    /// A value of its metadata. What comes as OpenTelemetry's spans is in a namespace.
    pub fn metadata(&self, name: &str) -> &Value {
        let metadata = &self.document["metadata"];
        if metadata["default"].is_object() { &metadata["default"][name] } else { &metadata[name] }
    }

    /// Whether it carries that flag.
    pub fn is(&self, flag: &str) -> bool {
        self.document[flag] == true
    }
}

fn add_parts(document: &Value, parent: Option<&str>, is_segment: bool, parts: &mut Vec<Part>) {
    let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    let id = text("id");
    let parent = parent.map(str::to_owned).or(document["parent_id"].as_str().map(str::to_owned));
    parts.push(Part {
        id: id.clone(),
        name: text("name"),
        origin: text("origin"),
        parent,
        is_segment,
        document: document.clone(),
    });
    for inside in document["subsegments"].as_array().into_iter().flatten() {
        add_parts(inside, Some(&id), false, parts);
    }
}
