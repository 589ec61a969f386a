//! Text of annotations for `from __future__ import annotations`.

/// An annotation's source with line breaks and runs of blanks (outside literals) as one space.
pub fn annotation_text(source: &str) -> String {
    if !source.contains(['\n', '\t', '#']) {
        return source.to_owned();
    }
    let mut out = String::with_capacity(source.len());
    for line in source.lines() {
        let line = line.trim();
        let line = if line.starts_with('#') { "" } else { line };
        if !out.is_empty()
            && !line.is_empty()
            && !out.ends_with(['(', '['])
            && !line.starts_with([')', ']'])
        {
            out.push(' ');
        }
        out.push_str(line);
    }
    out
}
