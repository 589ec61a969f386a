//! Our code objects against dumps that CPython 3.8 made (`golden/*.dump`, see `golden/dump.py`).
use std::path::Path;
use std::process::Command;

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

/// CPython 3.8's own library, where it is installed (`LASTI_PYTHON38` or `python3.8` on the path).
#[test]
fn library_is_identical() {
    let python = std::env::var("LASTI_PYTHON38").unwrap_or_else(|_| "python3.8".into());
    let script = "import asyncio, os; print(os.path.dirname(os.path.dirname(asyncio.__file__)))";
    let found = Command::new(&python).args(["-c", script]).output();
    let Some(folder) = found.ok().filter(|o| o.status.success()) else {
        println!("skipped: no CPython 3.8 here");
        return;
    };
    let folder = String::from_utf8_lossy(&folder.stdout).trim().to_owned();
    let files = [
        "asyncio/base_events.py",
        "asyncio/tasks.py",
        "collections/__init__.py",
        "enum.py",
    ];
    for file in files {
        let path = format!("{folder}/{file}");
        let output = Command::new(&python)
            .arg(golden().join("dump.py"))
            .arg(&path)
            .output()
            .expect("it just ran");
        let source = std::fs::read(&path).expect("part of the library");
        let expected = String::from_utf8_lossy(&output.stdout);
        let ours = dump::dump_source(&source, &path);
        compare(file, &expected, &ours);
    }
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
