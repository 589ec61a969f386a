//! f-strings and t-strings.
//!
//! Line quirk of CPython 3.8 (Python/ast.c, fstring_fix_node_location): the line of an expression in an
//! f-string is found by searching its text, in braces, in the first string piece of the literal.
use super::*;
use crate::literal;
use ruff_text_size::TextSize;

/// What one element list becomes: constants merged, in order.
struct Pieces {
    values: Vec<Expr>,
    literal: Vec<u8>,
    /// Where the text in `literal` stands.
    place: Option<TextRange>,
    range: TextRange,
}

impl Pieces {
    fn new(range: TextRange) -> Pieces {
        Pieces {
            values: Vec::new(),
            literal: Vec::new(),
            place: None,
            range,
        }
    }

    fn covers(&mut self, range: TextRange) {
        self.place = Some(self.place.map_or(range, |p| p.cover(range)));
    }
}

impl Lower<'_> {
    pub(super) fn fstring(&mut self, n: &ruff::ExprFString) -> Pass<ExprKind> {
        let parts = n.value.as_slice();
        let first = parts.first().map_or("", |part| self.text(part.range()));
        let mut pieces = Pieces::new(n.range);
        for part in parts {
            match part {
                ruff::FStringPart::Literal(s) => {
                    literal::string_part(self.source, s, &mut pieces.literal);
                    pieces.covers(s.range);
                }
                ruff::FStringPart::FString(f) => {
                    let raw = f.flags.prefix().is_raw();
                    self.elements(&f.elements, raw, first, false, &mut pieces)?;
                }
            }
        }
        self.flush(&mut pieces);
        Ok(ExprKind::JoinedStr(pieces.values))
    }

    pub(super) fn tstring(&mut self, n: &ruff::ExprTString) -> Pass<ExprKind> {
        let mut pieces = Pieces::new(n.range);
        for t in n.value.as_slice() {
            let raw = t.flags.prefix().is_raw();
            self.elements(&t.elements, raw, "", true, &mut pieces)?;
        }
        self.flush(&mut pieces);
        Ok(ExprKind::TemplateStr(pieces.values))
    }

    fn flush(&mut self, pieces: &mut Pieces) {
        let place = pieces.place.take();
        if !pieces.literal.is_empty() {
            let text = literal::wtf8(std::mem::take(&mut pieces.literal));
            // 3.8 gives it the line of the whole literal.
            let mut constant = self.make(ExprKind::Constant(Const::Str(text)), pieces.range);
            if let Some(place) = place {
                constant.pos = self.pos(place);
            }
            pieces.values.push(constant);
        }
    }

    fn elements(
        &mut self,
        elements: &ruff::InterpolatedStringElements,
        raw: bool,
        first: &str,
        template: bool,
        pieces: &mut Pieces,
    ) -> Pass {
        for element in elements {
            match element {
                ruff::InterpolatedStringElement::Literal(l) => {
                    let text = self.text(l.range);
                    literal::fstring_part(text, &l.value, raw, &mut pieces.literal);
                    pieces.covers(l.range);
                }
                ruff::InterpolatedStringElement::Interpolation(i) => {
                    if let Some(debug) = &i.debug_text {
                        let text = without_comments(debug.as_str());
                        pieces.literal.extend_from_slice(text.as_bytes());
                        // As CPython: from behind the brace to what ends the debug text.
                        let start = i.range.start() + TextSize::from(1);
                        let size = TextSize::from(debug.as_str().len() as u32);
                        pieces.covers(TextRange::at(start, size));
                    }
                    self.flush(pieces);
                    let value = self.interpolation(i, raw, first, template, pieces.range)?;
                    pieces.values.push(value);
                }
            }
        }
        Ok(())
    }

    fn interpolation(
        &mut self,
        i: &ruff::InterpolatedElement,
        raw: bool,
        first: &str,
        template: bool,
        whole: TextRange,
    ) -> Pass<Expr> {
        let base = self.lines.line(whole.start().to_u32());
        let brace = self.lines.line(i.range.start().to_u32());
        let code = self.expression_text(i);
        let before = match first.find(&format!("{{{code}}}")) {
            Some(at) => first[..at].bytes().filter(|&b| b == b'\n').count() as u32,
            None => 0,
        };
        let outer = self.line_shift;
        if !template {
            self.line_shift += i64::from(base + before) - i64::from(brace);
        }
        let value = self.expr(&i.expression);
        self.line_shift = outer;
        let value = value?;
        let conversion = match i.conversion {
            ruff::ConversionFlag::Str => Conversion::Str,
            ruff::ConversionFlag::Repr => Conversion::Repr,
            ruff::ConversionFlag::Ascii => Conversion::Ascii,
            ruff::ConversionFlag::None if i.debug_text.is_some() && i.format_spec.is_none() => {
                Conversion::Repr
            }
            ruff::ConversionFlag::None => Conversion::None,
        };
        let spec = match &i.format_spec {
            Some(spec) => {
                let mut inner = Pieces::new(whole);
                self.specs += 1;
                if self.specs > 2 && spec.elements.iter().any(|e| e.as_interpolation().is_some()) {
                    return Err(Fault::syntax("invalid syntax", self.pos(spec.range)));
                }
                self.deeper(spec.range, |l| {
                    l.elements(&spec.elements, raw, first, false, &mut inner)
                })?;
                self.specs -= 1;
                self.flush(&mut inner);
                let mut joined = self.make(ExprKind::JoinedStr(inner.values), whole);
                // The colon is part of it.
                let colon = spec.range.start() - TextSize::from(1);
                joined.pos = self.pos(TextRange::new(colon, spec.range.end()));
                Some(joined)
            }
            None => None,
        };
        let kind = if template {
            let text = Const::Str(literal::wtf8(code.trim_end().as_bytes().to_vec()));
            ExprKind::Interpolation(Box::new(Interpolation {
                value,
                text,
                conversion,
                spec,
            }))
        } else {
            ExprKind::FormattedValue(Box::new(FormattedValue {
                value,
                conversion,
                spec,
            }))
        };
        let mut e = self.make(kind, i.range);
        e.line = self.shifted(base);
        Ok(e)
    }

    /// The text between the brace and what ends the expression (`}`, `!`, `:` or `=`).
    fn expression_text(&self, i: &ruff::InterpolatedElement) -> String {
        if let Some(debug) = &i.debug_text {
            let trailing = debug.trailing();
            let end = trailing.rfind('=').unwrap_or(trailing.len());
            return format!(
                "{}{}{}",
                debug.leading(),
                debug.expression(),
                &trailing[..end]
            );
        }
        let start = i.range.start().to_usize() + 1;
        let mut end = i.expression.range().end().to_usize();
        let bytes = self.source.as_bytes();
        while end < i.range.end().to_usize()
            && matches!(bytes[end], b' ' | b'\t' | b'\n' | b'\x0c' | b')')
        {
            end += 1;
        }
        self.source.get(start..end).unwrap_or("").to_owned()
    }
}

/// The text of an expression as it is shown: comments are left out, their newlines stay.
fn without_comments(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains('#') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let (mut quote, mut comment, mut escaped) = (None, false, false);
    for c in text.chars() {
        if comment {
            comment = c != '\n';
        } else if let Some(q) = quote {
            if c == q && !escaped {
                quote = None;
            }
            escaped = c == '\\' && !escaped;
        } else if matches!(c, '"' | '\'') {
            quote = Some(c);
        } else {
            comment = c == '#';
        }
        if !comment {
            out.push(c);
        }
    }
    out.into()
}
