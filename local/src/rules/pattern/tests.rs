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
        (r#"{"a":[9007199254740992]}"#, r#"{"a":9007199254740993}"#, false),
        (r#"{"a":[123456789.12345679]}"#, r#"{"a":123456789.12345679}"#, true),
        (r#"{"a":[{"numeric":[">",0]}]}"#, r#"{"a":6000000000}"#, true),
        // Dots in names separate names.
        (r#"{"detail":{"state.status":["x"]}}"#, r#"{"detail":{"state":{"status":"x"}}}"#, true),
        (r#"{"detail":{"state":{"status":["x"]}}}"#, r#"{"detail":{"state.status":"x"}}"#, true),
        (r#"{"a":{"":["x"]}}"#, r#"{"a":{"":"x"}}"#, true),
        (r#"{"":{"v":[1]}}"#, r#"{"":{"v":1}}"#, true),
        (r#"{"":{"v":[1]}}"#, r#"{"v":1}"#, false),
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
