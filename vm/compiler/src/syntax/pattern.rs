//! Patterns of `match`.
use super::node::ExprKind;
use super::parser::{Parsed, Parser, Rule};
use crate::error::{Fault, Shown};
use crate::scan::TokenKind;

impl Parser<'_> {
    pub fn patterns(&mut self) -> Parsed {
        self.attempt(Self::open_sequence).or_else(|| self.pattern())
    }

    pub fn pattern(&mut self) -> Parsed {
        self.nested(|p| {
            let bound = p.attempt(|p| {
                let from = p.mark;
                p.or_pattern()?;
                p.expect("as")?;
                p.capture_target()?;
                p.node(ExprKind::Other, from, Vec::new())
            });
            if bound.is_some() {
                return bound;
            }
            p.invalid_rule(|p| {
                p.or_pattern()?;
                p.expect("as")?;
                let t = p.expect_soft_keyword("_")?;
                p.raise_token(t, "cannot use '_' as a target", false);
                Some(())
            });
            p.invalid_rule(|p| {
                p.or_pattern()?;
                p.expect("as")?;
                let a = p.expression()?;
                let word = p.describe(a);
                p.raise_node(a, format!("cannot use {word} as pattern target"));
                Some(())
            });
            p.attempt(Self::or_pattern)
        })
    }

    fn or_pattern(&mut self) -> Parsed {
        let from = self.mark;
        self.separated1("|", Self::closed_pattern)?;
        self.node(ExprKind::Other, from, Vec::new())
    }

    fn closed_pattern(&mut self) -> Parsed {
        self.memoized(Rule::ClosedPattern, |p| {
            p.literal_pattern()
                .or_else(|| p.attempt(Self::capture_target))
                .or_else(|| {
                    p.expect_soft_keyword("_")
                        .map(|t| p.leaf(ExprKind::Other, t))
                })
                .or_else(|| {
                    p.attempt(|p| {
                        let attr = p.attr()?;
                        p.negative_lookahead(|p| p.expect_any(&[".", "(", "="]))?;
                        Some(attr)
                    })
                })
                .or_else(|| {
                    p.attempt(|p| {
                        p.expect("(")?;
                        let inner = p.pattern()?;
                        p.expect(")")?;
                        Some(inner)
                    })
                })
                .or_else(|| p.attempt(Self::sequence_pattern))
                .or_else(|| p.mapping_pattern())
                .or_else(|| p.class_pattern())
        })
    }

    fn literal_pattern(&mut self) -> Parsed {
        self.number_pattern()
            .or_else(|| self.attempt(Self::strings))
            .or_else(|| {
                self.expect_any(&["None", "True", "False"])
                    .map(|t| self.leaf(ExprKind::Literal, t))
            })
    }

    fn number_pattern(&mut self) -> Parsed {
        self.attempt(|p| {
            let from = p.mark;
            p.expect("-");
            p.expect_kind(TokenKind::Number)?;
            p.negative_lookahead(|p| p.expect_any(&["+", "-"]))?;
            p.node(ExprKind::Literal, from, Vec::new())
        })
        .or_else(|| {
            self.attempt(|p| {
                let from = p.mark;
                p.expect("-");
                p.number_that_is(false)?;
                p.expect_any(&["+", "-"])?;
                p.number_that_is(true)?;
                p.node(ExprKind::Literal, from, Vec::new())
            })
        })
    }

    fn number_that_is(&mut self, imaginary: bool) -> Parsed {
        let t = self.expect_kind(TokenKind::Number)?;
        let n = self.leaf(ExprKind::Literal, t);
        if self.text_of(t).ends_with(['j', 'J']) != imaginary {
            let what = if imaginary { "imaginary" } else { "real" };
            self.raise_node(n, format!("{what} number required in complex literal"));
        }
        Some(n)
    }

    fn capture_target(&mut self) -> Parsed {
        self.negative_lookahead(|p| p.expect_soft_keyword("_"))?;
        let name = self.name()?;
        self.negative_lookahead(|p| p.expect_any(&[".", "(", "="]))?;
        Some(name)
    }

    fn dotted(&mut self) -> Option<usize> {
        Some(self.separated1(".", Self::name)?.len())
    }

    fn attr(&mut self) -> Parsed {
        self.memoized(Rule::Attr, |p| {
            let from = p.mark;
            if p.dotted()? < 2 {
                return None;
            }
            p.node(ExprKind::Attribute, from, Vec::new())
        })
    }

    fn open_sequence(&mut self) -> Parsed {
        self.maybe_star()?;
        self.expect(",")?;
        self.attempt(Self::maybe_sequence);
        self.unit()
    }

    fn maybe_sequence(&mut self) -> Parsed {
        self.separated1(",", Self::maybe_star)?;
        self.expect(",");
        self.unit()
    }

    fn maybe_star(&mut self) -> Parsed {
        self.memoized(Rule::StarPattern, |p| {
            p.expect("*")?;
            if p.attempt(Self::capture_target).is_none() {
                p.expect_soft_keyword("_")?;
            }
            p.unit()
        })
        .or_else(|| self.pattern())
    }

    fn sequence_pattern(&mut self) -> Parsed {
        let from = self.mark;
        if self.expect("[").is_some() {
            self.attempt(Self::maybe_sequence);
            self.expect("]")?;
        } else {
            self.expect("(")?;
            self.attempt(Self::open_sequence);
            self.expect(")")?;
        }
        self.node(ExprKind::Other, from, Vec::new())
    }

    fn mapping_pattern(&mut self) -> Parsed {
        let rest = |p: &mut Self| {
            p.expect("**")?;
            p.capture_target()
        };
        self.attempt(|p| {
            let from = p.mark;
            let mut keys = Vec::new();
            p.expect("{")?;
            if p.expect("}").is_none() {
                if p.attempt(rest).is_none() {
                    keys = p.separated1(",", Self::key_value_pattern)?;
                    p.attempt(|p| {
                        p.expect(",")?;
                        rest(p)
                    });
                }
                p.expect(",");
                p.expect("}")?;
            }
            let all = p.node(ExprKind::Other, from, Vec::new())?;
            if keys
                .iter()
                .any(|&n| matches!(p.get(n).kind, ExprKind::FString | ExprKind::TString))
            {
                let msg = "mapping pattern keys may only match literals and attribute lookups";
                let mut fault = Fault::syntax(msg, p.range(p.get(all).start, p.get(all).end));
                fault.shown = Shown::Nothing;
                p.later.get_or_insert(fault);
            }
            Some(all)
        })
    }

    fn key_value_pattern(&mut self) -> Parsed {
        let literal = self.literal_pattern();
        if literal.is_none() {
            self.attr()?;
        }
        self.expect(":")?;
        let value = self.pattern()?;
        let formatted = |n| matches!(self.get(n).kind, ExprKind::FString | ExprKind::TString);
        Some(literal.filter(|&n| formatted(n)).unwrap_or(value))
    }

    fn class_pattern(&mut self) -> Parsed {
        let valid = self.attempt(|p| {
            let from = p.mark;
            p.dotted()?;
            p.expect("(")?;
            if p.expect(")").is_none() {
                let positional = p.separated1(",", Self::pattern);
                let more = p.attempt(|p| {
                    if positional.is_some() {
                        p.expect(",")?;
                    }
                    p.keyword_patterns()
                });
                if positional.is_none() {
                    more?;
                }
                p.expect(",");
                p.expect(")")?;
            }
            p.node(ExprKind::Other, from, Vec::new())
        });
        if valid.is_none() {
            self.invalid_rule(|p| {
                p.dotted()?;
                p.expect("(")?;
                p.attempt(|p| {
                    p.separated1(",", Self::pattern)?;
                    p.expect(",")
                });
                p.keyword_patterns()?;
                p.expect(",")?;
                let late = p.separated1(",", Self::pattern)?;
                let msg = "positional patterns follow keyword patterns";
                p.raise_range(late[0], *late.last()?, msg);
                Some(())
            });
        }
        valid
    }

    fn keyword_patterns(&mut self) -> Parsed {
        self.separated1(",", |p| {
            p.name()?;
            p.expect("=")?;
            p.pattern()
        })?;
        self.unit()
    }
}
