use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Each module, and the modules that it imports from, tests aside.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let modules = files.filter(|path| path.extension().is_some_and(|kind| kind == "rs"));
    let code: BTreeMap<_, _> = modules
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(path).unwrap();
            (name, text.split("#[cfg(test)]").next().unwrap().to_owned())
        })
        .filter(|(name, _)| !["lib", "imports"].contains(&name.as_str()))
        .collect();
    let imported = |text: &String| {
        let paths = text.split("crate::").skip(1).map(|rest| rest.split(';').next().unwrap());
        let modules = paths.flat_map(|path| {
            let words = path.split(|c: char| !c.is_ascii_lowercase() && c != '_');
            let modules: Vec<_> = words.filter(|word| code.contains_key(*word)).collect();
            assert!(!modules.is_empty(), "`crate::{path}` names the module that it imports from");
            modules
        });
        modules.map(str::to_owned).collect()
    };
    code.iter().map(|(name, text)| (name.clone(), imported(text))).collect()
}

#[test]
fn modules_have_no_cyclic_imports() {
    let mut imports = imports();
    assert!(imports.len() > 15, "{imports:?}");
    // Remove the modules that import none of the others, until there are no such modules.
    loop {
        let (before, names) = (imports.len(), imports.keys().cloned().collect());
        imports.retain(|_, imported| !imported.is_disjoint(&names));
        if imports.len() == before {
            break;
        }
    }
    assert!(imports.is_empty(), "a cycle is among the imports of {imports:#?}");
}
