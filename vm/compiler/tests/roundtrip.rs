//! Marshalling: what is written reads back equal, and no damaged bytes make the reader panic.
use lasti_bytecode::marshal;
use lasti_compiler::{Mode, Options, compile};

const SOURCE: &str = include_str!("golden/sample.py");

#[test]
fn reads_back_equal() {
    let code = compile(SOURCE, "sample.py", Mode::Exec, &Options::default()).expect("compiles");
    let bytes = marshal::dump(&code);
    let again = marshal::load(&bytes, "sample.py").expect("loads");
    assert_eq!(format!("{code:?}"), format!("{again:?}"));
}

#[test]
fn damage_is_an_error_or_harmless() {
    let code = compile(SOURCE, "sample.py", Mode::Exec, &Options::default()).expect("compiles");
    let bytes = marshal::dump(&code);
    for cut in (0..bytes.len()).step_by(7) {
        assert!(marshal::load(&bytes[..cut], "x").is_err());
    }
    for at in (0..bytes.len()).step_by(3) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0xff;
        let _ = marshal::load(&damaged, "x");
    }
}
