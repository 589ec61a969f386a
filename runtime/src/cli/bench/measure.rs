//! Rounds: every interpreter in turn in each, so that what else the machine does falls on all of them alike.
use super::catalog::{Bench, Kind};
use super::options::Options;
use super::process::Program;
use std::io::{IsTerminal, Write};

/// The starts of which a round of the start-up bench takes the median.
const STARTS: usize = 5;

/// Everything that was found out.
pub(super) struct Results {
    pub date: String,
    pub machine: String,
    pub load: Option<f64>,
    pub rounds: usize,
    pub quick: bool,
    /// Ours is the first.
    pub programs: Vec<Program>,
    pub figures: Vec<Figure>,
    /// Interpreters that could not take part, and why.
    pub skipped: Vec<(String, String)>,
    /// Bench, index of the program, and what went wrong.
    pub failures: Vec<(String, usize, String)>,
}

/// One quantity, with a sample for each round of each program.
pub(super) struct Figure {
    pub name: String,
    pub unit: String,
    /// By index of the program; empty where it could not be measured.
    pub samples: Vec<Vec<f64>>,
}

/// A median and the least and the most.
#[derive(Clone, Copy)]
pub(super) struct Summary {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Figure {
    pub fn summary(&self, program: usize) -> Option<Summary> {
        let s = &self.samples[program];
        Some(Summary {
            median: median(s)?,
            min: s.iter().copied().reduce(f64::min)?,
            max: s.iter().copied().reduce(f64::max)?,
        })
    }

    /// How many times ours the program takes: the median over the rounds, each with what ran beside it.
    pub fn ratio(&self, program: usize) -> Option<f64> {
        let ours = self.samples[0].iter();
        let ratios: Vec<f64> = ours
            .zip(&self.samples[program])
            .filter(|(ours, _)| **ours > 0.0)
            .map(|(ours, other)| other / ours)
            .collect();
        median(&ratios)
    }
}

impl Results {
    pub fn ours_failed(&self) -> bool {
        self.failures.iter().any(|(_, program, _)| *program == 0)
    }
}

fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 0 => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
        _ => Some(sorted[middle]),
    }
}

pub(super) fn run(options: &Options) -> Result<Results, String> {
    let mut results = Results {
        date: chrono::Utc::now().format("%Y-%m-%d %H:%M UTC").to_string(),
        machine: machine(),
        load: load(),
        rounds: options.rounds,
        quick: options.quick,
        programs: vec![Program::ourselves()?],
        figures: Vec::new(),
        skipped: Vec::new(),
        failures: Vec::new(),
    };
    for name in &options.against {
        match Program::probe(name, options.timeout) {
            Ok(mut p) => {
                // The folder tells two of one name apart.
                if results.programs.iter().any(|other| other.name == p.name) {
                    p.name.clone_from(name);
                }
                results.programs.push(p);
            }
            Err(why) => {
                eprintln!("skipped: {name}: {why}");
                results.skipped.push((name.clone(), why));
            }
        }
    }
    let mut progress = Progress::new(options.benches.len());
    for bench in &options.benches {
        progress.bench += 1;
        measure(bench, options, &mut results, &mut progress);
    }
    progress.clear();
    Ok(results)
}

/// All rounds of one bench. A program that fails is left out of the rounds that follow.
fn measure(bench: &Bench, options: &Options, results: &mut Results, progress: &mut Progress) {
    let programs = results.programs.len();
    let mut failed = vec![false; programs];
    // The first is to warm up: the files are in memory, the processor is awake.
    let warm_up = usize::from(!options.quick);
    for round in 0..warm_up + options.rounds {
        for turn in 0..programs {
            // No program is always the first or after the same other one.
            let index = (turn + round) % programs;
            if failed[index] {
                continue;
            }
            let program = &results.programs[index];
            let what = match round.checked_sub(warm_up) {
                Some(n) => format!("round {} of {}", n + 1, options.rounds),
                None => "warming up".into(),
            };
            progress.show(
                &bench.name,
                &format!("{what}, {}", program.name),
                round == 0 && turn == 0,
            );
            match once(bench, program, index == 0, options) {
                Ok(figures) if round >= warm_up => {
                    for (name, value, unit) in figures {
                        add(&mut results.figures, programs, index, name, value, unit);
                    }
                }
                Ok(_) => {}
                Err(why) => {
                    progress.clear();
                    eprintln!("failed: {} under {}: {why}", bench.name, program.name);
                    failed[index] = true;
                    results.failures.push((bench.name.clone(), index, why));
                }
            }
        }
    }
}

fn add(
    all: &mut Vec<Figure>,
    programs: usize,
    index: usize,
    name: String,
    value: f64,
    unit: String,
) {
    let at = all.iter().position(|f| f.name == name).unwrap_or_else(|| {
        let samples = vec![Vec::new(); programs];
        all.push(Figure {
            name,
            unit,
            samples,
        });
        all.len() - 1
    });
    all[at].samples[index].push(value);
}

/// One round of one program.
fn once(
    bench: &Bench,
    program: &Program,
    ours: bool,
    options: &Options,
) -> Result<Vec<(String, f64, String)>, String> {
    let run = |variable| program.run(bench.script, &bench.args, variable, options.timeout);
    match bench.kind {
        Kind::Figures => figures(&run(None)?.out),
        Kind::FreeLists => {
            let mut all = figures(&run(None)?.out)?;
            if ours {
                let off = figures(&run(Some(("LASTI_FREELIST", "0")))?.out)?;
                all.extend(
                    off.into_iter()
                        .map(|(name, value, unit)| (name + "/no_free_lists", value, unit)),
                );
            }
            Ok(all)
        }
        Kind::StartUp => {
            let mut starts = Vec::new();
            for _ in 0..STARTS {
                starts.push(run(None)?.took.as_secs_f64() * 1e3);
            }
            let value = median(&starts).ok_or("nothing measured")?;
            Ok(vec![(bench.name.clone(), value, "ms".into())])
        }
    }
}

/// The lines `name value unit` that a script printed.
fn figures(out: &str) -> Result<Vec<(String, f64, String)>, String> {
    let figure = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, value, unit] = words[..] else {
            return None;
        };
        let value = value.parse().ok().filter(|v: &f64| v.is_finite())?;
        Some((name.to_owned(), value, unit.to_owned()))
    };
    let all: Option<Vec<_>> = out.lines().map(figure).collect();
    all.filter(|f| !f.is_empty())
        .ok_or_else(|| format!("printed no figures: {out:?}"))
}

/// What is being measured, on standard error: one line that changes, or a line for each bench where it is no terminal.
struct Progress {
    bench: usize,
    benches: usize,
    terminal: bool,
}

impl Progress {
    fn new(benches: usize) -> Progress {
        Progress {
            bench: 0,
            benches,
            terminal: std::io::stderr().is_terminal(),
        }
    }
    fn show(&self, bench: &str, what: &str, first: bool) {
        let mut err = std::io::stderr();
        let _ = if self.terminal {
            write!(
                err,
                "\r\x1b[K[{}/{}] {bench}: {what}",
                self.bench, self.benches
            )
        } else if first {
            writeln!(err, "[{}/{}] {bench}", self.bench, self.benches)
        } else {
            Ok(())
        };
    }
    fn clear(&self) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|l| l.strip_prefix("model name")?.split_once(": "))
        .map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    format!("{}, {cores} × {model}", std::env::consts::OS)
}

/// How many processes wanted to run, on average over the last minute.
fn load() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_paired_ratios() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        // The second round was slow for both; the ratio does not notice.
        let figure = Figure {
            name: "f".into(),
            unit: "ns".into(),
            samples: vec![vec![1.0, 10.0, 1.0], vec![2.0, 20.0, 2.0], vec![]],
        };
        assert_eq!(figure.ratio(1), Some(2.0));
        assert_eq!(figure.ratio(2), None);
    }

    #[test]
    fn figures_are_read_from_lines() {
        let read = figures("a/1 2.5 ns\nb 1 B\n").expect("two figures");
        assert_eq!(read[0], ("a/1".into(), 2.5, "ns".into()));
        assert_eq!(read.len(), 2);
        assert!(figures("").is_err());
        assert!(figures("hello").is_err());
        assert!(figures("a nan ns").is_err());
    }
}
