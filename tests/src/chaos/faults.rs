/// How many of a hundred faults of a service are of which kind.
const KINDS: [(&str, &[(&str, f64)]); 5] = [
    (
        "dynamodb",
        &[
            ("throttle", 22.0),
            ("error", 18.0),
            ("reset", 10.0),
            ("lost", 20.0),
            ("hang(2500)", 3.0),
            ("delay(300)", 12.0),
            ("kill-before", 7.0),
            ("kill-after", 8.0),
        ],
    ),
    (
        "events",
        &[
            ("throttle", 15.0),
            ("error", 15.0),
            ("reset", 8.0),
            ("lost", 14.0),
            ("hang(2500)", 3.0),
            ("delay(300)", 10.0),
            ("partial", 15.0),
            ("duplicate", 10.0),
            ("kill-before", 5.0),
            ("kill-after", 5.0),
        ],
    ),
    (
        "sns",
        &[
            ("throttle", 20.0),
            ("error", 15.0),
            ("reset", 10.0),
            ("lost", 25.0),
            ("hang(2500)", 5.0),
            ("delay(300)", 10.0),
            ("kill-before", 5.0),
            ("kill-after", 10.0),
        ],
    ),
    ("lambda:Invoke", &[("duplicate", 100.0)]),
    ("apigateway:POST", &[("throttle", 40.0), ("error", 20.0), ("lost", 40.0)]),
];

/// Faults of all kinds, so that `percent` of the calls of each service meet one.
pub(super) fn mix(percent: f64) -> Vec<String> {
    let mut faults = Vec::new();
    if percent > 0.0 {
        for (service, kinds) in KINDS {
            // A call meets the first fault that applies, so each is asked only for what those before it left.
            let mut left = 1.0;
            for (kind, share) in kinds {
                let share = percent / 100.0 * share / 100.0;
                faults.push(format!("{service}={kind}@{}%", share / left * 100.0));
                left -= share;
            }
        }
    }
    faults
}
