//! Damaged code objects that pass the verifier are run: none may crash the interpreter.
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Where a damaged program never ends, it is left behind after this time.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn damaged_code_that_passes_the_verifier_does_not_crash() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/forged_code.py");
    let mut passed = 0;
    for seed in 0..6 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lasti"))
            .args([script, &seed.to_string(), "1500"])
            .env("PYTHONWARNINGS", "ignore")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("lasti starts");
        let begin = Instant::now();
        let status = loop {
            match child.try_wait().expect("a child") {
                Some(status) => break Some(status),
                None if begin.elapsed() > PATIENCE => {
                    child.kill().expect("a child");
                    child.wait().expect("a child");
                    break None;
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        let Some(status) = status else { continue };
        let mut text = String::new();
        let mut out = child.stdout.take().expect("a pipe");
        out.read_to_string(&mut text).expect("text");
        assert!(status.success(), "seed {seed}: {status}");
        let count = text.split_whitespace().last();
        passed += count.and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
    }
    assert!(passed > 100, "only {passed} ran");
}
