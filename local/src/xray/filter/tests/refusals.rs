use super::*;

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
        ("duration = \"slow\"", 1, 12, "and a number"),
        ("http.status = \"200\"", 1, 15, "without double quotes"),
        ("ok AND http.status != \" 200\"", 1, 23, "and a number"),
        ("responsetime > \"1.5\"", 1, 16, "without double quotes"),
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
        ("source.annotation[k] = 1", 1, 1, "inside of edge"),
        ("service() { ok destination.annotation.k }", 1, 16, "inside of edge"),
        ("edge() { service() { source.annotation.k } }", 1, 22, "inside of edge"),
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
