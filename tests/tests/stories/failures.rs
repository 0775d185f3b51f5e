use std::{
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use e2e::{Seen, World, changed_template, gone};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    bad_input::assert_problem,
    order_history::{make_due, sweep},
};

/// The function that fails in the given way.
pub(crate) fn faulty(folder: &Path, way: &str) -> PathBuf {
    // Symbolic links are resolved before the file is run, so the name has to be that of a hard
    // link.
    let path = folder.join(format!("faulty-{way}"));
    let real = Path::new(env!("CARGO_BIN_EXE_faulty"));
    std::fs::hard_link(real, &path).or_else(|_| std::fs::copy(real, &path).map(drop)).unwrap();
    path
}

/// The last run of the function's code in the order's trace.
fn run<'a>(seen: &'a Seen, service: &'a str) -> &'a e2e::Part {
    seen.segments("AWS::Lambda::Function", service).last().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_a_timeout_and_an_error_are_distinguished() {
    for (way, kind, message) in [
        ("crash", "Runtime.ExitError", "exit status 7"),
        ("panic", "Runtime.ExitError", "exit status 101"),
        ("hang", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("error", "Faulty", "as its name says"),
        ("init", "Runtime.ExitError", "exit status 3"),
    ] {
        let folder = TempDir::new().unwrap();
        let quick = |text: String| text.replace("Timeout: !Ref FunctionTimeout", "Timeout: 1");
        let world = World::with()
            .template(changed_template(folder.path(), quick))
            .bootstrap("PaymentService", faulty(folder.path(), way))
            .start()
            .await;
        let response = world.order("{}").await;
        assert_eq!(response.status, 201, "{way}");
        world.published("Inventory Updated", 1).await;
        world.settled().await;

        let trace = world
            .trace(&response.trace_id(), |seen| {
                seen.named("Attempt #3").count() == 1 && seen.orphans().is_empty()
            })
            .await;
        let service = &trace.segments("AWS::Lambda", "payment-service").next().unwrap().id;
        for attempt in ["Attempt #1", "Attempt #2", "Attempt #3"] {
            let attempt = trace.named(attempt).find(|part| part.parent.as_ref() == Some(service));
            assert!(attempt.is_some_and(|attempt| attempt.is("fault")), "{way}: {attempt:#?}");
        }
        assert_eq!(trace.named("Attempt #4").count(), 0, "{way}");
        let failed = run(&trace, "payment-service");
        assert!(failed.is("fault"), "{way}");
        let exception = &failed.document["cause"]["exceptions"][0];
        assert_eq!(exception["type"], kind, "{way}");
        assert!(exception["message"].as_str().unwrap().contains(message), "{way}: {exception}");
        // The platform has no fault, and the other consumer is not affected.
        assert!(trace.segments("AWS::Lambda", "").all(|segment| !segment.is("fault")), "{way}");
        assert!(!run(&trace, "inventory-service").is("fault"), "{way}");
        assert_eq!(trace.orphans().len(), 0, "{way}: {:#?}", trace.orphans());

        // Each panic stands before the end that it caused, and in the same trace.
        let lines = world.stack().log_lines(|line| line.trace_id.as_ref() == Some(&trace.id));
        let of_payment = lines.iter().filter(|line| line.function.contains("payment"));
        let said: Vec<_> = of_payment
            .filter_map(|line| {
                let known = ["out of paper", "Runtime.ExitError", "gave up"];
                known.into_iter().find(|text| line.message.starts_with(text))
            })
            .collect();
        match way {
            "panic" => assert_eq!(
                said,
                [["out of paper", "Runtime.ExitError"].repeat(3), vec!["gave up"]].concat()
            ),
            _ => assert!(!said.contains(&"out of paper"), "{way}: {said:?}"),
        }

        let letters = world.stack().dead_letters();
        assert_eq!(letters.len(), 1, "{way}: {letters:#?}");
        assert_eq!(letters[0].queue, "distributed-tracing-demo-failed-invocations");
        assert_eq!(letters[0].trace_id.as_ref(), Some(&trace.id));
        let record = &letters[0].body;
        assert_eq!(record["requestContext"]["condition"], "RetriesExhausted", "{way}");
        assert_eq!(record["requestContext"]["approximateInvokeCount"], 3, "{way}");
        assert_eq!(record["requestPayload"]["detail"]["orderId"], response.order_id(), "{way}");
        assert_eq!(record["responsePayload"]["errorType"], kind, "{way}");
        world.end_without_audit("the payment service never works").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_behind_the_api_that_crashes_is_a_bad_gateway() {
    let folder = TempDir::new().unwrap();
    let world =
        World::with().bootstrap("OrderService", faulty(folder.path(), "crash")).start().await;
    for _ in 0..2 {
        // Each request starts a new process.
        let response = world.order("{}").await;
        assert_eq!(response.status, 502);
        assert_problem(&response, "DEFAULT_5XX", "Internal server error");
        let complete = |seen: &Seen| {
            !seen.roots().is_empty() && seen.named("Lambda").count() > 0 && seen.runs() > 0
        };
        let trace = world.trace(&response.trace_id(), complete).await;
        assert!(trace.roots()[0].is("fault"));
        assert!(trace.named("Lambda").any(|call| call.is("fault")));
        assert!(run(&trace, "order-service").is("fault"));
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_is_attempted_three_times_and_becomes_a_dead_letter() {
    let world = World::start().await;
    world.publish("order.service", "Order Created", &json!({ "orderId": "ord_poison" })).await;
    world.settled().await;
    let letters = world.stack().dead_letters();
    assert_eq!(letters.len(), 2, "one from payment, one from inventory: {letters:#?}");
    for letter in &letters {
        assert_eq!(letter.body["requestContext"]["approximateInvokeCount"], 3);
        let message = letter.body["responsePayload"]["errorMessage"].as_str().unwrap();
        assert!(message.contains("the detail of `Order Created` is invalid"), "{message}");
        assert!(message.contains("missing field `metadata`"), "{message}");
    }
    // The processes survive it, and the next order succeeds.
    assert_eq!(world.order("{}").await.status, 201);
    world.notified(1).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_a_newer_version_is_refused_by_its_version() {
    let world = World::start().await;
    let detail = json!({ "orderId": "ord_new", "metadata": { "eventVersion": "2" } });
    world.publish("order.service", "Order Created", &detail).await;
    world.settled().await;
    let letters = world.stack().dead_letters();
    assert_eq!(letters.len(), 2);
    let expected = "`Order Created` has version `2`; this service accepts version 1";
    assert!(letters.iter().all(|letter| letter.reason.contains(expected)), "{letters:#?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_cannot_be_stored_is_unavailable() {
    let world = World::start().await;
    let table = "distributed-tracing-demo-orders";
    world.dynamodb.delete_table().table_name(table).send().await.unwrap();
    // Whether it is stored is not known, and without a key the same request may be another order.
    let response = world.order("{}").await;
    assert_eq!(response.status, 500, "{:?}", response.body);
    assert!(!response.headers.contains_key("retry-after"));
    let key = [("idempotency-key", "unavailable")];
    let response = world.post("/orders/customer123", "{}", &key).await;
    assert_eq!(response.status, 503, "{:?}", response.body);
    assert_eq!(response.headers["retry-after"], "1");
    assert_eq!(response.headers["content-type"], "application/problem+json");
    let complete =
        |seen: &Seen| seen.roots().len() == 1 && seen.named("process_order").count() == 1;
    let trace = world.trace(&response.trace_id(), complete).await;
    let step = trace.named("process_order").next().unwrap();
    assert!(step.is("fault"));
    let causes = step.document["cause"]["exceptions"].as_array().unwrap();
    assert_eq!(causes[0]["message"], "the table of orders is unavailable");
    assert!(causes.len() > 2, "the whole chain is there: {causes:#?}");
    assert_eq!(world.events_of("Order Created").len(), 0);
    world.end_without_audit("a table is gone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_the_bus_refuses_is_accepted_and_published_later() {
    // An entry that is not accepted is answered with 200, and is still no success.
    let fault = "events:PutEvents/order-service=partial@4";
    let world = World::with().fault(fault).start().await;
    let response = world.order("{}").await;
    assert_eq!(response.status, 202, "{:?}", response.body);
    assert_eq!(response.body["status"], "created");
    assert!(response.headers.contains_key("location"));
    let complete = |seen: &Seen| {
        seen.roots().len() == 1 && seen.named("Events").filter(|part| !part.is_segment).count() == 4
    };
    let trace = world.trace(&response.trace_id(), complete).await;
    let call = trace.named("Events").find(|part| !part.is_segment).unwrap();
    assert_eq!(call.document["http"]["response"]["status"], 200);
    assert!(call.is("fault"), "a failed entry is a fault: {call:#?}");
    assert_eq!(call.document["annotations"]["failed_entry_count"], 1);
    assert!(trace.exceptions().contains(&"InternalFailure"));
    make_due(&world, &response.order_id()).await;
    sweep(&world).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrapper_script_is_ended_with_what_it_started() {
    let folder = TempDir::new().unwrap();
    let script = folder.path().join("bootstrap");
    let pids = folder.path().join("pids");
    let body = format!("#!/bin/sh\nsleep 1000 &\necho $! >> {}\nwait\n", pids.display());
    std::fs::write(&script, body).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&script, mode).unwrap();
    let alias = folder.path().join("alias");
    symlink(&script, &alias).unwrap();
    let world = World::with().bootstrap("PaymentService", &alias).start().await;
    world.order("{}").await;
    let pid = world
        .until("the script", || std::fs::read_to_string(&pids).ok().filter(|text| !text.is_empty()))
        .await;
    world.end_without_audit("the payment service never works").await;
    assert!(gone(pid.trim()).await, "process {pid} is still there");
}
