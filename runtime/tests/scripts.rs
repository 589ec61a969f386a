//! Runs the `lasti` binary on every script and compares what it prints with what CPython prints.
//!
//! Each script is a test of its own. `tests/README.md` says which folders there are and how the expectations were made.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use regex_lite::Regex;

/// Longer than any script takes on a busy machine.
const HANG: Duration = Duration::from_secs(60);

fn main() {
    let arguments = Arguments::from_args();
    let root = workspace_root();
    let known = KnownFailures::read(&root.join("tests/known_failures.txt"));
    let mut cases = Vec::new();
    cases.extend(Case::scripts(
        "examples",
        &root.join("examples"),
        &root.join("tests/expected"),
    ));
    for folder in ["scripts", "cli"] {
        let path = root.join("tests").join(folder);
        cases.extend(Case::scripts(folder, &path, &path));
    }
    let oracle = root.join("../shared/oracle");
    let oracle_cases = Case::scripts("oracle", &oracle, &oracle);
    let mut trials: Vec<Trial> = Vec::new();
    if oracle_cases.is_empty() {
        eprintln!("skipped: no folder ../shared/oracle beside the checkout");
        let skipped = Trial::test("oracle (folder not there)", || Ok(()));
        trials.push(skipped.with_ignored_flag(true));
    }
    cases.extend(oracle_cases);
    trials.extend(cases.into_iter().map(|case| {
        let expect_failure = known.contains(&case.name);
        Trial::test(case.name.clone(), move || judge(case.run(), expect_failure))
    }));
    libtest_mimic::run(&arguments, trials).exit();
}

fn judge(result: Result<(), Failed>, expect_failure: bool) -> Result<(), Failed> {
    match (result, expect_failure) {
        (Ok(()), true) => Err("passes now: take it out of tests/known_failures.txt".into()),
        (Err(_), true) => Ok(()),
        (result, false) => result,
    }
}

/// Runs as `program args… < input` in `folder`; the expectations stand in the files `expected.{out,err,code}`.
struct Case {
    name: String,
    folder: PathBuf,
    args: Vec<String>,
    input: Option<PathBuf>,
    expected: PathBuf,
}

impl Case {
    /// One case for each expectation `NAME.out`: `NAME.args` has its arguments, one a line, or else it is `NAME.py`.
    fn scripts(group: &str, folder: &Path, expected: &Path) -> Vec<Case> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        let mut paths: Vec<_> = entries
            .map(|entry| entry.expect("a readable folder").path())
            .collect();
        paths.sort();
        paths
            .iter()
            .filter_map(|path| Case::of_file(group, folder, expected, path))
            .collect()
    }

    fn of_file(group: &str, folder: &Path, expected: &Path, path: &Path) -> Option<Case> {
        let stem = path.file_stem()?.to_str()?;
        let args = match path.extension()?.to_str()? {
            "py" if folder.join(stem).with_extension("args").exists() || group == "cli" => {
                return None;
            }
            "py" => vec![format!("{stem}.py")],
            "args" => fs::read_to_string(path)
                .ok()?
                .lines()
                .map(|line| line.replace("\\n", "\n"))
                .collect(),
            _ => return None,
        };
        let input = folder.join(stem).with_extension("in");
        Some(Case {
            name: format!("{group}/{stem}"),
            folder: folder.canonicalize().ok()?,
            args,
            input: input.exists().then_some(input),
            expected: expected.join(stem),
        })
    }

    fn run(&self) -> Result<(), Failed> {
        let expected = |kind: &str| fs::read_to_string(self.expected.with_extension(kind)).ok();
        let Some(out) = expected("out") else {
            return Err(format!(
                "{} is missing",
                self.expected.with_extension("out").display()
            )
            .into());
        };
        let got = execute(self)?;
        let mut report = String::new();
        let printed = lateness_forgiven(&out, &self.mask(&got.out));
        compare("standard output", &out, &printed, &mut report);
        if let Some(err) = expected("err") {
            compare("standard error", &err, &self.mask(&got.err), &mut report);
        }
        let code =
            expected("code").map_or(0, |code| code.trim().parse().expect("a number in .code"));
        if got.code != code {
            writeln!(report, "exit code {}, expected {code}", got.code).unwrap();
        }
        if report.is_empty() {
            return Ok(());
        }
        if expected("err").is_none() && !got.err.is_empty() {
            write!(
                report,
                "it printed on standard error:\n{}",
                tail(&got.err, 30)
            )
            .unwrap();
        }
        Err(report.into())
    }

    /// What changes from run to run, and where the checkout stands.
    fn mask(&self, text: &[u8]) -> String {
        let text = String::from_utf8_lossy(text);
        let text = text
            .replace(&format!("{}/", self.folder.display()), "")
            .replace(&program(), "lasti");
        let rules = [
            ("0x[0-9a-f]+", "0xADDR"),
            ("id: [0-9]+", "id: ID"),
            (r"([0-9]+\.[0-9])[0-9] seconds", "${1}x seconds"),
            (r"(?m)^ *[0-9]+\.[0-9]{9}s +", "TIME "),
            (r"(took|late)_([mu]s)=[0-9]+", "${1}_${2}=N"),
        ];
        rules.iter().fold(text, |text, (pattern, replacement)| {
            Regex::new(pattern)
                .expect("a fixed pattern")
                .replace_all(&text, *replacement)
                .into_owned()
        })
    }
}

/// A busy machine makes scripts late, never early: seconds that are up to one above the expected ones count as those.
fn lateness_forgiven(expected: &str, got: &str) -> String {
    let seconds = Regex::new("([0-9]+\\.[0-9])x seconds").expect("a fixed pattern");
    let mut due = seconds.captures_iter(expected).map(|c| c[1].to_owned());
    let forgive = |c: &regex_lite::Captures| {
        let number = |s: &str| s.parse::<f64>().expect("digits around a point");
        match due.next() {
            Some(d) if (0.0..=1.0).contains(&(number(&c[1]) - number(&d))) => {
                format!("{d}x seconds")
            }
            _ => c[0].to_owned(),
        }
    };
    seconds.replace_all(got, forgive).into_owned()
}

struct Output {
    out: Vec<u8>,
    err: Vec<u8>,
    code: i32,
}

fn execute(case: &Case) -> Result<Output, Failed> {
    let mut command = Command::new(program());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PYTHON")
            || name.to_string_lossy().starts_with("LASTI")
        {
            command.env_remove(name);
        }
    }
    command.args(&case.args).current_dir(&case.folder);
    command
        .env("TZ", "UTC")
        .env("LC_ALL", "C.UTF-8")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_COLOR", "1");
    let variables = fs::read_to_string(case.expected.with_extension("env")).unwrap_or_default();
    command.envs(variables.lines().filter_map(|line| line.split_once('=')));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", program()))?;
    let mut stdin = child.stdin.take().expect("piped");
    let input = case
        .input
        .as_ref()
        .map(|path| fs::read(path).expect("readable input"))
        .unwrap_or_default();
    // A script that does not read its input closes the pipe early, and that is its right.
    thread::spawn(move || stdin.write_all(&input));
    let out = reader(child.stdout.take().expect("piped"));
    let err = reader(child.stderr.take().expect("piped"));
    let code = wait(&mut child);
    let (out, err) = (out.join().expect("a reader"), err.join().expect("a reader"));
    match code {
        Some(code) => Ok(Output { out, err, code }),
        None => Err(format!(
            "still running after {HANG:?}, killed\nit had printed:\n{}\nand on standard error:\n{}",
            tail(&out, 20),
            tail(&err, 20)
        )
        .into()),
    }
}

/// The exit code, or `None` when it hung.
fn wait(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    while start.elapsed() < HANG {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            // A shell's way to count: 128 and the signal.
            return status.code().or(status.signal().map(|signal| 128 + signal));
        }
        thread::sleep(Duration::from_millis(2));
    }
    child
        .kill()
        .and_then(|()| child.wait())
        .expect("a child of ours");
    None
}

fn reader(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a readable pipe");
        bytes
    })
}

/// Another interpreter can stand in, to try the expectations themselves.
fn program() -> String {
    std::env::var("SCRIPTS_INTERPRETER").unwrap_or_else(|_| env!("CARGO_BIN_EXE_lasti").to_owned())
}

fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("runtime stands in the workspace")
        .to_owned()
}

/// Names of cases that are known to fail, each followed by the reason.
struct KnownFailures(Vec<String>);

impl KnownFailures {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        let names = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_whitespace().next());
        Self(names.map(str::to_owned).collect())
    }

    fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|known| known == name)
    }
}

/// Adds a line diff to `report` when the texts differ: what they share at both ends is cut to a little context.
fn compare(what: &str, expected: &str, got: &str, report: &mut String) {
    const CONTEXT: usize = 2;
    if expected == got {
        return;
    }
    let (expected, got): (Vec<_>, Vec<_>) = (expected.lines().collect(), got.lines().collect());
    let head = expected
        .iter()
        .zip(&got)
        .take_while(|(a, b)| a == b)
        .count();
    let most = expected.len().min(got.len()) - head;
    let same_end = expected
        .iter()
        .rev()
        .zip(got.iter().rev())
        .take(most)
        .take_while(|(a, b)| a == b);
    let tail = same_end.count();
    writeln!(
        report,
        "{what} differs from line {} (- expected, + got):",
        head + 1
    )
    .unwrap();
    let start = head.saturating_sub(CONTEXT);
    let mut lines = |sign: &str, lines: &[&str]| {
        for line in lines {
            writeln!(report, "{sign} {line}").unwrap();
        }
    };
    lines(" ", &expected[start..head]);
    lines("-", &expected[head..expected.len() - tail]);
    lines("+", &got[head..got.len() - tail]);
    lines(
        " ",
        &got[got.len() - tail..got.len() - tail + tail.min(CONTEXT)],
    );
}

fn tail(text: &[u8], lines: usize) -> String {
    let text = String::from_utf8_lossy(text);
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
