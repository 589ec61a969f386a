//! Errors and their places against CPython's.
#[path = "common/table.rs"]
mod table;

/// Compares rows, at least `least` of them, of which the first `skip` cells are remarks.
fn check(rows: &str, skip: usize, least: usize) {
    assert!(rows.lines().count() >= least, "the table lost its rows");
    let mut wrong = Vec::new();
    for line in rows.lines() {
        let expected = table::row(line).split_off(skip);
        let ours = table::ours(&expected);
        if ours != expected {
            wrong.push(format!("{expected:?}\n  got {:?}", &ours[2..]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn as_cpython() {
    check(include_str!("golden/errors.jsonl"), 0, 800);
}

#[test]
fn as_cpython_314() {
    check(include_str!("golden/errors_314.jsonl"), 1, 15);
}
