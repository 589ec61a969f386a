//! Tables of sources and CPython's errors: one JSON array a line (see `golden/errors.py`).
use lasti_compiler::{ErrorKind, Mode, Options, compile};

/// A cell of a row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cell {
    Null,
    Int(i64),
    Text(String),
}

/// The cells of one line.
pub fn row(line: &str) -> Vec<Cell> {
    let mut rest = line.trim().trim_start_matches('[').trim_end_matches(']');
    let mut cells = Vec::new();
    while !rest.is_empty() {
        let cell;
        if let Some(text) = rest.strip_prefix('"') {
            let (value, behind) = string(text);
            (cell, rest) = (Cell::Text(value), behind);
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            cell = match &rest[..end] {
                "null" => Cell::Null,
                number => Cell::Int(number.parse().expect("a number")),
            };
            rest = &rest[end..];
        }
        cells.push(cell);
        rest = rest.trim_start_matches([',', ' ']);
    }
    cells
}

/// A JSON string behind its opening quote, and what follows it.
fn string(text: &str) -> (String, &str) {
    let mut units: Vec<u16> = Vec::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (String::from_utf16_lossy(&units), &text[at + 1..]),
            '\\' => match chars.next().expect("an escape").1 {
                'n' => units.push(10),
                't' => units.push(9),
                'r' => units.push(13),
                'b' => units.push(8),
                'f' => units.push(12),
                'u' => {
                    let hex: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    units.push(u16::from_str_radix(&hex, 16).expect("hexadecimal"));
                }
                c => units.push(c as u16),
            },
            c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
        }
    }
    panic!("no end of string: {text}");
}

/// What the compiler says of a row's source, as a row.
pub fn ours(row: &[Cell]) -> Vec<Cell> {
    let [Cell::Text(mode), Cell::Text(source), ..] = row else {
        panic!("mode and source: {row:?}");
    };
    let mode_ = match &**mode {
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        _ => Mode::Exec,
    };
    let mut out = row[..2].to_vec();
    let text = |t: &str| Cell::Text(t.to_owned());
    let Err(e) = compile(source, "f.py", mode_, &Options::default()) else {
        out.push(text("OK"));
        return out;
    };
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
    out.extend([text(kind), text(&e.msg)]);
    if !matches!(kind, "SyntaxError" | "IndentationError" | "TabError") {
        return out;
    }
    let number = |n: u32| Cell::Int(if n == u32::MAX { -1 } else { n.into() });
    out.extend([e.lineno, e.offset, e.end_lineno].map(number));
    out.push(e.end_offset.map_or(Cell::Null, number));
    out.push(e.text.as_deref().map_or(Cell::Null, text));
    out
}
