//! The top-level modules of `local` are layers: what they use of each other is a graph without a cycle.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

/// Which modules each module uses.
type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_module_uses_one_that_uses_it() {
    let graph = graph(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let edges: usize = graph.values().map(BTreeSet::len).sum();
    assert!(graph.len() > 20 && edges > 60, "the files are read: {graph:#?}");
    if let Some(cycle) = cycle(&graph) {
        panic!("these modules of `local` are a cycle: {}", cycle.join(" -> "));
    }
}

#[test]
fn the_picture_in_the_documentation_is_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let graph = graph(&root.join("src")).unwrap();
    let picture = picture(&fs::read_to_string(root.join("../docs/architecture.md")).unwrap());
    // Modules that use no other may be used by all.
    let edges = |graph: &Graph| -> BTreeSet<(String, String)> {
        let edges =
            graph.iter().flat_map(|(from, to)| to.iter().map(|to| (from.clone(), to.clone())));
        edges.filter(|(_, to)| graph.get(to).is_some_and(|used| !used.is_empty())).collect()
    };
    let (real, drawn) = (edges(&graph), edges(&picture));
    let missing: Vec<_> = real.difference(&edges(&closure(&picture))).cloned().collect();
    let untrue: Vec<_> = drawn.difference(&edges(&closure(&graph))).cloned().collect();
    assert!(
        missing.is_empty(),
        "docs/architecture.md does not show {missing:?}; all edges: {real:?}"
    );
    assert!(untrue.is_empty(), "docs/architecture.md shows what the code does not do: {untrue:?}");
}

#[test]
fn imports_are_found_however_they_are_written() {
    let text = "
        use crate::{
            alpha::{One, two::Three},
            beta, // crate::comment
            gamma as delta,
        };
        use super::super::{epsilon, epsilon::One};
        pub(in crate::own) fn zeta(_: &crate::eta::Theta) {}
        mod tests { use super::*; }
    ";
    let module = ["own".to_owned(), "inner".to_owned()];
    let used: Vec<_> = used(text, &module).into_iter().collect();
    assert_eq!(used, ["alpha", "beta", "epsilon", "eta", "gamma", "own"]);
}

#[test]
fn a_cycle_is_named() {
    let graph = |edges: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        graph
    };
    assert_eq!(cycle(&graph(&[("a", "b"), ("a", "c"), ("b", "c")])), None);
    let found = cycle(&graph(&[("a", "b"), ("b", "c"), ("c", "d"), ("d", "b")]));
    assert_eq!(found.unwrap(), ["b", "c", "d", "b"]);
}

/// Reads all files of the library; those of the binary and of the fuzzing use it from outside.
fn graph(folder: &Path) -> io::Result<Graph> {
    let mut graph = Graph::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                open.push(entry?.path());
            }
            continue;
        }
        let module = module(path.strip_prefix(folder).unwrap_or(&path));
        let Some(top) = module.first().filter(|_| path.extension().is_some_and(|e| e == "rs"))
        else {
            continue;
        };
        let text = fs::read_to_string(&path)?;
        graph.entry(top.clone()).or_default().extend(used(&text, &module));
    }
    graph.retain(|module, _| {
        !["lib", "main", "cli", "signals", "terminal", "fuzz"].contains(&module.as_str())
    });
    let known: BTreeSet<_> = graph.keys().cloned().collect();
    for (module, used) in &mut graph {
        used.retain(|name| name != module && known.contains(name));
    }
    Ok(graph)
}

/// The flow chart of `local`'s modules: the one that begins with `stack`, of lines such as `a & b --> c & d`.
fn picture(page: &str) -> Graph {
    let chart =
        page.split("flowchart TD\n  stack").nth(1).and_then(|rest| rest.split("```").next());
    let chart = format!("  stack{}", chart.unwrap_or_default());
    let mut graph = Graph::new();
    for line in chart.lines() {
        let Some((from, to)) = line.split_once("-->") else { continue };
        for from in from.split('&') {
            let used = to.split('&').map(|name| name.trim().to_owned());
            graph.entry(from.trim().to_owned()).or_default().extend(used);
        }
    }
    graph
}

/// Each module with all that it uses through others.
fn closure(graph: &Graph) -> Graph {
    let mut closure = graph.clone();
    loop {
        let edges = |graph: &Graph| graph.values().map(BTreeSet::len).sum::<usize>();
        let before = edges(&closure);
        for (module, used) in closure.clone() {
            let further = used.iter().filter_map(|name| closure.get(name)).flatten();
            let further: Vec<_> = further.cloned().collect();
            closure.entry(module).or_default().extend(further);
        }
        if edges(&closure) == before {
            return closure;
        }
    }
}

/// `xray/filter/mod.rs` is `xray::filter`.
fn module(path: &Path) -> Vec<String> {
    let path = path.with_extension("");
    let parts = path.iter().map(|part| part.to_string_lossy().into_owned());
    parts.filter(|part| part != "mod").collect()
}

/// The top-level modules that a text names, through `crate::` or through `super::` of `module`.
fn used(text: &str, module: &[String]) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code: String = code.flat_map(|line| [line, "\n"]).collect();
    for (at, _) in code.match_indices("crate::") {
        for name in names(&code[at + "crate::".len()..]) {
            used.insert(name.to_owned());
        }
    }
    // As many steps up as the module is deep lead to the crate's root. A module within the file is one deeper, and
    // what it names so is a part of the file: the caller drops names that are no top-level modules.
    let root = "super::".repeat(module.len());
    for (at, _) in code.match_indices(&root) {
        used.extend(names(&code[at + root.len()..]).into_iter().map(str::to_owned));
    }
    used
}

/// The first names of the paths that `rest` of an import begins with: of one, or of all in its braces.
fn names(rest: &str) -> Vec<&str> {
    if rest.starts_with('{') {
        items(rest).into_iter().map(name).collect()
    } else {
        vec![name(rest)]
    }
}

fn name(path: &str) -> &str {
    let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(path.len());
    &path[..end]
}

/// What stands between the commas of the braces that `rest` begins with, whatever braces are inside.
fn items(rest: &str) -> Vec<&str> {
    let (mut items, mut depth, mut begin) = (Vec::new(), 0, 1);
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            items.extend(Some(rest[begin..at].trim()).filter(|item| !item.is_empty()));
            begin = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    items
}

/// A cycle, its first module named again at its end.
fn cycle(graph: &Graph) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    graph.keys().find_map(|module| visit(graph, module, &mut Vec::new(), &mut done))
}

fn visit(
    graph: &Graph,
    module: &str,
    path: &mut Vec<String>,
    done: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if let Some(begin) = path.iter().position(|earlier| earlier == module) {
        let round = path[begin..].iter().cloned();
        return Some(round.chain([module.to_owned()]).collect());
    }
    if done.contains(module) {
        return None;
    }
    path.push(module.to_owned());
    let used = graph.get(module).into_iter().flatten();
    let found = used.into_iter().find_map(|next| visit(graph, next, path, done));
    path.pop();
    done.insert(module.to_owned());
    found
}
