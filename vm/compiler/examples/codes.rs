//! `codes FILE...` or `codes --list LIST`: prints every code object as `tests/golden/dump.py` does under CPython 3.8.
use std::io::Write;

#[path = "../tests/common/dump.rs"]
mod dump;

fn main() -> std::io::Result<()> {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, list] = &files[..]
        && flag == "--list"
    {
        files = std::fs::read_to_string(list)?
            .split_whitespace()
            .map(str::to_owned)
            .collect();
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for path in files {
        let bytes = std::fs::read(&path)?;
        out.write_all(dump::dump_source(&bytes, &path).as_bytes())?;
    }
    out.flush()
}
