use std::collections::BTreeSet;

use e2e::{Part, Response, Seen, World, changed_template};
use tempfile::TempDir;

use crate::{aws_apis::call, tour::every_way_an_order_can_go};

/// (1) What a role grants, something needs; (2) what something needs, a role grants: a call that is
/// denied fails every story. Tracing and logs are AWS's own to grant.
#[tokio::test(flavor = "multi_thread")]
async fn roles_grant_what_is_needed_and_nothing_else() {
    let world = every_way_an_order_can_go().await;
    let mut granted = BTreeSet::new();
    for function in &world.stack().app().functions {
        for statement in function.role.statements.iter().filter(|statement| statement.allows) {
            for action in statement.actions.iter().filter(|action| !action.starts_with("xray:")) {
                for resource in &statement.resources {
                    granted.insert((function.name.clone(), action.clone(), resource.clone()));
                }
            }
        }
    }
    let used = world.stack().allowed_calls().into_iter();
    let used: BTreeSet<_> = used.map(|used| (used.function, used.action, used.resource)).collect();
    let unused: Vec<_> = granted.difference(&used).collect();
    assert!(unused.is_empty(), "granted and never used, or with a wildcard: {unused:#?}");
    let wide: Vec<_> = used.difference(&granted).collect();
    assert!(wide.is_empty(), "granted by a wildcard: {wide:#?}");
    world.end_without_audit("the tour publishes refusals of a confirmed order").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_the_role_does_not_allow_is_denied_and_the_trace_says_so() {
    let folder = TempDir::new().unwrap();
    let change =
        |text: String| text.replace("[dynamodb:PutItem, dynamodb:GetItem", "[dynamodb:GetItem");
    let world = lacking(&folder, change).await;
    let response = world.order("{}").await;
    assert_eq!(response.status, 500, "{:?}", response.body);
    let call = call_of(&world, &response, "DynamoDB").await;
    assert_eq!(call.document["http"]["response"]["status"], 400);
    assert!(call.is("fault") || call.is("error"), "{call:#?}");
    let said = call.document["cause"].to_string();
    let sentence = "User: arn:aws:sts::000000000000:assumed-role/local-OrderServiceRole/\
                    distributed-tracing-demo-order-service is not authorized to perform: dynamodb:PutItem on resource: \
                    arn:aws:dynamodb:us-east-1:000000000000:table/distributed-tracing-demo-orders because no \
                    identity-based policy allows the dynamodb:PutItem action";
    assert!(said.contains("AccessDeniedException") && said.contains(sentence), "{said}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_the_role_does_not_allow_is_denied() {
    let folder = TempDir::new().unwrap();
    let policy = "        - EventBridgePutEventsPolicy: { EventBusName: !Ref EventBus }\n";
    let world = lacking(&folder, |text| text.replacen(policy, "", 1)).await;
    let response = world.order("{}").await;
    assert_eq!(response.status, 202, "{:?}", response.body);
    let call = call_of(&world, &response, "Events").await;
    let said = call.document["cause"].to_string();
    assert!(said.contains("is not authorized to perform: events:PutEvents"), "{said}");
    assert_eq!(world.events_of("Order Created").len(), 0);
    world.end_without_audit("the order is never published").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_the_role_does_not_allow_is_denied_three_times_and_ends_as_a_dead_letter() {
    let folder = TempDir::new().unwrap();
    let policy = "        - SNSPublishMessagePolicy: { TopicName: !GetAtt Customers.TopicName }\n";
    let world = lacking(&folder, |text| text.replace(policy, "")).await;
    world.order("{}").await;
    world.until("a dead letter", || world.stack().dead_letters().pop()).await;
    world.settled().await;
    let letters = world.stack().dead_letters();
    assert!(
        letters[0].reason.contains("is not authorized to perform: sns:Publish"),
        "{letters:#?}"
    );
    assert_eq!(world.stack().notifications().len(), 0);
    world.end_without_audit("the customer is never notified").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explicit_denial_wins() {
    let folder = TempDir::new().unwrap();
    let deny = |text: String| {
        text.replace(
            "          - Effect: Deny\n            Action: ec2:*\n",
            "          - Effect: Deny\n            Action: dynamodb:Put*\n",
        )
    };
    let world = lacking(&folder, deny).await;
    assert_eq!(world.order("{}").await.status, 500);
    let denied = world.stack().denied_calls();
    assert!(
        denied[0].message.ends_with("with an explicit deny in an identity-based policy"),
        "{denied:#?}"
    );
    world.end().await;
}

/// The check that a deployment gets before it is used, asked of a role that may and one that may
/// not.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_may_do_can_be_simulated() {
    let world = World::start().await;
    let role = "arn:aws:iam::000000000000:role/local-OrderServiceRole";
    for (role, action, says) in [
        (role, "xray:PutTraceSegments", "<EvalDecision>allowed</EvalDecision>"),
        (role, "sns:Publish", "<EvalDecision>implicitDeny</EvalDecision>"),
        (role, "ec2:CreateNetworkInterface", "<EvalDecision>explicitDeny</EvalDecision>"),
        ("arn:aws:iam::000000000000:role/nobody", "sns:Publish", "<Code>NoSuchEntity</Code>"),
    ] {
        let body = format!(
            "Action=SimulatePrincipalPolicy&PolicySourceArn={role}&ActionNames.member.1={action}"
        );
        let response = call(&world, "iam", "", "/", &body).await;
        assert!(response.body.as_str().unwrap().contains(says), "{action}: {:?}", response.body);
    }
    world.end().await;
}

/// The call of a service that the request led to, once its trace has it.
async fn call_of(world: &World, response: &Response, service: &str) -> Part {
    let call = |seen: &Seen| seen.named(service).find(|part| !part.is_segment).cloned();
    let trace = world.trace(&response.trace_id(), |seen| call(seen).is_some()).await;
    call(&trace).unwrap()
}

async fn lacking(folder: &TempDir, change: impl Fn(String) -> String) -> World {
    let template = changed_template(folder.path(), change);
    World::with().template(template).lacking_permissions().start().await
}
