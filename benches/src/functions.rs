use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{AnyError, clock, host::Program, stack::Stack, workspace};

/// A bus that does not exist: its events are taken and dropped, so that a measured function is the only one that works.
const BUS: &str = "measured";
const ORDER_CREATED: &str = include_str!("../../tests/events/order-created.json");
const PAYMENT_FAILED: &str = include_str!("../../tests/events/payment-failed.json");

/// A function that is measured.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) program: Program,
    pub(crate) work: Work,
    /// The executable, if it is one.
    pub(crate) binary: Option<PathBuf>,
}

/// What a function is invoked with: every time another order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// `POST /orders/{customerId}`.
    Request,
    /// An example of an event, in `tests/events/`.
    Event(&'static str),
}

/// The bare runtime, the four services, and, if the interpreter of the Python function is there, what order-service is
/// compared with.
pub(crate) fn functions(
    stack: &Stack,
    binaries: &Path,
    python: Option<&Path>,
) -> Result<Vec<Function>, AnyError> {
    let mut functions = vec![Function {
        name: "bare runtime".to_owned(),
        program: program(&[binaries.join("hello").display().to_string()], stack, &BTreeMap::new()),
        work: Work::Request,
        binary: Some(binaries.join("hello")),
    }];
    for (name, work) in [
        ("order-service", Work::Request),
        ("payment-service", Work::Event(ORDER_CREATED)),
        ("inventory-service", Work::Event(ORDER_CREATED)),
        ("notification-service", Work::Event(PAYMENT_FAILED)),
    ] {
        let binary = binaries.join(name);
        functions.push(Function {
            name: name.to_owned(),
            program: program(&[binary.display().to_string()], stack, &stack.environment(name)?),
            work,
            binary: Some(binary),
        });
    }
    if let Some(python) = python {
        let binary = binaries.join("calls");
        functions.push(Function {
            name: "runtime and two AWS calls".to_owned(),
            program: program(
                &[binary.display().to_string()],
                stack,
                &stack.environment("order-service")?,
            ),
            work: Work::Request,
            binary: Some(binary),
        });
        // The other format of traces.
        let mut environment = stack.environment("order-service")?;
        environment.insert("TRACES_EXPORTER".to_owned(), "otlp-udp".to_owned());
        let binary = binaries.join("order-service");
        functions.push(Function {
            name: "order-service, traces in OTLP".to_owned(),
            program: program(&[binary.display().to_string()], stack, &environment),
            work: Work::Request,
            binary: Some(binary),
        });
        let mut environment = stack.environment("order-service")?;
        let folder = workspace().join("benches/python");
        environment.insert("LAMBDA_TASK_ROOT".to_owned(), folder.display().to_string());
        environment.insert("PYTHONPATH".to_owned(), folder.display().to_string());
        let command = [&python.display().to_string(), "-m", "awslambdaric", "order.handler"];
        functions.push(Function {
            name: "the same in Python".to_owned(),
            program: program(&command.map(ToString::to_string), stack, &environment),
            work: Work::Request,
            binary: None,
        });
    }
    Ok(functions)
}

/// With the environment that Lambda gives a function.
fn program(command: &[String], stack: &Stack, own: &BTreeMap<String, String>) -> Program {
    let own = own.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let all = own.chain([
        ("AWS_ACCESS_KEY_ID", "measured"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", stack.system().aws.as_str()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_NAME", "measured"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/measured"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "measured"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_SECRET_ACCESS_KEY", "measured"),
        ("AWS_SESSION_TOKEN", "measured"),
        ("EVENT_BUS_NAME", BUS),
        // No order fails for want of goods.
        ("INITIAL_STOCK", "1000000000"),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TZ", ":UTC"),
    ]);
    let environment = all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Program { command: command.to_vec(), environment }
}

impl Work {
    /// The next payload.
    pub(crate) fn payload(self) -> Result<Value, AnyError> {
        match self {
            Self::Request => Ok(request()),
            Self::Event(example) => event(example),
        }
    }
}

/// What API Gateway sends.
fn request() -> Value {
    let path = "/orders/customer123";
    json!({
        "resource": "/orders/{customerId}",
        "path": path,
        "httpMethod": "POST",
        "headers": { "content-type": "application/json", "host": "api.example" },
        "multiValueHeaders": { "content-type": ["application/json"], "host": ["api.example"] },
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": { "customerId": "customer123" },
        "stageVariables": null,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "measured",
            "httpMethod": "POST",
            "identity": { "sourceIp": "127.0.0.1" },
            "path": format!("/prod{path}"),
            "protocol": "HTTP/1.1",
            "requestId": Uuid::new_v4().to_string(),
            "resourcePath": "/orders/{customerId}",
            "stage": "prod",
        },
        "body": json!({ "productId": "12345", "quantity": 1 }).to_string(),
        "isBase64Encoded": false,
    })
}

/// The example for another order, that happened now: an old outcome would notify nobody.
fn event(example: &str) -> Result<Value, AnyError> {
    let mut event: Value = serde_json::from_str(example)?;
    let now = clock::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    event["detail"]["metadata"]["occurredAt"] = now.as_str().into();
    event["detail"]["timestamp"] = now.into();
    let order_id = event["detail"]["orderId"].as_str().unwrap_or_default();
    // The ids of everything that belongs to an order end alike.
    let (_, old) = order_id.split_once('_').ok_or("the example has no order id")?;
    let old = old.to_owned();
    Ok(serde_json::from_str(
        &event.to_string().replace(&old, &Uuid::new_v4().simple().to_string()),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_about_another_order() {
        let [one, other] = [(); 2].map(|()| event(PAYMENT_FAILED).unwrap());
        assert_ne!(one["detail"]["orderId"], other["detail"]["orderId"]);
        assert_eq!(one["detail-type"], "Payment Failed");
    }
}
