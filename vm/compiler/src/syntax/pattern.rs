//! Patterns of `match`.
use super::node::What;
use super::parser::{Parser, R, Rule};
use crate::error::{Fault, Shown};
use crate::scan::Kind;

impl Parser<'_> {
    pub fn patterns(&mut self) -> R {
        self.alt(Self::open_sequence).or_else(|| self.pattern())
    }

    pub fn pattern(&mut self) -> R {
        self.deeper(|p| {
            let bound = p.alt(|p| {
                let from = p.mark;
                p.or_pattern()?;
                p.word("as")?;
                p.capture_target()?;
                p.node(What::Other, from, Vec::new())
            });
            if bound.is_some() {
                return bound;
            }
            p.bad(|p| {
                p.or_pattern()?;
                p.word("as")?;
                let t = p.soft("_")?;
                p.raise_token(t, "cannot use '_' as a target", false);
                Some(())
            });
            p.bad(|p| {
                p.or_pattern()?;
                p.word("as")?;
                let a = p.expression()?;
                let word = p.word_of(a);
                p.raise_node(a, format!("cannot use {word} as pattern target"));
                Some(())
            });
            p.alt(Self::or_pattern)
        })
    }

    fn or_pattern(&mut self) -> R {
        let from = self.mark;
        self.list("|", Self::closed_pattern)?;
        self.node(What::Other, from, Vec::new())
    }

    fn closed_pattern(&mut self) -> R {
        self.kept(Rule::ClosedPattern, |p| {
            p.literal_pattern()
                .or_else(|| p.alt(Self::capture_target))
                .or_else(|| p.soft("_").map(|t| p.leaf(What::Other, t)))
                .or_else(|| {
                    p.alt(|p| {
                        let attr = p.attr()?;
                        p.not(|p| p.any_word(&[".", "(", "="]))?;
                        Some(attr)
                    })
                })
                .or_else(|| {
                    p.alt(|p| {
                        p.word("(")?;
                        let inner = p.pattern()?;
                        p.word(")")?;
                        Some(inner)
                    })
                })
                .or_else(|| p.alt(Self::sequence_pattern))
                .or_else(|| p.mapping_pattern())
                .or_else(|| p.class_pattern())
        })
    }

    fn literal_pattern(&mut self) -> R {
        self.number_pattern()
            .or_else(|| self.alt(Self::strings))
            .or_else(|| {
                self.any_word(&["None", "True", "False"])
                    .map(|t| self.leaf(What::Literal, t))
            })
    }

    fn number_pattern(&mut self) -> R {
        self.alt(|p| {
            let from = p.mark;
            p.word("-");
            p.kind(Kind::Number)?;
            p.not(|p| p.any_word(&["+", "-"]))?;
            p.node(What::Literal, from, Vec::new())
        })
        .or_else(|| {
            self.alt(|p| {
                let from = p.mark;
                p.word("-");
                p.number_that_is(false)?;
                p.any_word(&["+", "-"])?;
                p.number_that_is(true)?;
                p.node(What::Literal, from, Vec::new())
            })
        })
    }

    fn number_that_is(&mut self, imaginary: bool) -> R {
        let t = self.kind(Kind::Number)?;
        let n = self.leaf(What::Literal, t);
        if self.text_of(t).ends_with(['j', 'J']) != imaginary {
            let what = if imaginary { "imaginary" } else { "real" };
            self.raise_node(n, format!("{what} number required in complex literal"));
        }
        Some(n)
    }

    fn capture_target(&mut self) -> R {
        self.not(|p| p.soft("_"))?;
        let name = self.name()?;
        self.not(|p| p.any_word(&[".", "(", "="]))?;
        Some(name)
    }

    fn dotted(&mut self) -> Option<usize> {
        Some(self.list(".", Self::name)?.len())
    }

    fn attr(&mut self) -> R {
        self.kept(Rule::Attr, |p| {
            let from = p.mark;
            if p.dotted()? < 2 {
                return None;
            }
            p.node(What::Attribute, from, Vec::new())
        })
    }

    fn open_sequence(&mut self) -> R {
        self.maybe_star()?;
        self.word(",")?;
        self.alt(Self::maybe_sequence);
        self.done()
    }

    fn maybe_sequence(&mut self) -> R {
        self.list(",", Self::maybe_star)?;
        self.word(",");
        self.done()
    }

    fn maybe_star(&mut self) -> R {
        self.kept(Rule::StarPattern, |p| {
            p.word("*")?;
            if p.alt(Self::capture_target).is_none() {
                p.soft("_")?;
            }
            p.done()
        })
        .or_else(|| self.pattern())
    }

    fn sequence_pattern(&mut self) -> R {
        let from = self.mark;
        if self.word("[").is_some() {
            self.alt(Self::maybe_sequence);
            self.word("]")?;
        } else {
            self.word("(")?;
            self.alt(Self::open_sequence);
            self.word(")")?;
        }
        self.node(What::Other, from, Vec::new())
    }

    fn mapping_pattern(&mut self) -> R {
        let rest = |p: &mut Self| {
            p.word("**")?;
            p.capture_target()
        };
        self.alt(|p| {
            let from = p.mark;
            let mut keys = Vec::new();
            p.word("{")?;
            if p.word("}").is_none() {
                if p.alt(rest).is_none() {
                    keys = p.list(",", Self::key_value_pattern)?;
                    p.alt(|p| {
                        p.word(",")?;
                        rest(p)
                    });
                }
                p.word(",");
                p.word("}")?;
            }
            let all = p.node(What::Other, from, Vec::new())?;
            if keys
                .iter()
                .any(|&n| matches!(p.get(n).what, What::FString | What::TString))
            {
                let msg = "mapping pattern keys may only match literals and attribute lookups";
                let mut fault = Fault::syntax(msg, p.range(p.get(all).start, p.get(all).end));
                fault.shown = Shown::Nothing;
                p.later.get_or_insert(fault);
            }
            Some(all)
        })
    }

    fn key_value_pattern(&mut self) -> R {
        let literal = self.literal_pattern();
        if literal.is_none() {
            self.attr()?;
        }
        self.word(":")?;
        let value = self.pattern()?;
        let formatted = |n| matches!(self.get(n).what, What::FString | What::TString);
        Some(literal.filter(|&n| formatted(n)).unwrap_or(value))
    }

    fn class_pattern(&mut self) -> R {
        let valid = self.alt(|p| {
            let from = p.mark;
            p.dotted()?;
            p.word("(")?;
            if p.word(")").is_none() {
                let positional = p.list(",", Self::pattern);
                let more = p.alt(|p| {
                    if positional.is_some() {
                        p.word(",")?;
                    }
                    p.keyword_patterns()
                });
                if positional.is_none() {
                    more?;
                }
                p.word(",");
                p.word(")")?;
            }
            p.node(What::Other, from, Vec::new())
        });
        if valid.is_none() {
            self.bad(|p| {
                p.dotted()?;
                p.word("(")?;
                p.alt(|p| {
                    p.list(",", Self::pattern)?;
                    p.word(",")
                });
                p.keyword_patterns()?;
                p.word(",")?;
                let late = p.list(",", Self::pattern)?;
                let msg = "positional patterns follow keyword patterns";
                p.raise_range(late[0], *late.last()?, msg);
                Some(())
            });
        }
        valid
    }

    fn keyword_patterns(&mut self) -> R {
        self.list(",", |p| {
            p.name()?;
            p.word("=")?;
            p.pattern()
        })?;
        self.done()
    }
}
