use std::{fs, str};

use proptest::{prop_assert, prop_assert_eq};
use tempfile::TempDir;

use super::Target;
use crate::{
    logs::{Entry, Logs, Source},
    rules::Pattern,
    template,
    trace_header::{TraceHeader, is_trace_id},
};

#[test]
fn fuzz_trace_headers() {
    let words = &["Root=", "Parent=", "Sampled=", "Self=", "Lineage=", "?", "1-", "5759e988", "|"];
    Target { name: "trace_headers", words, share: 1 }.run(|input| {
        let Ok(text) = str::from_utf8(input) else { return Ok(()) };
        let Some(header) = TraceHeader::parse(text) else { return Ok(()) };
        let written = header.to_string();
        prop_assert!(is_trace_id(&header.root));
        // It fits into an entry of `PutEvents`, and can be a header.
        prop_assert!(written.len() <= 500, "{} characters", written.len());
        prop_assert!(
            written.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '),
            "{written:?}"
        );
        prop_assert_eq!(TraceHeader::parse(&written), Some(header));
        Ok(())
    });
}

#[test]
fn fuzz_patterns() {
    let words = &[
        "{\"exists\":false}",
        "{\"prefix\":",
        "{\"suffix\":",
        "{\"anything-but\":",
        "{\"numeric\":[\">\",",
        "{\"cidr\":\"::/0\"}",
        "{\"wildcard\":\"*",
        "{\"equals-ignore-case\":",
        "\"$or\":[",
        "{\"exactly\":",
        "\"detail\":",
        "\\*",
        "**",
        "a.b",
    ];
    Target { name: "patterns", words, share: 1 }.run(|input| {
        let Ok(text) = str::from_utf8(input) else { return Ok(()) };
        let (pattern, event) = text.split_once('\n').unwrap_or((text, ""));
        match Pattern::parse(pattern) {
            Ok(parsed) => {
                // The same pattern says the same of the same event.
                let again = Pattern::parse(pattern);
                prop_assert_eq!(
                    again.map(|again| again.matches(event)).ok(),
                    Some(parsed.matches(event))
                );
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        Ok(())
    });
}

#[test]
fn fuzz_templates() {
    let words = &[
        "!Ref ",
        "!Sub '${",
        "!GetAtt ",
        "!If [",
        "!Join ['', [",
        "Fn::Select:",
        "Properties:",
        "Condition: ",
        "- ",
        "  ",
        "&a ",
        "*a",
        "? ",
        "| ",
        ">-\n",
        "'",
        "#",
        "!!int ",
        "<<: ",
        "Type: ",
        "AWS::NoValue",
        "cron(",
        "rate(",
        "Tracing: Active\n",
    ];
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("template.yaml");
    Target { name: "templates", words, share: 1 }.run(|input| {
        fs::write(&path, input).unwrap();
        if let Err(error) = template::load(&path, &[]) {
            let message = error.to_string();
            prop_assert!(message.contains("template.yaml"), "{message}");
        }
        Ok(())
    });
}

#[test]
fn fuzz_output() {
    let words = &[
        "\"message\":",
        "\"timestamp\":",
        "\"_aws\":",
        "\"level\":",
        "\x1b]0;",
        "\u{9b}",
        "\u{85}",
        "\\n",
        "\\u001b",
    ];
    let source = Source {
        function: "pay".to_owned(),
        request_id: Some("r".to_owned()),
        trace_id: Some("t".to_owned()),
    };
    Target { name: "output", words, share: 1 }.run(|input| {
        let logs = Logs::new(|entry| {
            let Entry::Line(line) = entry else { return };
            let shown = line.to_string();
            let obeyed = |character: char| character.is_control() && character != '\t';
            assert!(!shown.contains(obeyed), "{shown:?}");
        });
        for line in String::from_utf8_lossy(input).lines() {
            logs.add(&source, line);
        }
        for line in logs.lines(|_| true) {
            prop_assert_eq!(line.function, "pay");
            prop_assert_eq!(
                (line.request_id.as_deref(), line.trace_id.as_deref()),
                (Some("r"), Some("t"))
            );
        }
        Ok(())
    });
}
