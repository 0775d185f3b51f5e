/// Whether `text` matches `pattern`, in which `*` stands for any run of characters and `?` for one.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<_>, Vec<_>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stands, and how far it reaches so far.
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, reached)) => {
                    star = Some((at, reached + 1));
                    (p, t) = (at + 1, reached + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, text, does) in [
            ("dynamodb:PutItem", "dynamodb:PutItem", true),
            ("dynamodb:*", "dynamodb:PutItem", true),
            ("dynamodb:*Item", "dynamodb:PutItem", true),
            ("dynamodb:*Item", "dynamodb:Query", false),
            ("arn:aws:sqs:*:*:a-?", "arn:aws:sqs:us-east-1:000000000000:a-1", true),
            ("a?", "a", false),
            ("*", "", true),
            ("", "a", false),
            ("*ab*ab", "aabab", true),
            ("*ab", "aba", false),
        ] {
            assert_eq!(matches(pattern, text), does, "{pattern} {text}");
        }
    }
}
