use e2e::{Response, World};
use serde_json::json;

use crate::{aws_apis::call, bad_input::assert_problem, command};

const POOL: &str = "us-east-1_local";
const CLIENT: &str = "shop";

/// A world whose API takes the tokens of a user pool.
async fn with_tokens() -> World {
    let world = World::with().parameter("ApiAuth", "JWT").parameter("UserPoolId", POOL);
    world.parameter("UserPoolClientId", CLIENT).start().await
}

/// Orders for `customer123`, looks the order up, and lists the customer's orders, as whoever has these
/// credentials.
async fn everything(world: &World, path: &str, credentials: Option<&str>) -> [Response; 3] {
    let authorization = credentials.map(|credentials| ("authorization", credentials));
    let headers: Vec<_> = authorization.into_iter().collect();
    let api = world.stack().api();
    [
        world.request("POST", &format!("{api}/orders/customer123"), "{}", &headers).await,
        world.request("GET", &format!("{api}{path}"), "", &headers).await,
        world.request("GET", &format!("{api}/orders/customer123"), "", &headers).await,
    ]
}

fn statuses(responses: &[Response; 3]) -> [u16; 3] {
    responses.each_ref().map(|response| response.status)
}

/// Nothing but a problem that says why, and nothing of the order.
fn assert_refused(responses: &[Response; 3], order: &str) {
    for response in responses {
        assert_eq!(response.headers["content-type"], "application/problem+json");
        assert_eq!(response.body["title"], "Forbidden");
        assert!(!response.body.to_string().contains(order), "{:?}", response.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_for_the_customer_that_it_was_issued_to() {
    let world = with_tokens().await;
    let token = |user, client, seconds| world.stack().id_token(user, client, seconds).unwrap();
    let own = token("customer123", CLIENT, 60);
    let placed = world.post("/orders/customer123", "{}", &[("authorization", &own)]).await;
    assert_eq!(placed.status, 201, "{:?}", placed.body);
    let path = placed.headers["location"].to_str().unwrap();

    let bearer = format!("Bearer {own}");
    for credentials in [&own, &bearer] {
        let responses = everything(&world, path, Some(credentials)).await;
        assert_eq!(statuses(&responses), [201, 200, 200]);
        assert_eq!(responses[1].order_id(), placed.order_id());
    }
    // Knowing the order's id and the customer's is not enough.
    let others = token("customer124", CLIENT, 60);
    let responses = everything(&world, path, Some(&others)).await;
    assert_eq!(statuses(&responses), [403, 403, 403]);
    assert_refused(&responses, &placed.order_id());
    // Under the caller's own name there is no such order.
    let stolen = format!("{}/orders/customer124/{}", world.stack().api(), placed.order_id());
    let stolen = world.request("GET", &stolen, "", &[("authorization", &others)]).await;
    assert_eq!(stolen.status, 404);
    // One of another application of the same pool.
    let responses = everything(&world, path, Some(&token("customer123", "other", 60))).await;
    assert_eq!(statuses(&responses), [403, 403, 403]);

    let expired = token("customer123", CLIENT, -1);
    for (credentials, message) in [
        (None, "Unauthorized"),
        (Some("nonsense"), "Unauthorized"),
        (Some(expired.as_str()), "The incoming token has expired"),
    ] {
        let responses = everything(&world, path, credentials).await;
        assert_eq!(statuses(&responses), [401, 401, 401]);
        for response in &responses {
            assert_problem(response, "UNAUTHORIZED", message);
        }
    }
    world.settled().await;
    assert_eq!(world.events_of("Order Created").len(), 3, "nothing was ordered for nobody");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_to_the_user_pool_gets_a_token() {
    let world = with_tokens().await;
    let target = "AWSCognitoIdentityProviderService.InitiateAuth";
    let sign_in = json!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": CLIENT,
        "AuthParameters": { "USERNAME": "customer123", "PASSWORD": "any" },
    });
    let url = world.stack().aws();
    let headers = [("x-amz-target", target), ("content-type", "application/x-amz-json-1.1")];
    // Cognito wants no signature for it.
    let answer = world.request("POST", &url, sign_in.to_string(), &headers).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let result = &answer.body["AuthenticationResult"];
    let id_token = result["IdToken"].as_str().unwrap();
    let placed = world.post("/orders/customer123", "{}", &[("authorization", id_token)]).await;
    assert_eq!(placed.status, 201, "{:?}", placed.body);
    let access_token = result["AccessToken"].as_str().unwrap();
    let placed = world.post("/orders/customer123", "{}", &[("authorization", access_token)]).await;
    assert_eq!(placed.status, 401, "an access token says nothing of who the user is");
    world.settled().await;
    world.end().await;

    let world = World::start().await;
    let answer = world.request("POST", &world.stack().aws(), sign_in.to_string(), &headers).await;
    assert_eq!(answer.status, 400, "an API without tokens has no pool");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_the_customers_role_acts_for_the_customer_that_it_is_named_after() {
    let world = World::with().parameter("ApiAuth", "AWS_IAM").start().await;
    let role = world.stack().app().outputs["CustomerRoleArn"].clone();
    let signed = |key: &str, service: &str| {
        format!("AWS4-HMAC-SHA256 Credential={key}/20261126/us-east-1/{service}/aws4_request")
    };
    let session =
        |name, seconds| signed(&world.stack().access_key(&role, name, seconds), "execute-api");
    let own = session("customer123", 60);
    let placed = world.post("/orders/customer123", "{}", &[("authorization", &own)]).await;
    assert_eq!(placed.status, 201, "{:?}", placed.body);
    let path = placed.headers["location"].to_str().unwrap();
    let responses = everything(&world, path, Some(&own)).await;
    assert_eq!(statuses(&responses), [201, 200, 200]);

    // Another customer, another role's session of that name, and the account's owner.
    let other_role = role.replace("CustomerRole", "Admin");
    let other_role = world.stack().access_key(&other_role, "customer123", 60);
    for credentials in [
        session("customer124", 60),
        signed(&other_role, "execute-api"),
        signed("owner", "execute-api"),
    ] {
        let responses = everything(&world, path, Some(&credentials)).await;
        assert_eq!(statuses(&responses), [403, 403, 403], "{credentials}");
        assert_refused(&responses, &placed.order_id());
    }
    // API Gateway refuses these itself.
    let wrong_service = signed("owner", "sqs");
    let over = session("customer123", -1);
    let missing = ("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token");
    let wrong = "Credential should be scoped to correct service: 'execute-api'.";
    let expired = "The security token included in the request is expired";
    for (credentials, (kind, message)) in [
        (None, missing),
        (Some("nonsense"), missing),
        (Some(wrong_service.as_str()), ("INVALID_SIGNATURE", wrong)),
        (Some(over.as_str()), ("EXPIRED_TOKEN", expired)),
    ] {
        let responses = everything(&world, path, credentials).await;
        assert_eq!(statuses(&responses), [403, 403, 403]);
        for response in &responses {
            assert_problem(response, kind, message);
        }
    }
    world.settled().await;
    assert_eq!(world.events_of("Order Created").len(), 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_assumed_through_sts() {
    let world = World::with().parameter("ApiAuth", "AWS_IAM").start().await;
    let role = world.stack().app().outputs["CustomerRoleArn"].clone();
    let text = |response: Response| response.body.as_str().unwrap().to_owned();
    let assume = async |role: &str, name: &str| {
        let form = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleSessionName={name}&RoleArn={}",
            role.replace(':', "%3A").replace('/', "%2F")
        );
        let answer = call(&world, "sts", "", "/", &form).await;
        (answer.status, text(answer))
    };
    let (status, answer) = assume(&role, "customer123").await;
    assert_eq!(status, 200, "{answer}");
    let element = |name: &str| {
        let (_, rest) = answer.split_once(&format!("<{name}>")).unwrap();
        rest.split_once("</").unwrap().0.to_owned()
    };
    assert!(element("Arn").ends_with(":assumed-role/local-CustomerRole/customer123"), "{answer}");
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/20261126/us-east-1/execute-api/aws4_request",
        element("AccessKeyId")
    );
    let placed =
        world.post("/orders/customer123", "{}", &[("authorization", &authorization)]).await;
    assert_eq!(placed.status, 201, "{:?}", placed.body);
    // Only roles that trust the account, and only names that STS takes.
    let function_role = role.replace("CustomerRole", "OrderServiceRole");
    for (role, name, status, code) in [
        (&function_role, "customer123", 403, "AccessDenied"),
        (&role, "a%20b", 400, "ValidationError"),
        (&role, "x", 400, "ValidationError"),
    ] {
        let (found, answer) = assume(role, name).await;
        assert_eq!(found, status, "{answer}");
        assert!(answer.contains(code), "{answer}");
    }
    world.settled().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cargo_local_prints_a_token_for_the_command_line() {
    let local = command::local().await;
    let print = async |world: &World| {
        let url = world.stack().aws();
        let (_, port) = url.rsplit_once(':').unwrap();
        let arguments = ["token", "customer123", "--client", CLIENT, "--aws-port", port];
        tokio::process::Command::new(&local).args(arguments).output().await.unwrap()
    };
    let world = with_tokens().await;
    let printed = print(&world).await;
    let token = String::from_utf8(printed.stdout).unwrap();
    let placed = world.post("/orders/customer123", "{}", &[("authorization", token.trim())]).await;
    assert_eq!(placed.status, 201, "{:?}", placed.body);
    world.settled().await;
    world.end().await;

    let world = World::start().await;
    let printed = print(&world).await;
    let complaint = String::from_utf8(printed.stderr).unwrap();
    assert!(!printed.status.success() && complaint.contains("hint: "), "{complaint}");
    world.end().await;
}
