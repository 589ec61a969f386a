//! String literals: what their text may hold, and the fields of f-strings.
use super::node::ExprKind;
use super::parser::{Parsed, Parser, Rule};
use crate::scan::{Token, TokenKind};

impl Parser<'_> {
    pub fn strings(&mut self) -> Parsed {
        self.memoized(Rule::Strings, |p| {
            let from = p.mark;
            p.invalid_rule(Self::invalid_mix);
            let (mut bytes, mut texts, mut formatted) = (0, 0, 0);
            let parts = p.many0(|p| {
                if let Some(t) = p.expect_kind(TokenKind::String) {
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
                p.many1(|p| p.fstring(true))?;
                return p.node(ExprKind::TString, from, Vec::new());
            }
            if bytes > 0 && texts + formatted > 0 {
                p.raise_last("cannot mix bytes and nonbytes literals");
                return None;
            }
            let what = if formatted > 0 {
                ExprKind::FString
            } else {
                ExprKind::Literal
            };
            p.node(what, from, Vec::new())
        })
    }

    fn invalid_mix(&mut self) -> Parsed {
        let msg = "cannot mix t-string literals with string or bytes literals";
        for template in [true, false] {
            self.invalid_rule(|p| {
                let plain = |p: &mut Self| {
                    let t = p.peek()?;
                    if t.kind == TokenKind::String {
                        p.mark += 1;
                        return Some(p.leaf(ExprKind::Literal, t));
                    }
                    p.fstring(false)
                };
                let (all, b) = if template {
                    (p.many1(plain)?, p.fstring(true)?)
                } else {
                    (p.many1(|p| p.fstring(true))?, plain(p)?)
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

    fn fstring(&mut self, template: bool) -> Parsed {
        self.attempt(|p| {
            let from = p.mark;
            let start = p.expect_kind(TokenKind::FStart(template))?;
            let raw = p.text_of(start).contains(['r', 'R']);
            let mut texts = Vec::new();
            p.many0(|p| {
                if p.field(template, raw).is_some() {
                    return Some(());
                }
                texts.push(p.expect_kind(TokenKind::FMiddle(template))?);
                Some(())
            });
            p.expect_kind(TokenKind::FEnd(template))?;
            for t in texts {
                p.check_middle(t, raw);
            }
            p.node(ExprKind::FString, from, Vec::new())
        })
    }

    fn check_middle(&mut self, t: Token, raw: bool) {
        if !raw && let Some(msg) = bad_escape(self.text_of(t)) {
            self.raise_last(msg);
        }
    }

    fn field(&mut self, template: bool, raw: bool) -> Parsed {
        let valid = self.attempt(|p| {
            p.nested(|p| {
                p.expect("{")?;
                p.right_side()?;
                p.expect("=");
                let flag = p.attempt(|p| p.conversion(template));
                p.attempt(|p| {
                    p.expect(":")?;
                    p.spec(template, raw);
                    Some(())
                });
                p.expect("}")?;
                if let Some(flag) = flag {
                    p.check_conversion(template, flag);
                }
                p.unit()
            })
        });
        if valid.is_none() {
            self.invalid_rule(|p| p.invalid_field(template, raw));
        }
        valid
    }

    fn spec(&mut self, template: bool, raw: bool) {
        self.many0(|p| {
            if let Some(t) = p.expect_kind(TokenKind::FMiddle(template)) {
                p.check_middle(t, raw);
                return Some(());
            }
            p.field(template, raw).map(|_| ())
        });
    }

    fn conversion(&mut self, template: bool) -> Option<Token> {
        let from = self.mark;
        let mark = self.expect("!")?;
        let name = self.expect_kind(TokenKind::Name)?;
        let word = if template { "t-string" } else { "f-string" };
        let all = self.node(ExprKind::Other, from, Vec::new())?;
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

    fn invalid_field(&mut self, template: bool, raw: bool) -> Parsed {
        let word = if template { "t-string" } else { "f-string" };
        let brace = |p: &mut Self| p.expect("{");
        for first in ["=", "!", ":", "}"] {
            self.invalid_rule(|p| {
                brace(p)?;
                let t = p.expect(first)?;
                let msg = format!("{word}: valid expression required before '{first}'");
                p.raise_token(t, msg, false);
                Some(())
            });
        }
        self.invalid_rule(|p| {
            brace(p)?;
            p.negative_lookahead(Self::right_side)?;
            p.raise_next(format!("{word}: expecting a valid expression after '{{'"));
            Some(())
        });
        self.invalid_rule(|p| {
            brace(p)?;
            p.right_side()?;
            p.negative_lookahead(|p| p.expect_any(&["=", "!", ":", "}"]))?;
            p.raise_next(format!("{word}: expecting '=', or '!', or ':', or '}}'"));
            Some(())
        });
        self.invalid_rule(|p| {
            brace(p)?;
            p.right_side()?;
            p.expect("=")?;
            p.negative_lookahead(|p| p.expect_any(&["!", ":", "}"]))?;
            p.raise_next(format!("{word}: expecting '!', or ':', or '}}'"));
            Some(())
        });
        self.invalid_rule(|p| {
            brace(p)?;
            p.right_side()?;
            p.expect("=");
            p.expect("!")?;
            if p.matches(|p| p.expect_any(&[":", "}"])) {
                p.raise_next(format!("{word}: missing conversion character"));
            }
            p.negative_lookahead(|p| p.expect_kind(TokenKind::Name))?;
            p.raise_next(format!("{word}: invalid conversion character"));
            Some(())
        });
        let head = |p: &mut Self| {
            brace(p)?;
            p.right_side()?;
            p.expect("=");
            p.attempt(|p| {
                p.expect("!")?;
                p.name()
            });
            Some(())
        };
        self.invalid_rule(|p| {
            head(p)?;
            p.negative_lookahead(|p| p.expect_any(&[":", "}"]))?;
            p.raise_next(format!("{word}: expecting ':' or '}}'"));
            Some(())
        });
        self.invalid_rule(|p| {
            head(p)?;
            p.expect(":")?;
            p.spec(template, raw);
            p.negative_lookahead(|p| p.expect("}"))?;
            p.raise_next(format!("{word}: expecting '}}', or format specs"));
            Some(())
        });
        self.invalid_rule(|p| {
            head(p)?;
            p.negative_lookahead(|p| p.expect("}"))?;
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

/// The end of a `\N{...}`.
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
