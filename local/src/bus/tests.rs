use super::{Leaves, Pattern};

const EVENT: &str = r#"{
    "source": "order.service", "detail-type": "Order Created", "resources": [],
    "detail": {
        "amount": 99.99, "quantity": 3, "ip": "10.0.1.7", "gift": false, "note": null,
        "file": "Image.PNG", "tags": ["new", "vip"], "none": [], "empty": {},
        "lines": [{"sku": "a", "ok": true}, {"sku": "b", "ok": false}]
    }
}"#;

#[track_caller]
fn check(pattern: &str, event: &str, matches: bool) {
    let read = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    let leaves = Leaves::parse(event).unwrap_or_else(|| panic!("{event} is no event"));
    assert_eq!(read.matches_leaves(&leaves), matches, "{pattern} {event}");
}

#[test]
fn patterns_and_whether_they_match() {
    for (pattern, matches) in [
        (r#"{"source":["order.service"]}"#, true),
        (r#"{"source":["x","order.service"]}"#, true),
        (r#"{"source":["Order.Service"]}"#, false),
        (r#"{"source":["order.service"],"detail-type":["Payment Failed"]}"#, false),
        (r#"{"detail":{"quantity":[3]}}"#, true),
        (r#"{"detail":{"quantity":[3.0]}}"#, true),
        (r#"{"detail":{"quantity":["3"]}}"#, false),
        (r#"{"detail":{"gift":[false],"note":[null]}}"#, true),
        (r#"{"detail":{"gift":[null]}}"#, false),
        (r#"{"detail":{"note":["null"]}}"#, false),
        (r#"{"source":[{"exactly":"order.service"}]}"#, true),
        (r#"{"source":[{"prefix":"order."}]}"#, true),
        (r#"{"source":[{"prefix":{"equals-ignore-case":"ORDER."}}]}"#, true),
        (r#"{"source":[{"suffix":"vice"}]}"#, true),
        (r#"{"detail":{"file":[{"suffix":{"equals-ignore-case":".png"}}]}}"#, true),
        (r#"{"detail":{"file":[{"suffix":".png"}]}}"#, false),
        (r#"{"detail":{"file":[{"equals-ignore-case":"image.png"}]}}"#, true),
        (r#"{"detail":{"file":[{"wildcard":"Im*.P*G"}]}}"#, true),
        (r#"{"detail":{"quantity":[{"wildcard":"*"}]}}"#, false),
        (r#"{"detail":{"amount":[{"numeric":[">",0,"<=",99.99]}]}}"#, true),
        (r#"{"detail":{"amount":[{"numeric":["<",99.99]}]}}"#, false),
        (r#"{"detail":{"quantity":[{"numeric":["=",3]}]}}"#, true),
        (r#"{"detail":{"file":[{"numeric":["=",3]}]}}"#, false),
        (r#"{"detail":{"ip":[{"cidr":"10.0.0.0/16"}]}}"#, true),
        (r#"{"detail":{"quantity":[{"cidr":"0.0.0.0/0"}]}}"#, false),
        (r#"{"detail":{"ip":[{"exists":true}]}}"#, true),
        (r#"{"detail":{"missing":[{"exists":false}]}}"#, true),
        (r#"{"detail":{"missing":[{"exists":true}]}}"#, false),
        (r#"{"detail":{"missing":[null]}}"#, false),
        (r#"{"detail":{"none":[{"exists":false}]}}"#, true),
        (r#"{"detail":{"empty":[{"exists":false}]}}"#, true),
        (r#"{"detail":[{"exists":true}]}"#, false),
        (r#"{"absent":{"deep":[{"exists":false}]}}"#, true),
        (r#"{"source":[{"anything-but":"x"}]}"#, true),
        (r#"{"source":[{"anything-but":["x","order.service"]}]}"#, false),
        (r#"{"detail":{"quantity":[{"anything-but":3}]}}"#, false),
        (r#"{"detail":{"quantity":[{"anything-but":["3"]}]}}"#, true),
        (r#"{"detail":{"note":[{"anything-but":"x"}]}}"#, true),
        (r#"{"detail":{"missing":[{"anything-but":"x"}]}}"#, false),
        (r#"{"detail":{"none":[{"anything-but":"x"}]}}"#, false),
        (r#"{"source":[{"anything-but":{"prefix":"order"}}]}"#, false),
        (r#"{"source":[{"anything-but":{"prefix":["a","b"]}}]}"#, true),
        (r#"{"detail":{"quantity":[{"anything-but":{"prefix":"3"}}]}}"#, true),
        (r#"{"source":[{"anything-but":{"suffix":".service"}}]}"#, false),
        (r#"{"source":[{"anything-but":{"wildcard":"*.s*"}}]}"#, false),
        (r#"{"source":[{"anything-but":{"equals-ignore-case":["ORDER.SERVICE"]}}]}"#, false),
        (r#"{"detail":{"tags":["vip"]}}"#, true),
        (r#"{"detail":{"tags":["old"]}}"#, false),
        (r#"{"detail":{"tags":[{"anything-but":"vip"}]}}"#, true),
        (r#"{"detail":{"lines":{"sku":["a"],"ok":[true]}}}"#, true),
        // Both are there, but not in the same element.
        (r#"{"detail":{"lines":{"sku":["a"],"ok":[false]}}}"#, false),
        (r#"{"$or":[{"source":["x"]},{"detail":{"quantity":[3]}}]}"#, true),
        (r#"{"$or":[{"source":["x"]},{"source":["y"]}]}"#, false),
        (r#"{"source":["order.service"],"$or":[{"a":["b"]},{"c":["d"]}]}"#, false),
        (r#"{"detail":{"$or":[{"quantity":[1]},{"gift":[false]}]}}"#, true),
    ] {
        check(pattern, EVENT, matches);
    }
}

/// What AWS was seen to answer, and what its open engine does.
#[test]
fn patterns_that_match_otherwise_than_one_would_think() {
    for (pattern, event, matches) in [
        // An empty affix matches every text, and nothing but texts.
        (r#"{"a":[{"prefix":""}]}"#, r#"{"a":"x"}"#, true),
        (r#"{"a":[{"suffix":""}]}"#, r#"{"a":""}"#, true),
        (r#"{"a":[{"prefix":""}]}"#, r#"{"a":1}"#, false),
        (r#"{"a":[{"prefix":{"equals-ignore-case":""}}]}"#, r#"{"a":null}"#, false),
        // Absent is what is nowhere.
        (
            r#"{"items":{"discount":[{"exists":false}]}}"#,
            r#"{"items":[{"sku":1},{"discount":2}]}"#,
            false,
        ),
        (r#"{"b":[{"exists":false}]}"#, r#"{"b":[{},1]}"#, false),
        (r#"{"b":[{"exists":false}]}"#, r#"{"b":[{},[]]}"#, true),
        (
            r#"{"v":{"a":[{"exists":false}],"b":[{"exists":false}]}}"#,
            r#"{"v":[{"a":1},{"b":2}]}"#,
            false,
        ),
        // But once a field has chosen an element, in that one.
        (r#"{"v":{"b":[{"exists":false}],"a":[1]}}"#, r#"{"v":[{"a":1},{"b":2}]}"#, true),
        (r#"{"v":{"b":[{"exists":false}],"a":[1]}}"#, r#"{"v":[[],[{"a":1}]]}"#, true),
        (
            r#"{"v":{"b":[{"exists":false}],"a":[1]}}"#,
            r#"{"v":[{"a":1,"b":0},{"a":1,"b":2}]}"#,
            false,
        ),
        (r#"{"v":{"b":[{"exists":false}],"a":[1]}}"#, r#"{"v":[{"a":1,"b":0},{"a":1}]}"#, true),
        (r#"{"v":[{"exists":false},"a"]}"#, r#"{"v":"a"}"#, true),
        (r#"{"v":[{"exists":false},"a"]}"#, r#"{"v":"b"}"#, false),
        // Numbers are equal by value, however large.
        (r#"{"a":[1700000000000]}"#, r#"{"a":1.7e12}"#, true),
        (r#"{"a":[123456789012]}"#, r#"{"a":123456789013}"#, false),
        (r#"{"a":[-0]}"#, r#"{"a":0.0}"#, true),
        (r#"{"a":[9007199254740993]}"#, r#"{"a":9007199254740992}"#, false),
        (r#"{"a":[123456789.123456789]}"#, r#"{"a":123456789.123456789}"#, true),
        (r#"{"a":[{"numeric":[">",0]}]}"#, r#"{"a":6000000000}"#, true),
        // Dots in names separate names.
        (r#"{"detail":{"state.status":["x"]}}"#, r#"{"detail":{"state":{"status":"x"}}}"#, true),
        (r#"{"detail":{"state":{"status":["x"]}}}"#, r#"{"detail":{"state.status":"x"}}"#, true),
        (r#"{"a":{"":["x"]}}"#, r#"{"a":{"":"x"}}"#, true),
        // The later of two fields replaces the earlier one in its clause.
        (r#"{"a":["x"],"$or":[{"a":["y"]},{"b":[1]}]}"#, r#"{"a":"y"}"#, true),
        (r#"{"a":["x"],"$or":[{"a":["y"]},{"b":[1]}]}"#, r#"{"a":"x"}"#, false),
        (r#"{"a":["x"],"$or":[{"a":["y"]},{"b":[1]}]}"#, r#"{"a":"x","b":1}"#, true),
        (r#"{"$or":[{"a":["y"]},{"b":[1]}],"a":["x"]}"#, r#"{"a":"y"}"#, false),
        (r#"{"$or":[{"a":["y"]},{"b":[1]}],"a":["x"]}"#, r#"{"a":"x"}"#, true),
        (r#"{"v":[0],"v":[1]}"#, r#"{"v":0}"#, false),
        // Objects of one name belong together, and an event's values of one name all count.
        (r#"{"a":{"b":["x"]},"a":{"c":["y"]}}"#, r#"{"a":{"b":"x","c":"y"}}"#, true),
        (r#"{"a":{"b":["x"]},"a":{"c":["y"]}}"#, r#"{"a":{"c":"y"}}"#, false),
        (r#"{"v":[0]}"#, r#"{"v":0,"v":1}"#, true),
        (r#"{"v":[1]}"#, r#"{"v":0,"v":1}"#, true),
        (r#"{"a":["x"],"a.b":["y"]}"#, r#"{"a":"x","a":{"b":"y"}}"#, true),
        // Case has two sides only in the pattern.
        (r#"{"a":[{"suffix":{"equals-ignore-case":"Σ"}}]}"#, r#"{"a":"ΑΣ"}"#, true),
        (r#"{"a":[{"equals-ignore-case":"ß"}]}"#, r#"{"a":"SS"}"#, true),
        (r#"{"a":[{"equals-ignore-case":"😀"}]}"#, r#"{"a":"\ud83d\ude00"}"#, true),
        (r#"{"a":[{"wildcard":"*b"},{"equals-ignore-case":"A"}]}"#, r#"{"a":"bA"}"#, false),
        // An address is one in every notation.
        (r#"{"a":["2001:DB8::1"]}"#, r#"{"a":"2001:db8:0::1"}"#, true),
        (r#"{"a":["10.0.0.1"]}"#, r#"{"a":"010.000.000.001"}"#, true),
        (r#"{"a":[{"exactly":"2001:DB8::1"}]}"#, r#"{"a":"2001:db8::1"}"#, false),
        (r#"{"a":[{"anything-but":"2001:DB8::1"}]}"#, r#"{"a":"2001:db8::1"}"#, true),
    ] {
        check(pattern, event, matches);
    }
}

#[test]
fn patterns_that_are_refused() {
    for (pattern, reason) in [
        ("", "Unexpected end-of-input"),
        ("[]", "Filter is not an object"),
        ("\"x\"", "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        (r#"{"source":[]}"#, "Empty arrays are not allowed"),
        (r#"{"source":{}}"#, "Empty objects are not allowed"),
        (r#"{"source":[["x"]]}"#, "Match value must be String, number, true, false, or null"),
        (r#"{"source":["x"]} x"#, "Unexpected character ('x' (code 120))"),
        (r#"{"source":["x"],}"#, "was expecting double-quote to start field name"),
        (r#"{"source":[{}]}"#, "Match expression name not found"),
        (r#"{"source":[{"prefix":"a","suffix":"b"}]}"#, "Only one key allowed in match expression"),
        (
            r#"{"source":[{"exists":true,"exists":true}]}"#,
            "Only one key allowed in match expression",
        ),
        (
            r#"{"source":[{"anything-but":"a","prefix":"b"}]}"#,
            "Too many elements in numeric expression",
        ),
        (r#"{"source":[{"regex":"a"}]}"#, "Unrecognized match type regex"),
        (r#"{"source":[{"prefix":{}}]}"#, "Prefix expression name not found"),
        (r#"{"source":[{"suffix":{"wildcard":"a"}}]}"#, "Unsupported suffix pattern: wildcard"),
        (r#"{"source":[{"exactly":1}]}"#, "exact match pattern must be a string"),
        (r#"{"source":[{"exists":"yes"}]}"#, "exists match pattern must be either true or false."),
        (r#"{"source":[{"numeric":1}]}"#, "Value of numeric must be an array."),
        (r#"{"source":[{"numeric":["=","1"]}]}"#, "Value of equals must be numeric"),
        (
            r#"{"source":[{"numeric":[">",0,"<",1,2]}]}"#,
            "Too many terms in numeric range expression",
        ),
        (
            r#"{"source":[{"numeric":["=",6000000000]}]}"#,
            "Value must be between -5.0E9 and 5.0E9, inclusive",
        ),
        (
            r#"{"source":[{"numeric":["<",123456789.123456789]}]}"#,
            "Cannot compare number : 123456789.123456789",
        ),
        (r#"{"source":[{"anything-but":1700000000000}]}"#, "Value must be between"),
        (r#"{"source":[{"anything-but":{}}]}"#, "Anything-But expression name not found"),
        (
            r#"{"source":[{"anything-but":{"cidr":"::/0"}}]}"#,
            "Unsupported anything-but pattern: cidr",
        ),
        (r#"{"source":[{"anything-but":{"prefix":""}}]}"#, "Null prefix/suffix not allowed"),
        (r#"{"source":[{"anything-but":{"suffix":["a",""]}}]}"#, "Null prefix/suffix not allowed"),
        (
            r#"{"source":[{"anything-but":{"wildcard":["a","b**"]}}]}"#,
            "Consecutive wildcard characters at pos 2",
        ),
        (r#"{"source":[{"anything-but":{"prefix":[]}}]}"#, "Empty arrays are not allowed"),
        (r#"{"source":[{"cidr":"10.0.0.1/32"}]}"#, "IPv4 mask bits must be < 32"),
        (r#"{"$or":{"a":["x"]}}"#, "It must be an Array followed with $or."),
        (r#"{"$or":["a","b"]}"#, "Only JSON object is allowed in array of $or relationship."),
        (
            r#"{"$or":[{"prefix":"a"},{"suffix":"b"}]}"#,
            "prefix is Ruler reserved fieldName which cannot be used inside $or.",
        ),
        (
            r#"{"$or":[{"a":{"regex":["x"]}},{"b":[1]}]}"#,
            "regex is Ruler reserved fieldName which cannot be used inside $or.",
        ),
        (r#"{"a":["x"],"a":"y"}"#, "\"a\" must be an object or an array"),
    ] {
        let error = Pattern::parse(pattern).unwrap_err().to_string();
        assert!(error.contains(reason), "{pattern}: {error}");
    }
    let long = format!(r#"{{"source":["{}"]}}"#, "x".repeat(2048));
    assert!(Pattern::parse(&long).is_err());
    assert!(Pattern::from_value(&serde_json::from_str(&long).unwrap()).is_err());
    let groups = |count: usize| {
        let group = |n: usize| format!(r#""g{n}":{{"$or":[{{"v":[1]}},{{"v":[2]}}]}}"#);
        format!("{{{}}}", (0..count).map(group).collect::<Vec<_>>().join(","))
    };
    assert!(Pattern::parse(&groups(9)).is_ok());
    assert_eq!(
        Pattern::parse(&groups(10)).unwrap_err().to_string(),
        "Event pattern is not valid. Reason: Or operator is producing over 1000 rule combinations"
    );
    let deep = r#"{"":"#.repeat(400) + "[1]" + &"}".repeat(400);
    assert!(Pattern::parse(&deep).is_ok());
}

/// AWS's answers, letter for letter.
#[test]
fn refusals_are_those_of_aws() {
    let placed = |reason: &str, pattern: &str, column: usize| {
        format!("{reason}\n at [Source: (String)\"{pattern}\"; line: 1, column: {column}]")
    };
    for (pattern, reason, column) in [
        (r#"{"int": 42}"#, "\"int\" must be an object or an array", 11),
        (r#"{"string": "my-value"}"#, "\"string\" must be an object or an array", 13),
        (r#"{"detail":{"v":null,"v":[1]}}"#, "\"v\" must be an object or an array", 20),
        (r#"["not", "a", "dict", "but valid json"]"#, "Filter is not an object", 2),
        ("{}", "Empty objects are not allowed", 3),
        (r#"{"resources": []}"#, "Empty arrays are not allowed", 17),
        (r#"{"my_key": [{"EXISTS": true}]}"#, "Unrecognized match type EXISTS", 28),
        (
            r#"{"detail": {"equal": [{"NUMERIC": ["=", 5]}]}}"#,
            "Unrecognized match type NUMERIC",
            36,
        ),
        (r#"{"time": [{"prefix": 123}]}"#, "prefix match pattern must be a string", 25),
        (r#"{"FileName": [{"suffix": [".png"]}]}"#, "suffix match pattern must be a string", 27),
        (r#"{"EventBusArn": [{"wildcard": 123}]}"#, "wildcard match pattern must be a string", 34),
        (r#"{"detail":{"v":[{"wildcard":"a\\"}]}}"#, "Invalid escape character at pos 2", 34),
        (
            r#"{"detail": {"ip": [{"cidr": ["bad-type"]}]}}"#,
            "prefix match pattern must be a string",
            30,
        ),
        (
            r#"{"detail": {"c-count": [{"numeric": [">", 0, ">", 0]}]}}"#,
            "Bad numeric range operator: >",
            49,
        ),
        (
            r#"{"detail": {"c-count": [{"numeric": [">", 0, "<"]}]}}"#,
            "Value of < must be numeric",
            50,
        ),
        (r#"{"detail":{"v":[{"numeric":[]}]}}"#, "Invalid member in numeric match: ]", 30),
        (
            r#"{"detail":{"v":[{"numeric":["=",1,"<",3]}]}}"#,
            "Too many elements in numeric expression",
            36,
        ),
        (
            r#"{"detail":{"v":[{"numeric":["!=",1]}]}}"#,
            "Unrecognized numeric range operator: !=",
            35,
        ),
        (r#"{"detail":{"v":[{"numeric":[">","1"]}]}}"#, "Value of > must be numeric", 34),
        (r#"{"detail":{"v":[{"numeric":[">=",1,"<=",1]}]}}"#, "Bottom must be less than top", 43),
        (r#"{"detail":{"v":[{"numeric":["=",1e309]}]}}"#, "Cannot compare number : 1e309", 39),
        (
            r#"{"detail":{"v":[{"prefix":"a","prefix":"b"}]}}"#,
            "Only one key allowed in match expression",
            41,
        ),
        (
            r#"{"detail": {"FileName": [{"anything-but": {"prefix": {"equals-ignore-case": "file"}}}]}}"#,
            "Value of anything-but must be an array or single string/number value.",
            55,
        ),
        (
            r#"{"detail": {"state": [{"anything-but": {"prefix": 123}}]}}"#,
            "prefix/suffix match pattern must be a string",
            54,
        ),
        (r#"{"$or":[]}"#, "There must have at least 2 Objects in $or relationship.", 10),
        (r#"{"$or":[1,2]}"#, "Only JSON object is allowed in array of $or relationship.", 10),
        (r#"{"$or":[{"source":["a"]},{}]}"#, "Empty objects are not allowed", 28),
        (
            r#"{"detail":{"$or":[{"nested":{"wildcard":["x"]}},{"v":["x"]}]}}"#,
            "wildcard is Ruler reserved fieldName which cannot be used inside $or.",
            42,
        ),
        (
            r#"this is valid json but not a dict"#,
            "Unrecognized token 'this': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
            5,
        ),
        (
            r#"{'bad': 'quotation'}"#,
            "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
            2,
        ),
        (
            r#"{"not": closed mark"}"#,
            "Unrecognized token 'closed': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
            15,
        ),
    ] {
        let expected =
            format!("Event pattern is not valid. Reason: {}", placed(reason, pattern, column));
        assert_eq!(Pattern::parse(pattern).unwrap_err().to_string(), expected);
    }
    // In a list, the place comes twice; of addresses and numbers that exclude, never.
    let list = r#"{"detail": {"state": [{"anything-but": {"wildcard": [123, "*/dir/*"]}}]}}"#;
    let once = placed("wildcard match pattern must be a string", list, 57);
    let twice = placed(&once, list, 57);
    for (pattern, reason) in [
        (list, twice.as_str()),
        (r#"{"detail":{"v":[{"cidr":"10.0.0.1"}]}}"#, "Malformed CIDR, one '/' required"),
        (r#"{"detail":{"v":[{"anything-but":1e309}]}}"#, "Cannot compare number : 1e309"),
    ] {
        let expected = format!("Event pattern is not valid. Reason: {reason}");
        assert_eq!(Pattern::parse(pattern).unwrap_err().to_string(), expected);
    }
    let lines = Pattern::parse("{\n  \"a\": [\"é\", {}]\n}").unwrap_err().to_string();
    assert!(lines.ends_with("line: 2, column: 16]"), "{lines}");
}
