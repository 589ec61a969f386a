//! `mutate LIST SECONDS [SEED]`: compiles damaged copies of the files named in LIST and reports panics, inputs that take
//! unreasonably long, and memory beyond all proportion. A crash leaves its input in `mutate-last.bin`.
use lasti_compiler::{Mode, Options, compile_bytes};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Pieces that grammars trip over.
const PIECES: &[&str] = &[
    "(", ")", "[", "]", "{", "}", "'", "\"", "'''", "\"\"\"", "\\", "\n", "\r", "\t", " ", "    ", ":", ";", ",", ".", "...",
    "=", ":=", "->", "@", "*", "**", "#", "f'", "f\"{", "t'{", "rb'", "u'", "!r", "{x!r:>{y}}", "lambda", "lambda: ", "async ",
    "await ", "yield ", "yield from ", "match ", "case ", "type ", "class ", "def ", "if ", "else", "elif ", "for ", "in ",
    "while ", "try:", "except ", "except* ", "finally:", "with ", "import ", "from ", "global ", "nonlocal ", "return ",
    "break", "continue", "pass", "del ", "raise ", "assert ", "not ", "is ", "None", "True", "__debug__", "0x", "1_0", "1e999",
    "0b2", "9999999999999999999999", "1j", "\0", "\u{feff}", "\u{c}", "é", "\u{1d54f}", "\u{2028}", "\\N{DIGIT ONE}", "\\ud800",
    "print ", "exec ", "<>", "$", "?", "!", "`", "# coding: latin-1\n", "from __future__ import annotations\n", "[T]", "[*Ts]",
];

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let [_, list, seconds, ..] = &args[..] else {
        eprintln!("usage: mutate LIST SECONDS [SEED]");
        return Ok(());
    };
    let seed = args.get(3).and_then(|s| s.parse().ok()).unwrap_or(1);
    let limit = Duration::from_secs(seconds.parse().unwrap_or(60));
    let names = std::fs::read_to_string(list)?;
    let files: Vec<Vec<u8>> = names
        .split_whitespace()
        .map(std::fs::read)
        .collect::<Result<_, _>>()?;
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
    let started = Instant::now();
    let (mut inputs, mut accepted, mut failures) = (0u64, 0u64, 0u64);
    let mut peak = peak_memory();
    let mut slowest = Duration::ZERO;
    while started.elapsed() < limit {
        let source = damaged(&files, &mut random);
        std::fs::write("mutate-last.bin", &source)?;
        let mode = [Mode::Exec, Mode::Exec, Mode::Exec, Mode::Eval, Mode::Single][random.below(5)];
        let options = Options {
            allow_top_level_await: random.below(4) == 0,
            allow_incomplete_input: random.below(8) == 0,
            ..Options::default()
        };
        let begin = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| {
            compile_bytes(&source, "x.py", mode, &options).is_ok()
        }));
        let took = begin.elapsed();
        slowest = slowest.max(took);
        inputs += 1;
        let now = peak_memory();
        let why = match result {
            Err(_) => Some("panic"),
            Ok(_) if took > Duration::from_millis(500 + source.len() as u64 / 50) => Some("slow"),
            Ok(_) if now > peak + 64 * 1024 + source.len() / 4 => Some("memory"),
            Ok(fine) => {
                accepted += u64::from(fine);
                None
            }
        };
        peak = peak.max(now);
        if let Some(why) = why {
            failures += 1;
            let name = format!("mutate-{why}-{seed}-{failures}.py");
            std::fs::write(&name, &source)?;
            println!("{why}: {name} ({} bytes, {took:?}, {now} KiB)", source.len());
        }
    }
    std::fs::remove_file("mutate-last.bin")?;
    println!(
        "{inputs} inputs ({accepted} compiled), {failures} failures, slowest {slowest:?}, peak {peak} KiB"
    );
    Ok(())
}

/// A piece of some file with a few places changed.
fn damaged(files: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let file = &files[random.below(files.len())];
    let mut out = if random.below(3) == 0 || file.len() < 200 {
        file.clone()
    } else {
        // Small inputs are quicker, so more is tried.
        let size = 100 + random.below(4000);
        let from = random.below(file.len().saturating_sub(size).max(1));
        file[from..(from + size).min(file.len())].to_vec()
    };
    for _ in 0..1 + random.below(8) {
        let at = random.below(out.len() + 1);
        let piece = PIECES[random.below(PIECES.len())].as_bytes();
        match random.below(9) {
            0 => drop(out.splice(at..at, piece.iter().copied())),
            1 => drop(out.drain(at..(at + random.below(40)).min(out.len()))),
            2 if at < out.len() => out[at] = random.below(256) as u8,
            3 => drop(out.splice(at..(at + piece.len()).min(out.len()), piece.iter().copied())),
            4 => {
                let many = piece.repeat(1 + random.below(400));
                out.splice(at..at, many);
            }
            5 => {
                let other = &files[random.below(files.len())];
                let from = random.below(other.len().max(1)).min(other.len());
                let part = other[from..(from + random.below(300)).min(other.len())].to_vec();
                out.splice(at..at, part);
            }
            6 => out.truncate(at),
            7 => {
                let end = (at + random.below(200)).min(out.len());
                let copy = out[at..end].to_vec();
                let to = random.below(out.len() + 1);
                out.splice(to..to, copy);
            }
            _ => drop(out.splice(at..at, piece.iter().copied())),
        }
    }
    out
}

/// KiB that the process ever held; 0 where the system does not say.
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:"));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}
