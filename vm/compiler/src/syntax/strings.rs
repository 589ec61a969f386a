//! String literals: what their text may hold, and the fields of f-strings.
use super::node::What;
use super::parser::{Parser, R, Rule};
use crate::scan::{Kind, Token};

impl Parser<'_> {
    pub fn strings(&mut self) -> R {
        self.kept(Rule::Strings, |p| {
            let from = p.mark;
            p.bad(Self::invalid_mix);
            let (mut bytes, mut texts, mut formatted) = (0, 0, 0);
            let parts = p.many(|p| {
                if let Some(t) = p.kind(Kind::String) {
                    let is_bytes = p.string_prefix(t).contains(['b', 'B']);
                    *(if is_bytes { &mut bytes } else { &mut texts }) += 1;
                    p.check_string(t);
                    return Some(());
                }
                p.fstring(false)?;
                formatted += 1;
                Some(())
            });
            if parts.is_empty() {
                p.some(|p| p.fstring(true))?;
                return p.node(What::TString, from, Vec::new());
            }
            if bytes > 0 && texts + formatted > 0 {
                p.raise_last("cannot mix bytes and nonbytes literals");
                return None;
            }
            let what = if formatted > 0 {
                What::FString
            } else {
                What::Literal
            };
            p.node(what, from, Vec::new())
        })
    }

    fn invalid_mix(&mut self) -> R {
        let msg = "cannot mix t-string literals with string or bytes literals";
        for template in [true, false] {
            self.bad(|p| {
                let plain = |p: &mut Self| {
                    let t = p.token()?;
                    if t.kind == Kind::String {
                        p.mark += 1;
                        return Some(p.leaf(What::Literal, t));
                    }
                    p.fstring(false)
                };
                let (all, b) = if template {
                    (p.some(plain)?, p.fstring(true)?)
                } else {
                    (p.some(|p| p.fstring(true))?, plain(p)?)
                };
                p.raise_range(*all.last()?, b, msg);
                Some(())
            });
        }
        None
    }

    fn string_prefix(&self, t: Token) -> &str {
        let text = self.text_of(t);
        &text[..text.find(['"', '\'']).unwrap_or(0)]
    }

    /// The text of a plain literal has to be one that its escapes can be decoded in.
    fn check_string(&mut self, t: Token) {
        let text = self.text_of(t);
        let prefix = self.string_prefix(t);
        let body = &text[prefix.len()..];
        let width = if body.starts_with("\"\"\"") || body.starts_with("'''") {
            3
        } else {
            1
        };
        let body = body
            .get(width..body.len().saturating_sub(width))
            .unwrap_or("");
        let raw = prefix.contains(['r', 'R']);
        if prefix.contains(['b', 'B']) {
            if !body.is_ascii() {
                let msg = "bytes can only contain ASCII literal characters";
                self.raise_token(t, msg, false);
            } else if !raw && let Some(at) = bad_byte_escape(body) {
                let msg = format!("(value error) invalid \\x escape at position {at}");
                self.raise_last(msg);
            }
        } else if !raw && let Some(msg) = bad_escape(body) {
            self.raise_last(msg);
        }
    }

    // f-strings and t-strings.

    fn fstring(&mut self, template: bool) -> R {
        self.alt(|p| {
            let from = p.mark;
            let start = p.kind(Kind::FStart(template))?;
            let raw = p.text_of(start).contains(['r', 'R']);
            let mut texts = Vec::new();
            p.many(|p| {
                if p.field(template, raw).is_some() {
                    return Some(());
                }
                texts.push(p.kind(Kind::FMiddle(template))?);
                Some(())
            });
            p.kind(Kind::FEnd(template))?;
            for t in texts {
                p.check_middle(t, raw);
            }
            p.node(What::FString, from, Vec::new())
        })
    }

    fn check_middle(&mut self, t: Token, raw: bool) {
        if !raw && let Some(msg) = bad_escape(self.text_of(t)) {
            self.raise_last(msg);
        }
    }

    fn field(&mut self, template: bool, raw: bool) -> R {
        let valid = self.alt(|p| {
            p.deeper(|p| {
                p.word("{")?;
                p.right_side()?;
                p.word("=");
                let flag = p.alt(|p| p.conversion(template));
                p.alt(|p| {
                    p.word(":")?;
                    p.spec(template, raw);
                    Some(())
                });
                p.word("}")?;
                if let Some(flag) = flag {
                    p.check_conversion(template, flag);
                }
                p.done()
            })
        });
        if valid.is_none() {
            self.bad(|p| p.invalid_field(template, raw));
        }
        valid
    }

    fn spec(&mut self, template: bool, raw: bool) {
        self.many(|p| {
            if let Some(t) = p.kind(Kind::FMiddle(template)) {
                p.check_middle(t, raw);
                return Some(());
            }
            p.field(template, raw).map(|_| ())
        });
    }

    fn conversion(&mut self, template: bool) -> Option<Token> {
        let from = self.mark;
        let mark = self.word("!")?;
        let name = self.kind(Kind::Name)?;
        let word = if template { "t-string" } else { "f-string" };
        let all = self.node(What::Other, from, Vec::new())?;
        if mark.end != name.start {
            let msg = "conversion type must come right after the exclamation mark";
            self.raise_node(all, format!("{word}: {msg}"));
        }
        Some(name)
    }

    fn check_conversion(&mut self, template: bool, name: Token) {
        let word = if template { "t-string" } else { "f-string" };
        let given = self.text_of(name);
        if !matches!(given, "s" | "r" | "a") {
            let msg = format!(
                "{word}: invalid conversion character '{given}': expected 's', 'r', or 'a'"
            );
            self.raise_token(name, msg, false);
        }
    }

    fn invalid_field(&mut self, template: bool, raw: bool) -> R {
        let word = if template { "t-string" } else { "f-string" };
        let brace = |p: &mut Self| p.word("{");
        for first in ["=", "!", ":", "}"] {
            self.bad(|p| {
                brace(p)?;
                let t = p.word(first)?;
                let msg = format!("{word}: valid expression required before '{first}'");
                p.raise_token(t, msg, false);
                Some(())
            });
        }
        self.bad(|p| {
            brace(p)?;
            p.not(Self::right_side)?;
            p.raise_next(format!("{word}: expecting a valid expression after '{{'"));
            Some(())
        });
        self.bad(|p| {
            brace(p)?;
            p.right_side()?;
            p.not(|p| p.any_word(&["=", "!", ":", "}"]))?;
            p.raise_next(format!("{word}: expecting '=', or '!', or ':', or '}}'"));
            Some(())
        });
        self.bad(|p| {
            brace(p)?;
            p.right_side()?;
            p.word("=")?;
            p.not(|p| p.any_word(&["!", ":", "}"]))?;
            p.raise_next(format!("{word}: expecting '!', or ':', or '}}'"));
            Some(())
        });
        self.bad(|p| {
            brace(p)?;
            p.right_side()?;
            p.word("=");
            p.word("!")?;
            if p.look(|p| p.any_word(&[":", "}"])) {
                p.raise_next(format!("{word}: missing conversion character"));
            }
            p.not(|p| p.kind(Kind::Name))?;
            p.raise_next(format!("{word}: invalid conversion character"));
            Some(())
        });
        let head = |p: &mut Self| {
            brace(p)?;
            p.right_side()?;
            p.word("=");
            p.alt(|p| {
                p.word("!")?;
                p.name()
            });
            Some(())
        };
        self.bad(|p| {
            head(p)?;
            p.not(|p| p.any_word(&[":", "}"]))?;
            p.raise_next(format!("{word}: expecting ':' or '}}'"));
            Some(())
        });
        self.bad(|p| {
            head(p)?;
            p.word(":")?;
            p.spec(template, raw);
            p.not(|p| p.word("}"))?;
            p.raise_next(format!("{word}: expecting '}}', or format specs"));
            Some(())
        });
        self.bad(|p| {
            head(p)?;
            p.not(|p| p.word("}"))?;
            p.raise_next(format!("{word}: expecting '}}'"));
            Some(())
        });
        None
    }
}

/// Where the first bad `\x` of a bytes literal stands.
fn bad_byte_escape(body: &str) -> Option<usize> {
    let bytes = body.as_bytes();
    let mut i = 0;
    while i + 1 < bytes.len() {
        if bytes[i] != b'\\' {
            i += 1;
            continue;
        }
        if bytes[i + 1] == b'x' {
            let digits = bytes[i + 2..].iter().take(2);
            if digits.take_while(|b| b.is_ascii_hexdigit()).count() < 2 {
                return Some(i);
            }
        }
        i += 2;
    }
    None
}

/// Describes the first escape that cannot be decoded. Positions count as in the text that CPython hands to its
/// decoder, where characters outside ASCII are escapes of ten bytes.
fn bad_escape(body: &str) -> Option<String> {
    if !body.contains('\\') {
        return None;
    }
    let mut text = String::with_capacity(body.len());
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                text.push('\\');
                match chars.peek() {
                    Some(c) if c.is_ascii() => text.extend(chars.next()),
                    _ => text.push_str("u005c"),
                }
            }
            c if c.is_ascii() => text.push(c),
            c => text.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] != b'\\' {
            i += 1;
            continue;
        }
        let start = i;
        let Some(&kind) = bytes.get(i + 1) else {
            return Some(undecodable(start, start, "\\ at end of string"));
        };
        i += 2;
        let digits = match kind {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            b'N' => {
                match named_escape(&text, start) {
                    Ok(end) => i = end,
                    Err(msg) => return Some(msg),
                }
                continue;
            }
            _ => continue,
        };
        let found = bytes[i..]
            .iter()
            .take(digits)
            .take_while(|b| b.is_ascii_hexdigit())
            .count();
        if found < digits {
            let shape = format!(
                "truncated \\{}{} escape",
                char::from(kind),
                "X".repeat(digits)
            );
            return Some(undecodable(start, i + found - 1, &shape));
        }
        i += digits;
        if u32::from_str_radix(&text[i - digits..i], 16).is_ok_and(|c| c > 0x10_ffff) {
            return Some(undecodable(start, i - 1, "illegal Unicode character"));
        }
    }
    None
}

/// The end of a `\\N{...}`.
fn named_escape(text: &str, start: usize) -> Result<usize, String> {
    let malformed = "malformed \\N character escape";
    let rest = &text[start + 2..];
    let Some(inner) = rest.strip_prefix('{') else {
        return Err(undecodable(start, start + 1, malformed));
    };
    match inner.find('}') {
        None => Err(undecodable(start, text.len() - 1, malformed)),
        Some(0) => Err(undecodable(start, start + 2, malformed)),
        Some(n) => {
            let end = start + 3 + n;
            if unicode_names2::character(&inner[..n]).is_none() {
                return Err(undecodable(start, end, "unknown Unicode character name"));
            }
            Ok(end + 1)
        }
    }
}

fn undecodable(start: usize, end: usize, what: &str) -> String {
    let place = if end <= start {
        format!("byte 0x5c in position {start}")
    } else {
        format!("bytes in position {start}-{end}")
    };
    format!("(unicode error) 'unicodeescape' codec can't decode {place}: {what}")
}
