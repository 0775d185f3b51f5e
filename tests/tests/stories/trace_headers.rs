use e2e::{World, changed_template};
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn an_unsampled_order_leaves_no_trace_and_still_carries_its_header() {
    let world = World::with().trusting_trace_header().start().await;
    let root = "1-5759e988-bd862e3fe1be46a994272793";
    let header = format!("Root={root};Parent=53995c3f42cd8ad8;Sampled=0;Lineage=25:a87bd80c:1");
    let response = world.post("/orders/customer123", "{}", &[("x-amzn-trace-id", &header)]).await;
    assert_eq!(response.status, 201);
    assert_eq!(response.trace_id(), root);
    let sent = world.notified(1).await;
    assert_eq!(sent[0].trace_id.as_deref(), Some(root), "the header reaches the end");
    let events = world.published("Notification Sent", 1).await;
    let trace = events[0]["detail"]["metadata"]["trace"].as_str().unwrap();
    assert!(trace.contains("Sampled=0") && trace.contains("Lineage=25:a87bd80c:1"), "{trace}");
    world.settled().await;
    assert_eq!(world.summaries().await.len(), 0, "nothing was recorded");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_traces_itself_has_the_order_in_its_own_trace() {
    let world = World::with().trusting_trace_header().start().await;
    // An id made from a W3C one: there is no time in it.
    let root = "1-5759e988-bd862e3fe1be46a994272794";
    let header = format!("Root={root};Parent=53995c3f42cd8ad8;Sampled=1");
    let response = world.post("/orders/customer123", "{}", &[("x-amzn-trace-id", &header)]).await;
    world.published("Notification Sent", 1).await;
    world.settled().await;
    assert_eq!(response.trace_id(), root);
    // Only the client's own segment is missing.
    let trace = world.trace(root, |seen| seen.runs() == 8 && seen.orphans().len() == 1).await;
    let orphans = trace.orphans();
    assert_eq!(orphans[0].parent.as_deref(), Some("53995c3f42cd8ad8"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_writes_into_no_other_trace_and_decides_nothing_about_sampling() {
    let world = World::start().await;
    let first = world.order("{}").await;
    let root = first.trace_id();
    world.published("Notification Sent", 1).await;
    world.settled().await;
    let whole = world.trace(&root, |seen| seen.runs() == 8).await;
    let header =
        format!("Root={root};Parent=53995c3f42cd8ad8;Sampled=0;Lineage={}", "x".repeat(9000));
    let second = world.post("/orders/customer123", "{}", &[("x-amzn-trace-id", &header)]).await;
    assert_eq!(second.status, 201);
    assert_ne!(second.trace_id(), root);
    world.published("Notification Sent", 2).await;
    world.settled().await;
    let own = world.trace(&second.trace_id(), |seen| seen.runs() == 8).await;
    assert!(own.orphans().is_empty(), "{own:#?}");
    assert_eq!(world.trace(&root, |_| true).await.parts.len(), whole.parts.len());
    let events = world.events_of("Notification Sent");
    let trace = events[1]["detail"]["metadata"]["trace"].as_str().unwrap();
    assert!(!trace.contains("Lineage"), "{trace}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_in_pass_through_mode_stays_silent_and_passes_the_root_on() {
    let folder = TempDir::new().unwrap();
    let passive = |text: String| {
        text.replace("/payment-service\n", "/payment-service\n      Tracing: PassThrough\n")
    };
    let world = World::with().template(changed_template(folder.path(), passive)).start().await;
    let response = world.order("{}").await;
    world.published("Notification Sent", 1).await;
    world.settled().await;
    // Order four times, inventory, and notification twice; nothing of payment.
    let trace = world.trace(&response.trace_id(), |seen| seen.runs() == 7).await;
    assert_eq!(trace.segments("AWS::Lambda", "payment-service").count(), 0);
    assert_eq!(trace.named("process_payment").count(), 0);
    let paid = world.events_of("Payment Processed").remove(0);
    let header = paid["detail"]["metadata"]["trace"].as_str().unwrap();
    assert_eq!(header, format!("Root={}", response.trace_id()), "neither parent nor decision");
    assert_eq!(world.summaries().await.len(), 1, "it is still one trace");
    world.end().await;
}
