use super::*;

fn at(text: &str) -> DateTime<Utc> {
    format!("{text}Z").parse().unwrap()
}

#[test]
fn rates() {
    for (text, seconds) in [
        ("rate(1 minute)", 60),
        ("rate(5 minutes)", 300),
        ("rate(1 hour)", 3_600),
        ("rate(12 hours)", 43_200),
        ("rate(1 day)", 86_400),
        ("rate(30 days)", 2_592_000),
    ] {
        let expression: Expression = text.parse().unwrap();
        let start = at("2026-11-25T03:00:00");
        assert_eq!(expression.next(start), Some(start + TimeDelta::seconds(seconds)), "{text}");
        assert_eq!(expression.to_string(), text);
    }
}

#[test]
fn cron_expressions_and_when_they_are_due() {
    // 2026-11-25 is a Wednesday.
    let start = at("2026-11-25T03:00:00");
    for (text, next) in [
        // The examples of AWS's page.
        ("cron(0 10 * * ? *)", Some("2026-11-25T10:00:00")),
        ("cron(15 12 * * ? *)", Some("2026-11-25T12:15:00")),
        ("cron(0 18 ? * MON-FRI *)", Some("2026-11-25T18:00:00")),
        ("cron(0 8 1 * ? *)", Some("2026-12-01T08:00:00")),
        ("cron(0/10 * ? * MON-FRI *)", Some("2026-11-25T03:10:00")),
        ("cron(0/5 8-17 ? * MON-FRI *)", Some("2026-11-25T08:00:00")),
        ("cron(0 9 ? * 2#1 *)", Some("2026-12-07T09:00:00")),
        // Every field.
        ("cron(0 3 25 11 ? 2026)", None),
        ("cron(0 3 25 11 ? *)", Some("2027-11-25T03:00:00")),
        ("cron(30,15 3 * * ? *)", Some("2026-11-25T03:15:00")),
        ("cron(* * * * ? *)", Some("2026-11-25T03:01:00")),
        ("cron(0 0 L * ? *)", Some("2026-11-30T00:00:00")),
        ("cron(0 0 LW * ? *)", Some("2026-11-30T00:00:00")),
        ("cron(0 0 ? * 6L *)", Some("2026-11-27T00:00:00")),
        ("cron(0 0 ? * L *)", Some("2026-11-28T00:00:00")),
        ("cron(0 0 ? * FRI-MON *)", Some("2026-11-27T00:00:00")),
        // The 28th is a Saturday, the 29th a Sunday, 2027-05-01 a Saturday, 2027-10-31 a Sunday.
        ("cron(0 0 28W * ? *)", Some("2026-11-27T00:00:00")),
        ("cron(0 0 29W * ? *)", Some("2026-11-30T00:00:00")),
        ("cron(0 0 1W 5 ? *)", Some("2027-05-03T00:00:00")),
        ("cron(0 0 31W 10 ? 2027)", Some("2027-10-29T00:00:00")),
        ("cron(0 0 29 2 ? *)", Some("2028-02-29T00:00:00")),
        ("cron(0 0 31 feb ? *)", None),
        ("cron(0 0 1 JAN ? 2030-2031)", Some("2030-01-01T00:00:00")),
        ("cron(0 0/6 * * ? *)", Some("2026-11-25T06:00:00")),
    ] {
        let expression: Expression = text.parse().unwrap();
        assert_eq!(expression.next(start), next.map(at), "{text}");
    }
}

#[test]
fn expressions_that_are_refused() {
    for text in [
        "",
        "5 minutes",
        "rate()",
        "rate(5)",
        "rate(0 minutes)",
        "rate(-1 minutes)",
        "rate(1.5 hours)",
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(5 weeks)",
        "rate(5 minutes",
        "cron(0 10 * * *)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(60 10 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 0 32 * ? *)",
        "cron(0 0 ? * 8 *)",
        "cron(0 0 ? * 0 *)",
        "cron(0 0 1 13 ? *)",
        "cron(0 0 1 1 ? 2200)",
        "cron(5-1 0 1 1 ? *)",
        "cron(0/0 0 1 1 ? *)",
        "cron(0 0 ? * 2#6 *)",
        "cron(x 0 1 1 ? *)",
        "at(2026-11-25T03:00:00)",
    ] {
        assert!(text.parse::<Expression>().is_err(), "{text}");
    }
}
