//! `lasti bench`: what the scheduler and the engine cost on this machine, beside other interpreters.
//!
//! - `options.rs`: the command line.
//! - `catalog.rs`: the benches, and what their figures mean.
//! - `process.rs`: one interpreter running one script, with a time limit.
//! - `measure.rs`: rounds, interleaved over the interpreters.
//! - `report.rs`, `html.rs`: the results as a table, JSON, and a page.
//!
//! Each measurement is a process of its own that runs a script of `examples/bench/` and prints figures; nothing here
//! reaches into the interpreter, so that it measures what users run. A bench is a line in `catalog.rs` and a script.
#![forbid(unsafe_code)]

mod catalog;
mod html;
mod measure;
mod options;
mod process;
mod report;

use options::{Options, Request};
use std::fs::File;
use std::io::Write;

/// Runs `lasti bench ARGS` and gives the exit code: 1 when a bench of ours failed, 2 for bad arguments.
pub(crate) fn main(args: &[String]) -> i32 {
    let options = match options::parse(args) {
        Ok(Request::Run(o)) => o,
        Ok(Request::Print(text)) => {
            print(&text);
            return 0;
        }
        Err(message) => {
            eprintln!("lasti bench: {message}\nTry `lasti bench --help' for more information.");
            return 2;
        }
    };
    // A page that cannot be written is better told before minutes of measuring.
    let page = match options.html.as_ref().map(File::create).transpose() {
        Ok(f) => f,
        Err(e) => {
            let name = options.html.unwrap_or_default();
            eprintln!("lasti bench: cannot write {name}: {e}");
            return 2;
        }
    };
    run(&options, page)
}

fn run(options: &Options, page: Option<File>) -> i32 {
    let results = match measure::run(options) {
        Ok(r) => r,
        Err(message) => {
            eprintln!("lasti bench: {message}");
            return 1;
        }
    };
    if options.json {
        print(&report::json(&results));
    } else {
        print(&report::table(&results));
    }
    let mut code = i32::from(results.ours_failed());
    if let (Some(mut file), Some(name)) = (page, &options.html) {
        match file.write_all(html::page(&results).as_bytes()) {
            Ok(()) => eprintln!("written: {name}"),
            Err(e) => {
                eprintln!("lasti bench: cannot write {name}: {e}");
                code = 1;
            }
        }
    }
    code
}

/// A reader that has seen enough closes the pipe, and that is its right.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
