//! Error texts and lines against CPython's (`golden/errors.txt`).
use lasti_compiler::{ErrorKind, Mode, Options, compile};

#[test]
fn worded_as_cpython() {
    let text = include_str!("golden/errors.txt");
    let cases = text.split_once('\n').expect("a first line").1;
    let mut wrong = Vec::new();
    for case in cases.split("===\n").filter(|c| !c.is_empty()) {
        let (source, expected) = case.rsplit_once("--- ").expect("source and expectation");
        let ours = match compile(source, "f.py", Mode::Exec, &Options::default()) {
            Ok(_) => "OK".to_owned(),
            Err(e) => {
                let kind = match e.kind {
                    ErrorKind::Indentation => "IndentationError",
                    ErrorKind::Tab => "TabError",
                    _ => "SyntaxError",
                };
                format!("{kind}|{}|{}", e.msg, e.lineno)
            }
        };
        if ours != expected.trim_end() {
            wrong.push(format!("{source}  expected {expected}  got {ours}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
