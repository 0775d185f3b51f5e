use std::{
    fs,
    path::{Path, PathBuf},
};

/// The project's own template.
pub fn template_path() -> PathBuf {
    workspace().join("infra/template.yaml")
}

/// The project's own template after `change`, which gets its text.
pub fn changed_template(folder: &Path, change: impl Fn(String) -> String) -> PathBuf {
    let root = workspace();
    let text = fs::read_to_string(template_path()).expect("the template is there");
    // Its paths are relative to its folder.
    let text = text.replace("CodeUri: ..", &format!("CodeUri: {}", root.display()));
    let changed = change(text.clone());
    assert_ne!(changed, text, "the change changes something");
    let path = folder.join("template.yaml");
    fs::write(&path, changed).expect("the folder can be written to");
    path
}

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}
