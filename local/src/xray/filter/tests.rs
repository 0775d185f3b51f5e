use std::{fmt::Write as _, time::Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::xray::Store;

/// Five traces: an order that crosses many services, one that ends with 404, one with 429, one that fails at an HTTP
/// call, and one that is in progress.
const TRACES: [&str; 5] = ["order", "missing", "throttled", "faulty", "running"];

fn documents(trace: &str) -> Vec<Value> {
    let http = |method: &str, path: &str, status: u32| {
        let url = format!("https://shop.example.com{path}");
        let request = json!({ "method": method, "url": url, "user_agent": "probe/1", "client_ip": "192.0.2.17" });
        json!({ "request": request, "response": { "status": status } })
    };
    let exception = json!({ "exceptions": [
        { "id": "00000000000000aa", "type": "Timeout", "message": "no answer: 5 s" },
        { "id": "00000000000000ab", "type": "IoError", "message": "closed" },
    ] });
    match trace {
        "order" => vec![
            json!({
                "id": 1, "name": "shop/prod", "origin": "AWS::ApiGateway::Stage", "start_time": 10, "end_time": 12,
                "http": http("POST", "/orders/1", 201), "user": "alice",
                "resource_arn": "arn:aws:apigateway:us-east-1::/restapis/a1/stages/prod",
                "aws": { "ec2": { "availability_zone": "us-east-1a", "instance_id": "i-1" } },
                "annotations": { "aws:api_id": "a1", "event.source": "shop" },
                "subsegments": [{ "id": 2, "name": "Lambda", "namespace": "aws", "start_time": 10.25, "end_time": 11.75 }],
            }),
            json!({ "id": 3, "parent_id": 2, "name": "order", "origin": "AWS::Lambda", "start_time": 10.25, "end_time": 11.75 }),
            json!({
                "id": 4, "parent_id": 3, "name": "order", "origin": "AWS::Lambda::Function", "start_time": 10.25,
                "end_time": 11.75, "aws": { "account_id": "123456789012" },
            }),
            json!({
                "id": 5, "parent_id": 4, "type": "subsegment", "name": "process", "start_time": 10.25, "end_time": 11.5,
                "annotations": { "order_id": "A-1", "items": 30, "gift": true, "quiet": false },
            }),
            json!({
                "id": 6, "parent_id": 5, "type": "subsegment", "name": "dynamodb", "namespace": "aws", "start_time": 10.5,
                "end_time": 10.75, "aws": { "operation": "PutItem", "table_name": "orders" }, "error": true, "throttle": true,
            }),
            json!({
                "id": 7, "parent_id": 5, "type": "subsegment", "name": "events", "namespace": "aws", "start_time": 11,
                "end_time": 11.25, "aws": { "operation": "PutEvents" },
            }),
            json!({ "id": 8, "parent_id": 7, "name": "pay", "origin": "AWS::Lambda", "start_time": 11.25, "end_time": 17, "user": "bob" }),
        ],
        "missing" => vec![json!({
            "id": 1, "name": "shop/prod", "origin": "AWS::ApiGateway::Stage", "start_time": 20, "end_time": 21,
            "http": http("GET", "/orders/2", 404), "error": true,
        })],
        "throttled" => vec![json!({
            "id": 1, "name": "shop/prod", "origin": "AWS::ApiGateway::Stage", "start_time": 30, "end_time": 30.5,
            "http": http("GET", "/orders/3", 429), "error": true, "throttle": true,
        })],
        "faulty" => vec![json!({
            "id": 1, "name": "web", "start_time": 40, "end_time": 44, "http": http("GET", "/slow", 500), "fault": true,
            "annotations": { "items": 3 },
            "subsegments": [{
                "id": 2, "name": "api.example.com", "namespace": "remote", "start_time": 40.5, "end_time": 43.5, "fault": true,
                "cause": exception,
            }],
        })],
        _ => vec![json!({
            "id": 1, "name": "web", "start_time": 50, "in_progress": true,
            "http": { "request": { "method": "GET" } },
        })],
    }
}

fn store() -> Store {
    let store = Store::new(10);
    for (number, trace) in TRACES.into_iter().enumerate() {
        for mut document in documents(trace) {
            document["trace_id"] = json!(format!("1-00000001-{number:024x}"));
            spell_ids(&mut document);
            store.put(&document.to_string()).unwrap();
        }
    }
    store
}

/// Numbers as ids, in all the subsegments too.
fn spell_ids(document: &mut Value) {
    for name in ["id", "parent_id"] {
        if let Some(id) = document[name].as_u64() {
            document[name] = json!(format!("{id:016x}"));
        }
    }
    for subsegment in document["subsegments"].as_array_mut().into_iter().flatten() {
        spell_ids(subsegment);
    }
}

fn groups() -> Groups {
    let group = |name: &str, expression: &str| GroupFilter {
        name: name.to_owned(),
        arn: format!("arn:aws:xray:us-east-1:000000000000:group/{name}/1"),
        expression: expression.to_owned(),
    };
    Groups(vec![
        group("slow", "duration > 3"),
        group("nested", "group.name = \"slow\" AND !fault"),
        group("all", ""),
        group("circle", "group.name = \"circle\""),
        group("broken", "nonsense"),
    ])
}

fn found(store: &Store, expression: &str) -> Result<String, FilterError> {
    let filter = Filter::parse(expression, &groups())?;
    let matching = |number: &usize| {
        let found = store.find(&format!("1-00000001-{number:024x}")).unwrap();
        let matches = filter.matches(&found.trace(), &mut Work::default());
        // Where the outline says something, it says the same.
        let says = sketch::matches(&filter, &found.outline, &mut Work::default());
        assert_eq!(says.unwrap_or(matches), matches, "{expression} of {}", TRACES[*number]);
        assert_eq!(filter.finds(&found, &mut Work::default()), matches, "{expression}");
        matches
    };
    let names: Vec<_> = (0..TRACES.len()).filter(matching).map(|number| TRACES[number]).collect();
    Ok(names.join(" "))
}

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
        r##"rootcause.json = #[{"Services":[{"Inferred":true}]}]"##,
    ] {
        let filter = Filter::parse(expression, &groups()).unwrap();
        for found in store.all().iter() {
            let says = sketch::matches(&filter, &found.outline, &mut Work::default());
            assert!(says.is_some(), "{expression}");
        }
    }
}

const EVERY: &str = "order missing throttled faulty running";

const EXPRESSIONS: &[(&str, &str)] = &[
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
    ("partial", ""),
    ("inferred", "order faulty"),
    ("root", EVERY),
    ("first OR last OR remote OR index = 0 OR coverage > 0 OR message CONTAINS \"\"", ""),
    // Numbers.
    ("responsetime > 1.5", "order faulty"),
    ("responseTime = 2", "order"),
    ("duration = 7 AND responsetime = 2", "order"),
    ("duration >= 0.5 AND duration <= 1", "missing throttled"),
    ("duration > -1", "order missing throttled faulty"),
    ("http.status != 201", "missing throttled faulty"),
    ("http.status = 4.04e2", "missing"),
    ("duration = \"slow\"", ""),
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
    // Calls.
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
        "rootcause.json = #[{ \"Services\": [{ \"Name\": \"web\", \"EntityPath\": [{ \"Name\": \"web\" }, { \"Remote\": true }] }] }]",
        "faulty",
    ),
    ("rootcause.json = #[{\"Services\":[{\"Inferred\":true}]}] AND fault", "faulty"),
    ("rootcause.json = #[{\"Services\":[{\"EntityPath\":[{\"Coverage\":1}]}]}]", "order faulty"),
    ("rootcause.json != #[{\"Services\":[{\"Name\":\"web\"}]}]", "order missing throttled running"),
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

#[test]
fn errors_name_the_place_and_a_way_out() {
    for (expression, line, position, text) in [
        ("ok AND ((fault)", 1, 16, "missing ')' at end of expression"),
        ("ok AND (madeup = 7)", 1, 9, "Invalid input symbol: 'madeup'"),
        ("ok AND", 1, 7, "end of expression"),
        ("ok OR OR fault", 1, 7, "Invalid input symbol: 'OR'"),
        ("ok\n  )", 2, 3, "Invalid input symbol: ')'"),
        ("ok \"x\"", 1, 4, "Invalid input symbol: '\"'"),
        ("größe", 1, 1, "Invalid input symbol: 'größe'"),
        ("user = alice", 1, 8, "double quotes: \"alice\""),
        ("user = 'alice'", 1, 8, "double quotes"),
        ("user = 3", 1, 8, "a text in double quotes"),
        ("user > \"a\"", 1, 8, "CONTAINS"),
        ("fault > 3", 1, 9, "true or false"),
        ("fault = 1", 1, 9, "true or false"),
        ("fault CONTAINS \"true\"", 1, 16, "true or false"),
        ("fault = \"yes\"", 1, 9, "true or false"),
        ("http.status CONTAINS \"2\"", 1, 22, "a number"),
        ("duration BEGINSWITH 2", 1, 21, "a number"),
        ("duration = true", 1, 12, "a number"),
        ("duration > 5s", 1, 12, "'5s'"),
        ("duration > NaN", 1, 12, "'NaN'"),
        ("duration > inf", 1, 12, "'inf'"),
        ("duration == 5", 1, 11, "'='"),
        ("duration >", 1, 11, "a value"),
        ("annotation.a.b = 1", 1, 1, "annotation[a.b]"),
        ("annotation.k > \"a\"", 1, 16, "before a text"),
        ("annotation.k > true", 1, 16, "before true or false"),
        ("annotation.k CONTAINS 3", 1, 23, "before a number"),
        ("annotation = 1", 1, 12, "missing '['"),
        ("annotation[] = 1", 1, 12, "the key"),
        ("annotation[k = 1", 1, 17, "missing ']'"),
        ("annotation. = 1", 1, 1, "another keyword"),
        ("service(order)", 1, 9, "double quotes"),
        ("service(\"a\", \"b\")", 1, 12, "missing ')'"),
        ("service(\"a\") { fault", 1, 21, "missing '}'"),
        ("service(id())", 1, 12, "name, type or account.id"),
        ("service(id(name: \"a\", name: \"b\"))", 1, 23, "'name' is said twice"),
        ("service(id(name: a))", 1, 18, "missing '\"'"),
        ("edge(\"a\")", 1, 9, "missing ','"),
        ("rootcause.fault", 1, 1, "rootcause.fault, .error"),
        ("rootcause.fault.name { fault }", 1, 1, "rootcause.fault, .error"),
        ("rootcause.responsetime.exception", 1, 1, "rootcause.fault, .error"),
        ("rootcause.json", 1, 15, "= or !="),
        ("rootcause.json = [1]", 1, 18, "#["),
        ("rootcause.json = #[{]", 1, 19, "valid JSON"),
        ("group.name = \"nobody\"", 1, 14, "Group not found: 'nobody'"),
        ("group.name", 1, 11, "= or !="),
        ("ok AND group.name = \"broken\"", 1, 21, "'nonsense'"),
        ("group.name = \"circle\"", 1, 14, "nests deeper"),
        ("user = \"a", 1, 8, "missing '\"'"),
    ] {
        let error = Filter::parse(expression, &groups()).unwrap_err();
        assert_eq!((error.line, error.position), (line, position), "{expression}: {error}");
        assert!(error.message.contains(text), "{expression}: {error}");
    }
    let error = Filter::parse("(", &Groups::default()).unwrap_err();
    assert!(error.to_string().starts_with("Error Location: line 1, position 2 : "), "{error}");
}

#[test]
fn expressions_are_bounded() {
    let store = store();
    let nested = |open: &str, inside: &str, close: &str, depth| {
        format!("{}{inside}{}", open.repeat(depth), close.repeat(depth))
    };
    for too_much in [
        nested("(", "ok", ")", 40),
        nested("!", "ok", "", 40),
        nested("service(){", "ok", "}", 40),
        "ok ".repeat(1_001),
        format!("user = \"{}\"", "x".repeat(20_000)),
    ] {
        assert!(Filter::parse(&too_much, &Groups::default()).is_err(), "{too_much:.40}");
    }
    // Each level would multiply by the number of services, were it evaluated for each of them.
    let deep = nested("service(){", "edge(){ fault }", "}", 30);
    assert_eq!(found(&store, &deep).as_deref(), Ok("faulty"));
}

#[test]
fn too_much_work_ends_early() {
    let store = Store::new(1);
    for id in 1..=3_000 {
        let document = json!({
            "trace_id": format!("1-00000001-{:024x}", 1), "id": format!("{id:016x}"), "name": "n",
            "start_time": 1, "end_time": 2,
        });
        store.put(&document.to_string()).unwrap();
    }
    let trace = &store.traces()[0];
    let mut expression = String::new();
    for number in 0..900 {
        write!(expression, "user = \"{number}\" OR ").unwrap();
    }
    expression.push_str("service() { fault }");
    let filter = Filter::parse(&expression, &Groups::default()).unwrap();
    let mut work = Work::default();
    let began = Instant::now();
    let rounds = (0..1_000).take_while(|_| {
        let _matches = filter.matches(trace, &mut work);
        !work.is_exceeded()
    });
    let rounds = rounds.count();
    assert!(rounds < 20 && work.is_exceeded(), "{rounds} rounds in {:?}", began.elapsed());
    assert!(!Filter::parse("ok", &Groups::default()).unwrap().matches(trace, &mut work));
}

/// Pieces of expressions, right and wrong.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("service() {".to_owned()),
        Just("edge(\"order\", \"orders\") {".to_owned()),
        Just("rootcause.fault.entity {".to_owned()),
        Just("rootcause.json = #[{}]".to_owned()),
        Just("group.name = \"nested\"".to_owned()),
        Just("annotation[".to_owned()),
        Just("id(name:".to_owned()),
        prop::sample::select(vec![
            "}", ")", "(", "]", "!", "AND", "OR", "NOT", ",", "#", "\"", "'"
        ])
        .prop_map(str::to_owned),
        prop::sample::select(vec!["=", "!=", "<", ">=", "CONTAINS", "3", "true", "\"a\""])
            .prop_map(str::to_owned),
        prop::sample::select(vec!["ok", "fault", "duration", "user", "annotation.items"])
            .prop_map(str::to_owned),
        "\\PC{0,6}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _parsed = Filter::parse(&text, &groups());
    }

    #[test]
    fn no_expression_takes_long(expression in pieces()) {
        let began = Instant::now();
        let _found = found(&store(), &expression);
        prop_assert!(began.elapsed().as_millis() < 2_000, "{expression}");
    }

    /// What holds for a trace does not hold negated, and order does not matter.
    #[test]
    fn logic_is_logic(a in 0..EXPRESSIONS.len(), b in 0..EXPRESSIONS.len()) {
        let (a, b) = (EXPRESSIONS[a].0.trim(), EXPRESSIONS[b].0.trim());
        prop_assume!(!a.is_empty() && !b.is_empty());
        let store = store();
        let is = |left: String, right: String| {
            prop_assert_eq!(found(&store, &left), found(&store, &right), "{} | {}", left, right);
            Ok(())
        };
        is(format!("({a}) AND ({b})"), format!("({b}) ({a})"))?;
        is(format!("({a}) OR ({b})"), format!("!(!({b}) AND !({a}))"))?;
    }
}
