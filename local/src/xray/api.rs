use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    account::Encryption,
    groups::{Group, Groups},
    invalid,
    operations::{self, ROUTES},
    retrieval::Retrievals,
    sampling::Sampling,
    search::Matches,
    snapshot::{Snapshot, Window},
    store::Store,
    tags::{self, Tags},
};
use crate::{
    clock,
    template::App,
    wire::{AwsApi, AwsError, AwsRequest, Outcome, Permission, Protocol, Response, parameters},
};

/// The X-Ray API.
/// See <https://docs.aws.amazon.com/xray/latest/api/API_Operations.html>.
#[derive(Debug)]
pub(crate) struct XRay(Arc<State>);

/// What the operations work on.
#[derive(Debug)]
pub(super) struct State {
    pub(super) store: Arc<Store>,
    pub(super) groups: Groups,
    pub(super) sampling: Arc<Sampling>,
    pub(super) retrievals: Retrievals,
    tags: Tags,
    encryption: Mutex<Encryption>,
}

/// A group or a sampling rule of the template that X-Ray refuses.
#[derive(Debug, thiserror::Error)]
#[error("X-Ray refuses the template's {what} `{name}`: {reason}")]
pub struct XRayError {
    what: &'static str,
    name: String,
    reason: String,
}

/// The operations that are done at once and that a sender of segments waits for. The others put traces together
/// and may take long.
const SHORT: [&str; 4] =
    ["PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets"];

impl XRay {
    /// What the operations work on.
    pub(super) fn state(&self) -> &State {
        &self.0
    }

    /// X-Ray with the groups and sampling rules of `app`.
    pub(crate) fn start(
        app: &App,
        store: Arc<Store>,
        sampling: Arc<Sampling>,
    ) -> Result<Self, XRayError> {
        let state = State {
            store,
            groups: Groups::default(),
            sampling,
            retrievals: Retrievals::default(),
            tags: Tags::default(),
            encryption: Mutex::default(),
        };
        for request in &app.trace_groups {
            create(&state, "CreateGroup", "group", request, &request["GroupName"])?;
        }
        for request in &app.sampling_rules {
            let name = &request["SamplingRule"]["RuleName"];
            create(&state, "CreateSamplingRule", "sampling rule", request, name)?;
        }
        Ok(Self(Arc::new(state)))
    }
}

fn create(
    state: &State,
    operation: &str,
    what: &'static str,
    request: &Value,
    name: &Value,
) -> Result<(), XRayError> {
    perform(state, operation, request).map(drop).map_err(|error| XRayError {
        what,
        name: name.as_str().unwrap_or_default().to_owned(),
        reason: error.message,
    })
}

impl AwsApi for XRay {
    fn name(&self) -> &'static str {
        "xray"
    }

    /// Requests that come through a daemon are not signed by those who make them.
    fn protocol(&self) -> Protocol {
        Protocol::RestJson { routes: ROUTES, takes_unsigned: true }
    }

    fn permissions(&self, request: &AwsRequest) -> Vec<Permission> {
        // The path of most operations is their name, so this holds for those too that are missing here.
        let operation = request.operation.rsplit('/').next().unwrap_or_default();
        vec![Permission::new("xray", operation, "*")]
    }

    fn handle<'a>(&'a self, request: &'a AwsRequest) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let (state, operation) = (Arc::clone(&self.0), request.operation.clone());
            let body = request.body.clone();
            if SHORT.contains(&operation.as_str()) {
                return respond(&state, &operation, &body).map(Response::Json);
            }
            let work = move || respond(&state, &operation, &body).map(Response::Json);
            tokio::task::spawn_blocking(work).await.map_err(|_panic| {
                let message = "the operation ended unexpectedly";
                AwsError::new(http::StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", message)
            })?
        })
    }
}

fn respond(state: &State, operation: &str, body: &Bytes) -> Result<Value, AwsError> {
    let request = match body.as_ref() {
        [] => json!({}),
        body => serde_json::from_slice(body)
            .map_err(|error| invalid(format!("the request is not JSON: {error}")))?,
    };
    perform(state, operation, &request)
}

fn perform(state: &State, operation: &str, request: &Value) -> Result<Value, AwsError> {
    let Some((parameters, handle)) = operations::find(operation) else {
        let supported: Vec<_> = ROUTES.iter().map(|(_, _, operation)| *operation).collect();
        return Err(AwsError::unknown_operation("X-Ray", operation, &supported));
    };
    parameters::check(request, parameters)?;
    handle(state, request)
}

/// Groups.
impl State {
    pub(super) fn create_group(&self, request: &Value) -> Result<Value, AwsError> {
        tags::check(&request["Tags"])?;
        let group = self.groups.create(request)?;
        self.tags.put(&group.arn, &request["Tags"])?;
        Ok(json!({ "Group": group.to_json() }))
    }

    pub(super) fn get_group(&self, request: &Value) -> Result<Value, AwsError> {
        Ok(json!({ "Group": self.groups.get(request)?.to_json() }))
    }

    pub(super) fn get_groups(&self, request: &Value) -> Result<Value, AwsError> {
        if request["NextToken"].as_str().is_some_and(|token| !token.is_empty()) {
            return Err(invalid("Next Token not supported"));
        }
        let groups = self.groups.all();
        Ok(json!({ "Groups": groups.iter().map(Group::to_json).collect::<Vec<_>>() }))
    }

    pub(super) fn update_group(&self, request: &Value) -> Result<Value, AwsError> {
        Ok(json!({ "Group": self.groups.update(request)?.to_json() }))
    }

    pub(super) fn delete_group(&self, request: &Value) -> Result<Value, AwsError> {
        let deleted = self.groups.delete(request)?;
        self.tags.forget(&deleted.arn);
        Ok(json!({}))
    }
}

/// Sampling rules and tags.
impl State {
    pub(super) fn create_sampling_rule(&self, request: &Value) -> Result<Value, AwsError> {
        tags::check(&request["Tags"])?;
        let (record, arn) = self.sampling.create(request, clock::seconds())?;
        self.tags.put(&arn, &request["Tags"])?;
        Ok(record)
    }

    pub(super) fn delete_sampling_rule(&self, request: &Value) -> Result<Value, AwsError> {
        let (record, arn) = self.sampling.delete(request, clock::seconds())?;
        self.tags.forget(&arn);
        Ok(record)
    }

    pub(super) fn list_tags(&self, request: &Value) -> Result<Value, AwsError> {
        super::graphs::refuse_token(request)?;
        Ok(self.tags.list(self.resource(request)?))
    }

    pub(super) fn tag(&self, request: &Value) -> Result<Value, AwsError> {
        self.tags.put(self.resource(request)?, &request["Tags"])?;
        Ok(json!({}))
    }

    pub(super) fn untag(&self, request: &Value) -> Result<Value, AwsError> {
        self.tags.remove(self.resource(request)?, &request["TagKeys"]);
        Ok(json!({}))
    }

    /// The ARN of the group or the sampling rule that a request is about.
    fn resource<'a>(&self, request: &'a Value) -> Result<&'a str, AwsError> {
        let arn = request["ResourceARN"].as_str().unwrap_or_default();
        if self.groups.has(arn) || self.sampling.has(arn) {
            return Ok(arn);
        }
        let message = format!("there is no group or sampling rule {arn}");
        Err(AwsError::not_found("ResourceNotFoundException", message))
    }

    /// Those traces of a group that are in a window; of the default group all of them.
    pub(super) fn traces_of<'a>(
        &self,
        group: &Group,
        snapshot: &'a Snapshot,
        window: &'a Window,
    ) -> Result<Matches<'a>, AwsError> {
        let filter = self.groups.filter(group)?;
        Matches::find(snapshot, window, &filter).ok_or_else(|| {
            let name = &group.name;
            invalid(format!("the filter of group {name} needs too much work for so many traces"))
        })
    }

    pub(super) fn encryption(&self) -> MutexGuard<'_, Encryption> {
        // A panic elsewhere does not make the setting wrong.
        self.encryption.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z:/\"(){} -]{0,12}".prop_map(Value::from),
            Just(json!("1-5759e988-bd862e3fe1be46a994272793")),
            Just(json!("Default")),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map("[A-Z][a-z]{0,8}", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Whatever the parameters of an operation hold, it answers or refuses.
        #[test]
        fn no_request_makes_an_operation_panic(
            at in 0..ROUTES.len(),
            values in proptest::collection::vec(value(), 14),
            present in any::<u16>(),
        ) {
            let store = Arc::new(Store::new(10));
            let document = json!({
                "id": "53995c3f42cd8ad8", "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
                "name": "n", "start_time": 1, "end_time": 2,
            });
            store.put(&document.to_string()).unwrap();
            let xray = XRay::start(&App::default(), store, Arc::default()).unwrap();
            let (_, _, operation) = ROUTES[at];
            let (parameters, _) = operations::find(operation).unwrap();
            let mut request = json!({ "StartTime": 0, "EndTime": 9 });
            for (number, ((name, ..), value)) in parameters.iter().zip(values).enumerate() {
                if present >> number & 1 == 1 {
                    request[*name] = value;
                }
            }
            let _outcome = perform(&xray.0, operation, &request);
        }
    }
}
