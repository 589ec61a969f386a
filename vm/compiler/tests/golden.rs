//! Our code objects against dumps that CPython 3.8 made (`golden/*.dump`, see `golden/dump.py`). `tests/compare_38.sh` compares with
//! an installed 3.8.
use std::path::Path;

#[path = "common/dump.rs"]
mod dump;

fn golden() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn compare(name: &str, expected: &str, ours: &str) {
    for (theirs, ours) in expected.lines().zip(ours.lines()) {
        assert_eq!(
            theirs, ours,
            "{name}: a code object differs from CPython 3.8's"
        );
    }
    assert_eq!(
        expected.lines().count(),
        ours.lines().count(),
        "{name}: number of code objects"
    );
}

#[test]
fn samples_are_identical() {
    let mut seen = 0;
    for entry in std::fs::read_dir(golden()).expect("the folder is there") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|e| e != "dump") {
            continue;
        }
        let source = std::fs::read(path.with_extension("py")).expect("the sample beside its dump");
        let name = path.with_extension("py");
        let name = name
            .file_name()
            .and_then(|n| n.to_str())
            .expect("plain names");
        let expected = std::fs::read_to_string(&path).expect("a dump");
        compare(name, &expected, &dump::dump_source(&source, name));
        seen += 1;
    }
    assert!(seen > 0);
}

/// `dis.dis` of CPython 3.8 over the sample, addresses masked:
/// `python3.8 -c "import dis; dis.dis(compile(open('sample.py').read(), 'sample.py', 'exec'))"
/// | sed 's/ at 0x[0-9a-f]*//' > sample.dis`
#[test]
fn disassembly_is_identical() {
    let source = std::fs::read_to_string(golden().join("sample.py")).expect("the sample");
    let expected = std::fs::read_to_string(golden().join("sample.dis")).expect("its disassembly");
    let options = lasti_compiler::Options::default();
    let code = lasti_compiler::compile(&source, "sample.py", lasti_compiler::Mode::Exec, &options)
        .expect("compiles");
    let ours = mask(&lasti_bytecode::dis::dis(&code));
    for (n, (theirs, ours)) in expected.lines().zip(ours.lines()).enumerate() {
        assert_eq!(theirs, ours, "line {}", n + 1);
    }
    assert_eq!(expected.lines().count(), ours.lines().count());
}

/// Drops ` at 0x...`.
fn mask(text: &str) -> String {
    let mut parts = text.split(" at 0x");
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    out
}
