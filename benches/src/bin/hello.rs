//! A function that does nothing: what the Lambda runtime alone costs, built with the same profile as the services.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let hello =
        |_event: LambdaEvent<Value>| async { Ok::<_, Error>(json!({ "message": "hello" })) };
    lambda_runtime::run(service_fn(hello)).await
}
