//! `errors FILE...`: the compile error of each file as `Kind|message|line|offset|end line|end offset`, or OK.
use lasti_compiler::{ErrorKind, Mode, Options, compile_bytes};

fn main() {
    for path in std::env::args().skip(1) {
        let source = match std::fs::read(&path) {
            Ok(source) => source,
            Err(error) => {
                println!("{path}: {error}");
                continue;
            }
        };
        match compile_bytes(&source, "f.py", Mode::Exec, &Options::default()) {
            Ok(_) => println!("OK"),
            Err(e) => {
                let kind = match e.kind {
                    ErrorKind::Syntax => "SyntaxError",
                    ErrorKind::Indentation => "IndentationError",
                    ErrorKind::Tab => "TabError",
                    ErrorKind::Value => "ValueError",
                    ErrorKind::Recursion => "RecursionError",
                    ErrorKind::Memory => "MemoryError",
                    ErrorKind::Incomplete => "_IncompleteInputError",
                    ErrorKind::Overflow => "OverflowError",
                };
                println!(
                    "{kind}|{}|{}|{}|{}|{}",
                    e.msg, e.lineno, e.offset, e.end_lineno, e.end_offset
                );
            }
        }
    }
}
