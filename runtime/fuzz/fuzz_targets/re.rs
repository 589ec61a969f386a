//! Patterns and subjects of `re`, split at the first 0 byte. Patterns are short, since matching may take exponential time.
#![no_main]

lasti_runtime_fuzz::target!(
    r#"
import re
def target(data):
    pattern, _, subject = data.partition(b"\0")
    pattern, subject = pattern[:24], subject[:24]
    if pattern.count(b"*") + pattern.count(b"+") + pattern.count(b"{") > 3: return
    for p, s in (pattern, subject), (pattern.decode("utf-8", "replace"), subject.decode("utf-8", "replace")):
        r = re.compile(p)
        r.findall(s)
        r.fullmatch(s)
        r.sub(p[:0], s)
"#
);
