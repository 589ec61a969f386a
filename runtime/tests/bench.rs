//! `lasti bench` as a command: its options, and the files it writes. Figures are not judged here.
use std::path::PathBuf;
use std::process::{Command, Output};

fn lasti(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lasti"))
        .args(args)
        .output()
        .expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// A path of this test alone, in a folder that nobody checks in.
fn temporary(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn list_names_the_benches() {
    let run = lasti(&["bench", "--list"]);
    assert_eq!(run.status.code(), Some(0));
    let out = text(&run.stdout);
    for name in ["switch/1000 ", "park/100000 ", "echo/1 ", "start ", "fib "] {
        assert!(out.lines().any(|l| l.starts_with(name)), "{name} in {out}");
    }
    assert!(!out.contains("switch/1000000"));
    assert!(text(&lasti(&["bench", "--list", "--growth"]).stdout).contains("switch/1000000"));
}

#[test]
fn bad_arguments_exit_with_2() {
    for (args, message) in [
        (vec!["--fast"], "lasti bench: unknown option --fast\n"),
        (vec!["--only", "nothing"], "no bench is named `nothing'"),
        (vec!["--against"], "--against needs a value"),
        (vec!["--rounds", "many"], "`many' is not a number"),
        (
            vec!["--html", "no/such/folder/page.html"],
            "cannot write no/such/folder/page.html",
        ),
    ] {
        let run = lasti(&[&["bench"], &args[..]].concat());
        assert_eq!(run.status.code(), Some(2), "{args:?}");
        assert!(text(&run.stdout).is_empty());
        let err = text(&run.stderr);
        assert!(err.contains(message), "{args:?} printed {err}");
    }
}

#[test]
fn json_is_read_by_python_and_missing_interpreters_are_named() {
    let run = lasti(&[
        "bench",
        "--only",
        "fib",
        "--quick",
        "--rounds",
        "1",
        "--json",
        "--against",
        "no-such-python",
    ]);
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    assert!(text(&run.stderr).contains("skipped: no-such-python: not found"));
    let check = "import json, sys\n\
                 r = json.loads(sys.argv[1])\n\
                 figure, = r['figures']\n\
                 ours = figure['results']['lasti']\n\
                 assert ours['median'] == ours['min'] == ours['max'] > 0 and len(ours['samples']) == 1\n\
                 print(figure['name'], figure['unit'], r['skipped'][0]['name'], r['rounds'], r['failures'])";
    let read = lasti(&["-c", check, &text(&run.stdout)]);
    assert_eq!(
        text(&read.stdout),
        "fib/20 ms no-such-python 1 []\n",
        "{}",
        text(&read.stderr)
    );
}

#[test]
fn another_interpreter_gives_ratios_and_a_page() {
    // A copy of our own binary stands in for another interpreter.
    let other = temporary("another");
    std::fs::copy(env!("CARGO_BIN_EXE_lasti"), &other).expect("a copy");
    let page = temporary("bench.html");
    let run = lasti(&[
        "bench",
        "--only=generator,start",
        "--quick",
        "--rounds=1",
        &format!("--html={}", page.display()),
        "--against",
        &other.display().to_string(),
    ]);
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    let out = text(&run.stdout);
    let line = out
        .lines()
        .find(|l| l.starts_with("generator"))
        .expect("a line");
    assert_eq!(
        line.split_whitespace().count(),
        5,
        "name, unit, two values, ratio: {line}"
    );
    let html = std::fs::read_to_string(&page).expect("a page");
    assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"));
    assert!(html.contains("another") && html.contains("</svg>"));
    for address in ["http:", "https:", "src=", "href=", "NaN", "inf"] {
        assert!(!html.contains(address), "the page has {address}");
    }
    std::fs::remove_file(other).expect("the copy goes");
}

#[test]
fn a_bench_that_hangs_is_ended_and_fails() {
    let run = lasti(&[
        "bench",
        "--only",
        "fib",
        "--rounds",
        "1",
        "--timeout",
        "0.1",
    ]);
    // A fast machine may be done in time.
    if run.status.code() == Some(1) {
        assert!(text(&run.stdout).contains("failed: fib under lasti: took longer than 0.1 s"));
    }
}
