//! Results as a table for people and as JSON for programs.
use super::catalog;
use super::measure::{Figure, Results};
use std::fmt::Write;

/// Three digits that say something, and no more.
pub(super) fn number(x: f64) -> String {
    match x.abs() {
        a if a >= 99.95 => format!("{x:.0}"),
        a if a >= 9.995 => format!("{x:.1}"),
        _ => format!("{x:.2}"),
    }
}

/// Where and how it was measured, and what to think of it.
pub(super) fn circumstances(r: &Results) -> Vec<String> {
    let programs: Vec<_> = r
        .programs
        .iter()
        .map(|p| format!("{} ({})", p.name, p.version))
        .collect();
    let rounds = match r.rounds {
        1 => "one round".to_owned(),
        n => format!("median of {n} rounds (least … most)"),
    };
    let mut lines = vec![
        programs.join(", "),
        format!("{}, {}", r.date, r.machine),
        rounds,
    ];
    if r.programs.len() > 1 {
        lines.push(
            "×: how many times ours it takes, median of the rounds; above 1 lasti needs less"
                .into(),
        );
    }
    if cfg!(debug_assertions) {
        lines.push("this lasti is a debug build: its figures mean nothing".into());
    }
    if r.quick {
        lines.push("--quick: small sizes, good for a first look only".into());
    }
    if let Some(load) = r.load.filter(|l| *l > 0.5) {
        lines.push(format!(
            "the machine was busy when it began (load {load:.1}): trust ratios more than figures"
        ));
    }
    for (name, why) in &r.skipped {
        lines.push(format!("skipped: {name}: {why}"));
    }
    for (bench, program, why) in &r.failures {
        lines.push(format!(
            "failed: {bench} under {}: {why}",
            r.programs[*program].name
        ));
    }
    lines
}

pub(super) fn table(r: &Results) -> String {
    let mut rows: Vec<Vec<String>> = vec![vec![String::new(), String::new()]];
    for (i, program) in r.programs.iter().enumerate() {
        rows[0].push(program.name.clone());
        rows[0].push(String::new());
        if i > 0 {
            rows[0].push("×".into());
        }
    }
    for figure in &r.figures {
        let mut row = vec![figure.name.clone(), figure.unit.clone()];
        for i in 0..r.programs.len() {
            let (median, spread) = figure.summary(i).map_or_else(
                || ("–".into(), String::new()),
                |s| {
                    let spread = format!("({} … {})", number(s.min), number(s.max));
                    (number(s.median), spread)
                },
            );
            row.extend([median, if r.rounds > 1 { spread } else { String::new() }]);
            if i > 0 {
                row.push(figure.ratio(i).map_or_else(|| "–".into(), number));
            }
        }
        rows.push(row);
    }
    let columns = rows[0].len();
    let width = |c: usize| rows.iter().map(|row| row[c].chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|c| width(c).unwrap_or(0)).collect();
    let mut text = circumstances(r).join("\n") + "\n\n";
    for row in &rows {
        let mut line = String::new();
        for (c, cell) in row.iter().enumerate() {
            let room = widths[c];
            // Numbers stand at the right, names and spreads at the left.
            let number = c >= 2 && !cell.starts_with('(') && !cell.is_empty();
            let _ = match number {
                true => write!(line, "{cell:>room$}  "),
                false => write!(line, "{cell:room$}  "),
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// A string of JSON.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// Figures with all their samples, so that others can do their own statistics.
pub(super) fn json(r: &Results) -> String {
    let name = |i: usize| quoted(&r.programs[i].name);
    let programs = r.programs.iter().map(|p| {
        let (name, version) = (quoted(&p.name), quoted(&p.version));
        format!("{{\"name\": {name}, \"version\": {version}}}")
    });
    let skipped = r.skipped.iter().map(|(name, why)| {
        let (name, why) = (quoted(name), quoted(why));
        format!("{{\"name\": {name}, \"why\": {why}}}")
    });
    let failures = r.failures.iter().map(|(bench, program, why)| {
        let (bench, program, why) = (quoted(bench), name(*program), quoted(why));
        format!("{{\"bench\": {bench}, \"interpreter\": {program}, \"why\": {why}}}")
    });
    let result = |f: &Figure, i: usize| {
        let s = f.summary(i)?;
        let ratio = match f.ratio(i) {
            Some(x) if i > 0 => format!("\"ratio\": {x}, "),
            _ => String::new(),
        };
        let samples = list(f.samples[i].iter().map(f64::to_string));
        let (median, min, max) = (s.median, s.min, s.max);
        Some(format!(
            "{}: {{\"median\": {median}, \"min\": {min}, \"max\": {max}, {ratio}\"samples\": {samples}}}",
            name(i)
        ))
    };
    let figures: Vec<_> = r
        .figures
        .iter()
        .map(|f| {
            let results: Vec<_> = (0..r.programs.len()).filter_map(|i| result(f, i)).collect();
            format!(
                "    {{\"name\": {}, \"unit\": {}, \"about\": {}, \"results\": {{{}}}}}",
                quoted(&f.name),
                quoted(&f.unit),
                quoted(catalog::describe(&f.name).1),
                results.join(", ")
            )
        })
        .collect();
    format!(
        "{{\n  \"date\": {}, \"machine\": {}, \"load\": {}, \"rounds\": {}, \"quick\": {},\n  \
         \"interpreters\": {},\n  \"skipped\": {},\n  \"failures\": {},\n  \"figures\": [\n{}\n  ]\n}}\n",
        quoted(&r.date),
        quoted(&r.machine),
        r.load.map_or_else(|| "null".into(), |l| l.to_string()),
        r.rounds,
        r.quick,
        list(programs),
        list(skipped),
        list(failures),
        figures.join(",\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        assert_eq!(quoted("a\"b\\c\nd – é"), "\"a\\\"b\\\\c\\u000ad – é\"");
    }

    #[test]
    fn numbers_have_three_digits() {
        let all: Vec<_> = [1234.5, 99.96, 12.34, 9.996, 1.234, 0.005]
            .map(number)
            .into();
        assert_eq!(all, ["1234", "100", "12.3", "10.0", "1.23", "0.01"]);
    }
}
