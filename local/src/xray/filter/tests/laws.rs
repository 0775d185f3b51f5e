use std::time::Instant;

use proptest::prelude::*;

use super::{expressions::EXPRESSIONS, *};

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
