//! What the compiler makes passes the verifier of foreign code objects.
use lasti_bytecode::verify::verify_all;
use lasti_compiler::{Mode, Options, compile_bytes};
use std::path::Path;

fn scripts(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            scripts(&path, found);
        } else if path.extension().is_some_and(|e| e == "py") {
            found.push(path);
        }
    }
}

#[test]
fn every_script_passes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut all = Vec::new();
    scripts(&root.join("tests"), &mut all);
    scripts(&root.join("examples"), &mut all);
    scripts(&root.join("vm/compiler/tests"), &mut all);
    let mut passed = 0;
    let mut refused = Vec::new();
    for path in all {
        let source = std::fs::read(&path).expect("a file");
        for optimize in [0, 2] {
            let options = Options {
                optimize,
                ..Options::default()
            };
            // Some are bad on purpose.
            let Ok(code) = compile_bytes(&source, "s.py", Mode::Exec, &options) else {
                continue;
            };
            match verify_all(&code) {
                Ok(()) => passed += 1,
                Err(flaw) => refused.push(format!("{}: {flaw}", path.display())),
            }
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(passed > 100, "only {passed} scripts");
}
