use super::*;

#[test]
fn expressions_find_traces() {
    let store = store();
    for (expression, expected) in EXPRESSIONS {
        assert_eq!(found(&store, expression).as_deref(), Ok(*expected), "{expression}");
    }
}

/// What people look for most is answered by outlines alone: a hundred thousand documents are not read again.
#[test]
fn outlines_answer_what_is_asked_most() {
    let store = store();
    for expression in [
        "fault",
        "!ok AND responsetime > 0.2",
        r#"service("pay") { fault }"#,
        r#"service(id(type: "AWS::Lambda")) { !fault }"#,
        r#"edge("order", "orders") { throttle }"#,
        r#"annotation.order_id = "A-1" OR annotation[items] > 30"#,
        r#"service("order") { annotation.order_id = "nobody's" }"#,
        r#"http.url CONTAINS "/orders/" AND http.status = 404"#,
        r#"user = "alice" resource.arn BEGINSWITH "arn:""#,
        r#"group.name = "slow""#,
        r#"rootcause.fault.service { name = "nobody" }"#,
        "rootcause.responsetime.entity { coverage > 0.7 }",
        r#"rootcause.json = #[{"Services":[{"Inferred":true}]}]"#,
    ] {
        let filter = Filter::parse(expression, &groups()).unwrap();
        for found in store.all().iter() {
            let says = sketch::matches(&filter, &found.outline, &mut Work::default());
            assert!(says.is_some(), "{expression}");
        }
    }
}

const EVERY: &str = "order missing throttled faulty running";

pub(super) const EXPRESSIONS: &[(&str, &str)] = &[
    ("", EVERY),
    ("  \n ", EVERY),
    // What the root answered.
    ("ok", "order running"),
    ("!ok", "missing throttled faulty"),
    ("ok = false", "missing throttled faulty"),
    ("OK != \"true\"", "missing throttled faulty"),
    ("error", "missing"),
    ("throttle", "throttled"),
    ("fault", "faulty"),
    ("Fault = True", "faulty"),
    ("partial", "running"),
    ("!partial AND ok", "order"),
    ("inferred", "order faulty"),
    ("root", EVERY),
    ("first OR last OR remote OR index = 0 OR coverage > 0", ""),
    ("message = \"closed\"", "faulty"),
    ("message BEGINSWITH \"no answer\"", "faulty"),
    ("message != \"closed\"", "faulty"),
    ("message", "faulty"),
    ("!message", "order missing throttled running"),
    // Numbers.
    ("responsetime > 1.5", "order faulty"),
    ("responseTime = 2", "order"),
    ("duration = 7 AND responsetime = 2", "order"),
    ("duration >= 0.5 AND duration <= 1", "missing throttled"),
    ("duration > -1", "order missing throttled faulty"),
    ("http.status != 201", "missing throttled faulty"),
    ("http.status = 4.04e2", "missing"),
    // Texts.
    ("http.url CONTAINS \"/orders/\"", "order missing throttled"),
    ("http.url BEGINSWITH \"https://\" AND http.url ENDSWITH \"/slow\"", "faulty"),
    ("http.url AND responseTime > 2", "faulty"),
    ("http.method != \"GET\"", "order"),
    ("http.useragent = \"probe/1\" http.clientip = \"192.0.2.17\" error", "missing"),
    ("user CONTAINS \"\"", "order"),
    ("user = \"bob\"", "order"),
    ("user", "order"),
    ("user = \"Bob\"", ""),
    ("availabilityzone = \"us-east-1a\" instance.id BEGINSWITH \"i-\"", "order"),
    ("resource.arn ENDSWITH \"/prod\"", "order"),
    ("name = \"web\"", "faulty running"),
    ("type = \"AWS::ApiGateway::Stage\"", "order missing throttled"),
    // How they go together.
    ("error OR fault AND http.status = 500", "missing faulty"),
    ("(error OR fault) AND http.status = 500", "faulty"),
    ("ok !partial duration <3", ""),
    ("ok !partial duration <8", "order"),
    ("NOT ok and not throttle", "missing faulty"),
    ("!(error OR throttle)", "order faulty running"),
    ("!!fault", "faulty"),
    // Annotations.
    ("annotation.order_id = \"A-1\"", "order"),
    ("annotation[order_id]", "order"),
    ("!annotation[order_id]", "missing throttled faulty running"),
    ("Annotation.items > 29", "order"),
    ("annotation[items] <= 30", "order faulty"),
    ("annotation.items CONTAINS \"3\"", ""),
    ("annotation.gift", "order"),
    ("annotation.gift = true", "order"),
    ("annotation.quiet", ""),
    ("annotation.quiet = false", "order"),
    ("annotation.Gift", ""),
    ("annotation[aws:api_id] = \"a1\"", "order"),
    ("annotation[event.source] BEGINSWITH \"sh\"", "order"),
    ("annotation[ \"event.source\" ] = \"shop\"", "order"),
    // Services, by the names of the map.
    ("service", EVERY),
    ("service()", EVERY),
    ("service(\"order\")", "order"),
    ("service(\"orders\") { throttle }", "order"),
    ("service(\"DynamoDB\")", ""),
    ("service(\"Events\")", "order"),
    ("!service(\"shop/prod\")", "faulty running"),
    ("service() { fault }", "faulty"),
    ("service { throttle AND !root }", "order"),
    ("service(id(type: \"AWS::Events\"))", "order"),
    ("service(id(type: \"remote\")) { fault AND inferred }", "faulty"),
    (
        "service(id(name: \"order\", type: \"AWS::Lambda::Function\")) { annotation.items = 30 }",
        "order",
    ),
    ("service(id(name: \"order\", type: \"AWS::Lambda\")) { annotation.items = 30 }", ""),
    ("service(id(name: \"web\", type: \"client\"))", "faulty running"),
    ("service(id(account.id: \"123456789012\"))", "order"),
    ("service(id(name: \"web\", account.id: \"000000000000\"))", "faulty running"),
    ("service(id(account.id: \"222222222222\"))", ""),
    ("service(\"web\") {root = true and fault = true}", "faulty"),
    ("service(\"pay\") { responsetime > 5 AND user = \"bob\" }", "order"),
    ("service { name ENDSWITH \"pay\" type = \"AWS::Lambda\" }", "order"),
    ("service() { service(\"pay\") }", "order"),
    ("service(\"web\") { edge(\"web\", \"api.example.com\") { fault } }", "faulty"),
    ("service(\"web\") { message = \"closed\" }", "faulty"),
    ("service(id(type: \"remote\")) { message }", ""),
    ("service(id(type: \"client\")) { message }", ""),
    ("service(\"client\")", EVERY),
    ("service(id(name: \"client\", type: \"client\"))", EVERY),
    ("service(\"client\") { name = \"web\" }", "faulty running"),
    ("service(\"client\") { fault }", ""),
    ("service(\"remote\") { fault }", "faulty"),
    ("service(\"remote\") { name = \"api.example.com\" }", "faulty"),
    ("service(\"AWS::Lambda\")", ""),
    // Calls.
    ("edge(\"client\", \"web\")", "faulty running"),
    ("edge(\"client\", \"web\") { fault }", "faulty"),
    ("edge(\"web\", \"remote\") { message = \"closed\" }", "faulty"),
    ("edge(\"shop/prod\", \"client\")", ""),
    ("edge", EVERY),
    ("edge()", EVERY),
    ("edge(\"shop/prod\", \"order\")", "order"),
    ("edge(\"order\", \"shop/prod\")", ""),
    ("edge(\"order\", \"orders\") { throttle }", "order"),
    ("edge(\"order\", \"Events\") { ok AND responsetime = 0.25 }", "order"),
    ("edge(\"Events\", \"pay\") { responsetime > 5 }", "order"),
    ("edge(id(name: \"web\", type: \"client\"), id(name: \"web\")) { fault }", "faulty"),
    ("edge { source.annotation[items] = 30 }", "order"),
    ("edge(\"order\", \"orders\") { destination.annotation.items = 30 }", ""),
    ("edge { destination.annotation.items = 3 }", "faulty"),
    // Root causes.
    ("rootcause.fault.service", "faulty"),
    ("rootcause.fault.service { name = \"web\" AND first AND !inferred }", "faulty"),
    ("rootcause.fault.service { last AND inferred AND type = \"remote\" }", "faulty"),
    ("rootcause.fault.service { index > 1 }", ""),
    ("rootcause.error.service { name = \"orders\" type = \"AWS::DynamoDB::Table\" }", "order"),
    ("rootcause.fault.entity { last and remote and name = \"api.example.com\" }", "faulty"),
    ("rootcause.fault.entity { index = 1 AND first }", ""),
    (
        "rootcause.fault.exception { name = \"Timeout\" AND first AND message ENDSWITH \"5 s\" }",
        "faulty",
    ),
    ("rootcause.fault.exception { last AND name = \"IoError\" }", "faulty"),
    ("rootcause.responsetime.entity { remote and coverage > 0.7 }", "order faulty"),
    ("rootcause.responsetime.entity { coverage = 0.75 AND name = \"order\" }", "order"),
    ("rootcause.responsetime.service { last AND type = \"remote\" }", "faulty"),
    (
        "rootcause.json = #[{ \"Services\": [{ \"Name\": \"web\", \"EntityPath\": [{ \"Name\": \"web\" }, { \"Remote\": true }] }, {}] }]",
        "faulty",
    ),
    ("rootcause.json = #[{}]", "order faulty"),
    ("rootcause.json = #[]", ""),
    ("rootcause.json = #[{\"Services\":[]}]", ""),
    ("rootcause.json = #[{\"Services\":[{}, {\"Inferred\":true}]}] AND fault", "faulty"),
    ("rootcause.json = #[{\"Services\":[{\"Inferred\":true}]}] AND fault", ""),
    ("rootcause.json = #[{\"Services\":[{\"Inferred\":true}]}]", "order"),
    ("rootcause.json = #[{\"Services\":[{\"Name\":\"web\"}]}]", ""),
    ("rootcause.json = #[{\"Services\":[{\"EntityPath\":[{\"Coverage\":1}]}, {}]}]", ""),
    ("rootcause.json = #[{\"Services\":[{\"EntityPath\":[{\"Coverage\":1}, {}]}, {}]}]", "faulty"),
    (
        "rootcause.json != #[{\"Services\":[{\"Name\":\"web\"}, {}]}]",
        "order missing throttled running",
    ),
    ("json = #[{\"Services\":[{\"Name\":\"x\"}]}]", ""),
    // Groups.
    ("group.name = \"slow\"", "order faulty"),
    ("group.name != \"slow\"", "missing throttled running"),
    ("group.arn = \"arn:aws:xray:us-east-1:000000000000:group/nested/1\"", "order"),
    ("group.name = \"slow\" AND user = \"alice\"", "order"),
    ("group.name = \"all\"", EVERY),
    ("service(\"pay\") { group.name = \"slow\" }", "order"),
    // Escapes.
    (r#"user = "al\ice" OR user != "\"\\""#, "order"),
];
