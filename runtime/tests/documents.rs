//! What the documents name exists: every path in backticks of the project's own pages, and an opening line in every Rust file.
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Endings that make a word without a slash a file's name.
const ENDINGS: [&str; 5] = [".rs", ".py", ".md", ".toml", ".jsonl"];

/// Every file and folder of the project, relative to its root, with `/` in front.
fn all_paths() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root()).expect("below the root");
            let name = format!("/{}", name.display());
            if path.is_dir() && !name.ends_with("/target") && name != "/.git" {
                folders.push(path);
            }
            found.push(name);
        }
    }
    found
}

/// `a/{b,c}` as `a/b` and `a/c`.
fn expand(word: &str) -> Vec<String> {
    match word.split_once('{').zip(word.split_once('}')) {
        Some(((before, _), (inner, after))) => {
            let inner = inner.rsplit('{').next().unwrap_or_default();
            inner
                .split(',')
                .map(|part| format!("{before}{part}{after}"))
                .collect()
        }
        None => vec![word.to_owned()],
    }
}

/// The words in backticks that look like paths of the project.
fn named_paths(text: &str) -> Vec<String> {
    let mut inside_block = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside_block = !inside_block;
            continue;
        }
        if inside_block {
            continue;
        }
        for word in line.split('`').skip(1).step_by(2) {
            let plain = |c: char| c.is_ascii_alphanumeric() || "_-./{},".contains(c);
            let looks_like_a_path = word.chars().all(plain)
                && (word.trim_matches('/').contains('/')
                    || ENDINGS
                        .iter()
                        .any(|e| word.len() > e.len() && word.ends_with(e)));
            // Upper case stands for something (`_library_NAME`); a leading slash is the system's.
            if looks_like_a_path && !word.starts_with('/') {
                found.extend(expand(word.trim_end_matches('/')));
            }
        }
    }
    found
}

#[test]
fn paths_in_documents_exist() {
    let all = all_paths();
    let mut missing = Vec::new();
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"] {
        let Ok(text) = std::fs::read_to_string(root().join(page)) else {
            continue;
        };
        for path in named_paths(&text) {
            let end = format!("/{path}");
            if !all.iter().any(|known| known.ends_with(&end)) {
                missing.push(format!("{page}: {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "no such files:\n{}", missing.join("\n"));
}

#[test]
fn rust_files_open_with_their_purpose() {
    let silent: Vec<String> = all_paths()
        .into_iter()
        .filter(|name| name.ends_with(".rs"))
        .filter(|name| {
            let text = std::fs::read_to_string(root().join(&name[1..])).expect("a Rust file");
            !text.starts_with("//!")
        })
        .collect();
    assert!(
        silent.is_empty(),
        "no //! at the top:\n{}",
        silent.join("\n")
    );
}
