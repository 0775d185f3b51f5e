/// Whether `text` begins with `wanted`, whatever the case; what is left of `text` behind it.
///
/// Each character of the pattern stands for itself, its lower and its upper case, with Unicode's full
/// mappings: `ß` matches `SS`. The event's characters are not folded, so `ß` does not match `ss`
/// (recorded from EventBridge).
pub(super) fn strip_prefix<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
    wanted.chars().try_fold(text, |text, character| {
        text.strip_prefix(character)
            .or_else(|| strip_all(text, character.to_lowercase()))
            .or_else(|| strip_all(text, character.to_uppercase()))
    })
}

/// The same from the end.
pub(super) fn strip_suffix<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
    let strip = |text: &'a str, character: char| text.strip_suffix(character);
    wanted.chars().rev().try_fold(text, |text, character| {
        strip(text, character)
            .or_else(|| character.to_lowercase().rev().try_fold(text, strip))
            .or_else(|| character.to_uppercase().rev().try_fold(text, strip))
    })
}

/// Whether `text` equals `wanted`, whatever the case.
pub(super) fn equals(text: &str, wanted: &str) -> bool {
    strip_prefix(text, wanted).is_some_and(str::is_empty)
}

fn strip_all(text: &str, mut characters: impl Iterator<Item = char>) -> Option<&str> {
    characters.try_fold(text, |text: &str, character| text.strip_prefix(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_s_characters_stand_for_both_their_cases() {
        for (pattern, text, equal) in [
            ("image.png", "Image.PNG", true),
            ("ß", "ß", true),
            ("ß", "SS", true),
            ("ß", "ss", false),
            ("Straße", "STRASSE", true),
            ("ﬀ", "FF", true),
            ("İ", "i", false),
            ("İ", "i\u{307}", true),
            ("ΐ", "\u{399}\u{308}\u{301}", true),
            ("K", "\u{212a}", false),
            ("S", "ſ", false),
            ("Σ", "σ", true),
            ("Σ", "ς", false),
            ("😀", "😀", true),
            ("𐐀", "𐐨", true),
            ("ǅ", "ǅ", true),
            ("", "", true),
            ("", "a", false),
            ("a", "", false),
        ] {
            assert_eq!(equals(text, pattern), equal, "{pattern} {text}");
        }
        assert_eq!(strip_prefix("SSabc", "ß"), Some("abc"));
        assert_eq!(strip_suffix("abcSS", "ß"), Some("abc"));
        assert_eq!(strip_suffix("abcss", "ß"), None);
        assert_eq!(strip_suffix("ΑΣ", "Σ"), Some("Α"));
    }
}
