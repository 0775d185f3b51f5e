use serde_json::{Map, Value};

use super::surrogates::replaced;
use crate::trace_header::{is_segment_id, is_trace_id};

/// The largest document (<https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>).
const MAX_SIZE: usize = 64 * 1024;
/// The longest name, in characters, from the same page. What is longer is cut.
const MAX_NAME: usize = 200;
/// What no name may contain: AWS's SDKs remove these, and X-Ray answers `InvalidName`.
const NOT_IN_NAMES: &str = "?;*()!$~^<>";
/// The first second of the year 10000. Clients cannot read an answer with a later time.
const END_OF_TIME: f64 = 253_402_300_800.0;

/// A segment, or a subsegment that came on its own, as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Document {
    /// Of the segment or subsegment, in lower case.
    pub(super) id: String,
    /// Of the trace, in lower case.
    pub(super) trace_id: String,
    /// Whether it is a subsegment.
    pub(super) is_subsegment: bool,
    /// Whether a complete one will follow.
    pub(super) in_progress: bool,
    /// The whole document as it came, a tenth of what it takes when it is parsed.
    pub(super) text: String,
}

/// Why a document was not taken. The codes are AWS's, as far as they are known; `InvalidStartTime`,
/// `InvalidEndTime` and `DocumentTooLarge` are not confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// The document's id, as far as it was readable.
    pub(super) id: Option<String>,
    /// For programs.
    pub(crate) code: &'static str,
    /// What `PutTraceSegments` answers.
    pub(super) answer: String,
    /// The same with the reason, for people.
    pub(crate) message: String,
}

/// What a rejection speaks of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// Something that is neither of the others.
    Entity,
    Segment,
    Subsegment,
}

/// What is wrong with a part of a document.
struct Problem(Part, &'static str, &'static str);

/// Reads one text: a segment, or a subsegment that came on its own. AWS's page also speaks of arrays of
/// subsegments, but the API refuses them.
pub(super) fn read(text: &str) -> Result<Document, Rejection> {
    if text.len() > MAX_SIZE {
        return Err(too_large(text));
    }
    let object = text.trim_start().starts_with('{');
    let part = if object { Part::Segment } else { Part::Entity };
    let refuse = |error: serde_json::Error| reject(None, part, "ParseError", &error.to_string());
    match serde_json::from_str(text) {
        Ok(value) => document(value, text),
        Err(error) => {
            let Some(whole) = replaced(text) else { return Err(refuse(error)) };
            document(serde_json::from_str(&whole).map_err(refuse)?, &whole)
        }
    }
}

/// Accepts a document that is a value already.
pub(super) fn from_value(value: &Value) -> Result<Document, Rejection> {
    let text = value.to_string();
    if text.len() > MAX_SIZE { Err(too_large(&text)) } else { document(value.clone(), &text) }
}

fn document(value: Value, text: &str) -> Result<Document, Rejection> {
    let Value::Object(mut body) = value else {
        return Err(reject(None, Part::Entity, "ParseError", "it is no JSON object"));
    };
    let id = body.get("id").and_then(Value::as_str).map(str::to_owned);
    let is_cut = check(&mut body, false)
        .map_err(|Problem(part, code, reason)| reject(id, part, code, reason))?;
    let lower = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_ascii_lowercase);
    Ok(Document {
        id: lower("id").unwrap_or_default(),
        trace_id: lower("trace_id").unwrap_or_default(),
        is_subsegment: is_subsegment(&body),
        in_progress: is_in_progress(&body),
        text: if is_cut { Value::Object(body).to_string() } else { text.to_owned() },
    })
}

/// Checks a segment, or a subsegment `within` one, and what is inside. Returns whether a name was cut.
fn check(body: &mut Map<String, Value>, within: bool) -> Result<bool, Problem> {
    if !within && !matches!(text(body, "type"), None | Some("segment" | "subsegment")) {
        return Err(Problem(Part::Entity, "UnknownType", "`type` is not `subsegment`"));
    }
    let part = if within || is_subsegment(body) { Part::Subsegment } else { Part::Segment };
    check_fields(body, part, within)
        .map_or(Ok(()), |(code, reason)| Err(Problem(part, code, reason)))?;
    let mut is_cut = cut_name(body);
    if let Some(Value::Array(inside)) = body.get_mut("subsegments") {
        for subsegment in inside {
            let Value::Object(subsegment) = subsegment else {
                return Err(Problem(Part::Entity, "ParseError", "a subsegment is no JSON object"));
            };
            is_cut |= check(subsegment, true)?;
        }
    }
    Ok(is_cut)
}

/// The first problem of a segment's or subsegment's own fields, in the order in which AWS checks them. An end
/// before the start is none.
fn check_fields(
    body: &Map<String, Value>,
    part: Part,
    within: bool,
) -> Option<(&'static str, &'static str)> {
    let (id, name) = (text(body, "id"), text(body, "name"));
    let (trace_id, parent) = (text(body, "trace_id"), text(body, "parent_id"));
    let (start, end) = (time(body, "start_time"), time(body, "end_time"));
    let readable = |time: Option<f64>| time.is_none_or(|time| (0.0..END_OF_TIME).contains(&time));
    let in_progress = is_in_progress(body);
    let both = if part == Part::Segment {
        "InProgressSegmentHasEndTime"
    } else {
        "InProgressSubsegmentHasEndTime"
    };
    let needs_parent = part == Part::Subsegment && !within;
    let rules = [
        (id.is_none(), "MissingId", "`id` is missing"),
        (!id.is_some_and(is_segment_id), "InvalidId", "`id` is not 16 hexadecimal digits"),
        (name.is_none(), "MissingName", "`name` is missing"),
        (
            name.is_some_and(|name| name.contains(|c| NOT_IN_NAMES.contains(c))),
            "InvalidName",
            "`name` contains one of ?;*()!$~^<>",
        ),
        (!within && trace_id.is_none(), "MissingTraceId", "`trace_id` is missing"),
        (
            !within && !trace_id.is_some_and(is_trace_id),
            "InvalidTraceId",
            "`trace_id` is not `1-`, 8 hexadecimal digits, `-`, 24 hexadecimal digits",
        ),
        (start.is_none(), "MissingStartTime", "`start_time` is not a number of seconds"),
        (!readable(start), "InvalidStartTime", "`start_time` is not in seconds since 1970"),
        (in_progress && end.is_some(), both, "it is `in_progress` and has an `end_time`"),
        (
            !in_progress && end.is_none(),
            "MissingEndTime",
            "there is neither an `end_time` nor `in_progress`",
        ),
        (!readable(end), "InvalidEndTime", "`end_time` is not in seconds since 1970"),
        (
            needs_parent && parent.is_none(),
            "MissingParentId",
            "a subsegment on its own needs a `parent_id`",
        ),
        (
            !within && !parent.is_none_or(is_segment_id),
            "InvalidParentId",
            "`parent_id` is not 16 hexadecimal digits",
        ),
    ];
    let broken = rules.into_iter().find(|(broken, _, _)| *broken);
    broken.map(|(_, code, reason)| (code, reason))
}

/// A text that is not empty.
fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn time(body: &Map<String, Value>, name: &str) -> Option<f64> {
    body.get(name).and_then(Value::as_f64)
}

fn is_subsegment(body: &Map<String, Value>) -> bool {
    text(body, "type") == Some("subsegment")
}

fn is_in_progress(body: &Map<String, Value>) -> bool {
    body.get("in_progress") == Some(&Value::Bool(true))
}

fn cut_name(body: &mut Map<String, Value>) -> bool {
    let Some(Value::String(name)) = body.get_mut("name") else { return false };
    let Some((length, _)) = name.char_indices().nth(MAX_NAME) else { return false };
    name.truncate(length);
    true
}

fn too_large(text: &str) -> Rejection {
    let reason = format!("it has {} bytes, more than {MAX_SIZE}", text.len());
    reject(None, Part::Segment, "DocumentTooLarge", &reason)
}

fn reject(id: Option<String>, part: Part, code: &'static str, reason: &str) -> Rejection {
    let answer = match part {
        Part::Entity => format!("Invalid entity. ErrorCode: {code}"),
        Part::Segment => format!("Invalid segment. ErrorCode: {code}"),
        Part::Subsegment => format!("Invalid subsegment. ErrorCode: {code}, Cause: null"),
    };
    let message = format!("{answer}: {reason}");
    Rejection { id, code, answer, message }
}

#[cfg(test)]
mod tests;
