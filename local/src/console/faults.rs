use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Console, response::json_response};
use crate::{
    faults::{Fault, FaultError},
    wire::HttpResponse,
};

impl Console {
    /// Replaces the faults by those of `body`: `{"faults": ["events:PutEvents=throttle@5%"], "seed": 1}`.
    pub(crate) fn set_faults(&self, body: &[u8]) -> HttpResponse {
        let set = parse_faults(body).and_then(|FaultSettings { faults, seed }| {
            let set = self.services.faults.set(faults, seed);
            set.map_err(|error| error.to_string())
        });
        match set {
            Ok(()) => json_response(StatusCode::OK, &self.faults()),
            Err(message) => json_response(StatusCode::BAD_REQUEST, &json!({ "message": message })),
        }
    }

    pub(super) fn faults(&self) -> Value {
        let (faults, seed) = self.services.faults.in_force();
        json!({
            "faults": faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "seed": seed,
            "injected": self.services.faults.injected(),
        })
    }
}

/// Which faults are asked for.
struct FaultSettings {
    faults: Vec<Fault>,
    seed: u64,
}

fn parse_faults(body: &[u8]) -> Result<FaultSettings, String> {
    const SHAPE: &str =
        r#"the body has to be {"faults": ["..."], "seed": 0}; the seed may be missing"#;
    let body: Value = serde_json::from_slice(body).map_err(|error| format!("{SHAPE}: {error}"))?;
    let texts = body["faults"].as_array().ok_or(SHAPE)?;
    let texts: Option<Vec<_>> = texts.iter().map(Value::as_str).collect();
    let faults = texts.ok_or(SHAPE)?.into_iter().map(str::parse);
    let faults = faults.collect::<Result<_, _>>().map_err(|error: FaultError| error.to_string())?;
    let seed = match &body["seed"] {
        Value::Null => 0,
        seed => seed.as_u64().ok_or(SHAPE)?,
    };
    Ok(FaultSettings { faults, seed })
}
