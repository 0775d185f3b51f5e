use super::Pattern;

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
        (r#"{"source":[123456789.123456789]}"#, "Cannot compare number : 123456789.123456789"),
        (r#"{"source":[9007199254740993]}"#, "Cannot compare number"),
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
            "this is valid json but not a dict",
            "Unrecognized token 'this': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
            5,
        ),
        (
            "{'bad': 'quotation'}",
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
