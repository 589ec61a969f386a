//! The arguments of `lasti bench`.
use super::catalog::{self, Bench};
use std::time::Duration;

const USAGE: &str = "\
usage: lasti bench [option] ...
Measures what tasks, timers, locks, generators and calls cost on this machine.
--against PYTHON  also measure this interpreter, round by round in turn, and print ratios; a name or a path,
                  `+uvloop' at its end for uvloop's event loop; may be given several times
--only NAME,...   only these benches, by name (switch/1000) or group (switch)
--growth          also how the cost of a task and a timer grows from 10 of them to 1,000,000
--quick           fewer rounds and smaller sizes, to see that it works
--rounds N        how often each bench runs (7, with --quick 3)
--timeout SECONDS for each process (120)
--json            print JSON in place of the table
--html FILE       also write a page with charts
--list            print the benches and what they measure
-h, --help        print this
Each figure is the median of the rounds, each a process of its own, with the least and the most beside it.
";

pub(super) struct Options {
    pub benches: Vec<Bench>,
    pub against: Vec<String>,
    pub quick: bool,
    pub rounds: usize,
    pub timeout: Duration,
    pub json: bool,
    pub html: Option<String>,
}

/// What the command line asks for.
pub(super) enum Request {
    Run(Options),
    Print(String),
}

pub(super) fn parse(args: &[String]) -> Result<Request, String> {
    let mut against: Vec<String> = Vec::new();
    let mut only: Vec<String> = Vec::new();
    let (mut growth, mut quick, mut json, mut list) = (false, false, false, false);
    let (mut rounds, mut timeout, mut html) = (None, 120.0, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let (name, mut given) = match arg.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
            _ => (&arg[..], None),
        };
        let mut value = || {
            given
                .take()
                .or_else(|| args.next().cloned())
                .filter(|v| !v.is_empty())
                .ok_or_else(|| format!("{name} needs a value"))
        };
        match name {
            "--against" => {
                let program = value()?;
                if !against.contains(&program) {
                    against.push(program);
                }
            }
            "--only" => only.extend(value()?.split(',').map(|n| n.trim().to_owned())),
            "--html" => html = Some(value()?),
            "--rounds" => {
                let text = value()?;
                let n = text.parse().ok().filter(|n| (1..=1000).contains(n));
                rounds =
                    Some(n.ok_or_else(|| {
                        format!("--rounds: `{text}' is not a number from 1 to 1000")
                    })?);
            }
            "--timeout" => {
                let text = value()?;
                let n = text.parse().ok().filter(|n| (0.1..=86_400.0).contains(n));
                timeout =
                    n.ok_or_else(|| format!("--timeout: `{text}' is not a number of seconds"))?;
            }
            "--growth" => growth = true,
            "--quick" => quick = true,
            "--json" => json = true,
            "--list" => list = true,
            "-h" | "--help" => return Ok(Request::Print(USAGE.into())),
            other if other.starts_with('-') => return Err(format!("unknown option {other}")),
            other => return Err(format!("unexpected argument `{other}'")),
        }
        if given.is_some() {
            return Err(format!("{name} takes no value"));
        }
    }
    let benches = chosen(catalog::benches(growth, quick), &only)?;
    if list {
        return Ok(Request::Print(listing(&benches)));
    }
    Ok(Request::Run(Options {
        benches,
        against,
        quick,
        rounds: rounds.unwrap_or(if quick { 3 } else { 7 }),
        timeout: Duration::from_secs_f64(timeout),
        json,
        html,
    }))
}

fn chosen(all: Vec<Bench>, only: &[String]) -> Result<Vec<Bench>, String> {
    if only.is_empty() {
        return Ok(all);
    }
    let matches = |b: &Bench, name: &str| b.name == name || b.group() == name;
    if let Some(unknown) = only.iter().find(|n| !all.iter().any(|b| matches(b, n))) {
        return Err(format!(
            "no bench is named `{unknown}' (see lasti bench --list, with --growth for those of the growth curves)"
        ));
    }
    Ok(all
        .into_iter()
        .filter(|b| only.iter().any(|n| matches(b, n)))
        .collect())
}

fn listing(benches: &[Bench]) -> String {
    let width = benches.iter().map(|b| b.name.len()).max().unwrap_or(0);
    let script = |b: &Bench| format!("{} {}", b.script.name, b.args.join(" "));
    benches
        .iter()
        .map(|b| {
            let line = format!("{:width$}  {}  [{}", b.name, b.about, script(b));
            format!("{}]\n", line.trim_end())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: &str) -> String {
        let args: Vec<_> = line.split(' ').map(str::to_owned).collect();
        match parse(&args) {
            Err(message) => message,
            Ok(_) => panic!("{line}: accepted"),
        }
    }

    #[test]
    fn bad_arguments_are_named() {
        assert_eq!(error("--fast"), "unknown option --fast");
        assert_eq!(error("fib"), "unexpected argument `fib'");
        assert_eq!(error("--json --against"), "--against needs a value");
        assert_eq!(error("--json=yes"), "--json takes no value");
        assert!(error("--rounds 0").contains("`0' is not a number"));
        assert!(error("--timeout nan").contains("`nan' is not a number"));
        assert!(error("--only fib,nothing").contains("`nothing'"));
    }

    #[test]
    fn groups_and_names_choose() {
        let names = |line: &str| {
            let args: Vec<_> = line.split(' ').map(str::to_owned).collect();
            match parse(&args) {
                Ok(Request::Run(o)) => o.benches.into_iter().map(|b| b.name).collect::<Vec<_>>(),
                _ => panic!("{line}: nothing to run"),
            }
        };
        assert_eq!(
            names("--only switch,fib"),
            ["switch/1", "switch/1000", "switch/100000", "fib"]
        );
        assert_eq!(names("--growth --only=switch/1000000"), ["switch/1000000"]);
    }
}
