//! Expressions: what is valid, and what CPython says of what is not.
use super::node::{N, Use, What};
use super::parser::{Parser, R, Rule};
use crate::scan::Kind;

const SOFT: [&str; 4] = ["_", "case", "match", "type"];

impl Parser<'_> {
    /// A tuple when there is a comma.
    fn tuple_of(&mut self, item: fn(&mut Self) -> R) -> R {
        let from = self.mark;
        let first = self.alt(item)?;
        let more = self.alt(|p| {
            let mut all = vec![first];
            let more = p.some(|p| {
                p.word(",")?;
                item(p)
            });
            if more.is_none() {
                p.word(",")?;
                return Some(all);
            }
            all.extend(more.unwrap_or_default());
            p.word(",");
            Some(all)
        });
        match more {
            Some(all) => self.node(What::Tuple, from, all),
            None => Some(first),
        }
    }

    pub fn expressions(&mut self) -> R {
        self.tuple_of(Self::expression)
    }

    pub fn star_expressions(&mut self) -> R {
        self.tuple_of(Self::star_expression)
    }

    pub fn star_expression(&mut self) -> R {
        self.kept(Rule::StarExpression, |p| {
            p.alt(Self::starred_operand).or_else(|| p.expression())
        })
    }

    fn starred_operand(&mut self) -> R {
        let from = self.mark;
        self.word("*")?;
        let e = self.bitwise_or()?;
        self.node(What::Starred, from, vec![e])
    }

    pub fn star_named(&mut self) -> R {
        self.alt(Self::starred_operand)
            .or_else(|| self.named_expression())
    }

    pub fn star_nameds(&mut self) -> Option<Vec<N>> {
        let all = self.list(",", Self::star_named)?;
        self.word(",");
        Some(all)
    }

    pub fn assignment_expression(&mut self) -> R {
        self.alt(|p| {
            let from = p.mark;
            let name = p.name()?;
            p.word(":=")?;
            let value = p.expression()?;
            p.node(What::Named, from, vec![name, value])
        })
    }

    /// An assignment expression that began must end as one.
    fn committed_assignment(&mut self) -> bool {
        self.look(|p| {
            p.name()?;
            p.word(":=")
        })
    }

    pub fn named_expression(&mut self) -> R {
        self.deeper(|p| {
            if let Some(n) = p.assignment_expression() {
                return Some(n);
            }
            p.bad(Self::invalid_named);
            p.unnamed_expression()
        })
    }

    /// An expression that no `:=` follows.
    pub fn unnamed_expression(&mut self) -> R {
        self.alt(|p| {
            let e = p.expression()?;
            p.not(|p| p.word(":="))?;
            Some(e)
        })
    }

    fn invalid_named(&mut self) -> R {
        self.kept(Rule::InvalidNamed, |p| {
            p.bad(|p| {
                let a = p.expression()?;
                p.word(":=")?;
                p.expression()?;
                let word = p.word_of(a);
                p.raise_node(a, format!("cannot use assignment expressions with {word}"));
                Some(())
            });
            let single = |p: &mut Self| p.not(|p| p.any_word(&["=", ":="]));
            p.bad(|p| {
                let a = p.name()?;
                p.word("=")?;
                let b = p.bitwise_or()?;
                single(p)?;
                let msg = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
                p.raise_range(a, b, msg);
                Some(())
            });
            p.bad(|p| {
                let display = |p: &mut Self| {
                    p.alt(Self::list_display)
                        .or_else(|| p.alt(Self::tuple_display))
                        .or_else(|| p.generator())
                };
                p.not(|p| display(p).map(|_| ()).or_else(|| p.constant().map(|_| ())))?;
                let a = p.bitwise_or()?;
                p.word("=")?;
                p.bitwise_or()?;
                single(p)?;
                let word = p.word_of(a);
                let msg =
                    format!("cannot assign to {word} here. Maybe you meant '==' instead of '='?");
                p.raise_node(a, msg);
                Some(())
            });
            None
        })
    }

    pub fn expression(&mut self) -> R {
        self.kept(Rule::Expression, |p| {
            p.bad(Self::invalid_expression);
            p.bad(Self::invalid_print);
            p.plain_expression()
        })
    }

    fn plain_expression(&mut self) -> R {
        let conditional = self.alt(|p| {
            let from = p.mark;
            let body = p.disjunction()?;
            p.word("if")?;
            let test = p.disjunction()?;
            p.word("else")?;
            let orelse = p.expression()?;
            p.node(What::IfExp, from, vec![body, test, orelse])
        });
        conditional
            .or_else(|| self.alt(Self::disjunction))
            .or_else(|| self.alt(Self::lambda))
    }

    /// An expression in which no errors are looked for.
    fn quiet_expression(&mut self) -> R {
        let invalid = std::mem::replace(&mut self.invalid, false);
        let result = self.alt(Self::plain_expression);
        self.invalid = invalid;
        result
    }

    fn invalid_expression(&mut self) -> R {
        self.bad(|p| {
            p.kind(Kind::String)?;
            let inner = p.some(|p| {
                p.not(|p| p.kind(Kind::String))?;
                p.quiet_expression()
            })?;
            p.kind(Kind::String)?;
            let msg = "invalid syntax. Is this intended to be part of the string?";
            p.raise_range(inner[0], *inner.last()?, msg);
            Some(())
        });
        self.bad(|p| {
            p.not(|p| {
                p.alt(|p| {
                    p.name()?;
                    p.kind(Kind::String)
                })
                .or_else(|| SOFT.iter().find_map(|w| p.soft(w)))
            })?;
            let a = p.disjunction()?;
            let b = p.quiet_expression()?;
            let level = p.scan.tokens[..p.mark].last().map_or(0, |t| t.level);
            if !p.is_print(a) && level > 0 {
                p.raise_range(a, b, "invalid syntax. Perhaps you forgot a comma?");
            }
            Some(())
        });
        self.bad(|p| {
            let a = p.disjunction()?;
            p.word("if")?;
            let b = p.disjunction()?;
            p.not(|p| p.any_word(&["else", ":"]))?;
            p.raise_range(a, b, "expected 'else' after 'if' expression");
            Some(())
        });
        self.bad(|p| {
            p.disjunction()?;
            p.word("if")?;
            p.disjunction()?;
            p.word("else")?;
            p.not(Self::expression)?;
            p.raise_next("expected expression after 'else', but statement is given");
            Some(())
        });
        self.bad(|p| {
            let word = p.any_word(&["pass", "break", "continue"])?;
            p.word("if")?;
            p.disjunction()?;
            p.word("else")?;
            p.simple_stmt()?;
            let msg = "expected expression before 'if', but statement is given";
            p.raise_token(word, msg, false);
            Some(())
        });
        self.bad(|p| {
            let from = p.mark;
            p.word("lambda")?;
            p.alt(Self::lambda_params);
            p.word(":")?;
            let all = p.node(What::Other, from, Vec::new())?;
            let word = match p.token()?.kind {
                Kind::FMiddle(false) => "f-string",
                Kind::FMiddle(true) => "t-string",
                _ => return None,
            };
            let msg = format!("{word}: lambda expressions are not allowed without parentheses");
            p.raise_node(all, msg);
            Some(())
        });
        None
    }

    fn is_print(&self, n: N) -> bool {
        let node = self.get(n);
        node.what == What::Name && matches!(&self.source[node.start..node.end], "print" | "exec")
    }

    fn invalid_print(&mut self) -> R {
        let a = self.name()?;
        self.not(|p| p.word("("))?;
        let b = self.star_expressions()?;
        if self.is_print(a) {
            let name = &self.source[self.get(a).start..self.get(a).end];
            let msg = format!("Missing parentheses in call to '{name}'. Did you mean {name}(...)?");
            self.raise_range(a, b, msg);
        }
        None
    }

    pub fn yield_expression(&mut self) -> R {
        self.alt(|p| {
            let from = p.mark;
            p.word("yield")?;
            let delegated = p.alt(|p| {
                p.word("from")?;
                p.expression()
            });
            if delegated.is_none() {
                p.alt(Self::star_expressions);
            }
            p.node(What::Yield, from, Vec::new())
        })
    }

    // Operators.

    fn chain(&mut self, word: &str, operand: fn(&mut Self) -> R) -> R {
        let from = self.mark;
        let first = self.alt(operand)?;
        let more = self.many(|p| {
            p.word(word)?;
            operand(p)
        });
        if more.is_empty() {
            return Some(first);
        }
        self.node(What::Operation, from, Vec::new())
    }

    pub fn disjunction(&mut self) -> R {
        self.kept(Rule::Disjunction, |p| p.chain("or", Self::conjunction))
    }

    fn conjunction(&mut self) -> R {
        self.kept(Rule::Conjunction, |p| p.chain("and", Self::inversion))
    }

    fn inversion(&mut self) -> R {
        self.kept(Rule::Inversion, |p| {
            p.alt(|p| {
                let from = p.mark;
                p.word("not")?;
                p.inversion()?;
                p.node(What::Operation, from, Vec::new())
            })
            .or_else(|| p.comparison())
        })
    }

    fn comparison(&mut self) -> R {
        let from = self.mark;
        let first = self.bitwise_or()?;
        let more = self.many(|p| {
            let simple = p.any_word(&["==", "!=", "<=", "<", ">=", ">"]);
            if simple.is_none() {
                p.alt(|p| {
                    p.word("not")?;
                    p.word("in")
                })
                .or_else(|| p.word("in"))
                .or_else(|| {
                    let is = p.word("is");
                    if is.is_some() {
                        p.word("not");
                    }
                    is
                })?;
            }
            p.bitwise_or()
        });
        if more.is_empty() {
            return Some(first);
        }
        let kids = [vec![first], more].concat();
        self.node(What::Compare, from, kids)
    }

    fn binary(&mut self, rule: Rule, words: &[&str], operand: fn(&mut Self) -> R) -> R {
        self.kept(rule, |p| {
            let from = p.mark;
            let mut left = p.alt(operand)?;
            while p
                .alt(|p| {
                    p.any_word(words)?;
                    operand(p)
                })
                .is_some()
            {
                left = p.node(What::Operation, from, Vec::new())?;
            }
            Some(left)
        })
    }

    pub fn bitwise_or(&mut self) -> R {
        self.binary(Rule::BitOr, &["|"], |p| {
            p.binary(Rule::BitXor, &["^"], |p| {
                p.binary(Rule::BitAnd, &["&"], |p| {
                    p.binary(Rule::Shift, &["<<", ">>"], |p| {
                        p.bad(Self::invalid_arithmetic);
                        p.sum()
                    })
                })
            })
        })
    }

    fn sum(&mut self) -> R {
        self.binary(Rule::Sum, &["+", "-"], |p| {
            p.binary(Rule::Term, &["*", "/", "//", "%", "@"], |p| {
                p.bad(|p| {
                    p.any_word(&["+", "-", "~"])?;
                    p.unbracketed_not(Self::factor)
                });
                p.factor()
            })
        })
    }

    fn invalid_arithmetic(&mut self) -> R {
        self.sum()?;
        self.any_word(&["+", "-", "*", "/", "%", "//", "@"])?;
        self.unbracketed_not(Self::inversion)
    }

    fn unbracketed_not(&mut self, operand: fn(&mut Self) -> R) -> R {
        let from = self.mark;
        self.word("not")?;
        operand(self)?;
        let all = self.node(What::Operation, from, Vec::new())?;
        self.raise_node(all, "'not' after an operator must be parenthesized");
        None
    }

    fn factor(&mut self) -> R {
        self.kept(Rule::Factor, |p| {
            p.alt(|p| {
                let from = p.mark;
                p.any_word(&["+", "-", "~"])?;
                p.factor()?;
                p.node(What::Operation, from, Vec::new())
            })
            .or_else(|| p.power())
        })
    }

    fn power(&mut self) -> R {
        let from = self.mark;
        let base = self.await_primary()?;
        let raised = self.alt(|p| {
            p.word("**")?;
            p.factor()
        });
        match raised {
            Some(_) => self.node(What::Operation, from, Vec::new()),
            None => Some(base),
        }
    }

    fn await_primary(&mut self) -> R {
        self.kept(Rule::AwaitPrimary, |p| {
            p.alt(|p| {
                let from = p.mark;
                p.word("await")?;
                p.primary()?;
                p.node(What::Await, from, Vec::new())
            })
            .or_else(|| p.primary())
        })
    }

    // Primaries.

    fn primary(&mut self) -> R {
        self.kept(Rule::Primary, |p| {
            let from = p.mark;
            let mut left = p.atom()?;
            while let Some(what) = p.trailer() {
                left = p.node(what, from, Vec::new())?;
            }
            Some(left)
        })
    }

    fn trailer(&mut self) -> Option<What> {
        self.alt(|p| {
            p.word(".")?;
            p.name()?;
            Some(What::Attribute)
        })
        .or_else(|| self.generator().map(|_| What::Call))
        .or_else(|| {
            self.alt(|p| {
                p.word("(")?;
                p.arguments();
                p.word(")")?;
                Some(What::Call)
            })
        })
        .or_else(|| {
            self.alt(|p| {
                p.word("[")?;
                p.slices()?;
                p.word("]")?;
                Some(What::Subscript)
            })
        })
    }

    pub fn slices(&mut self) -> R {
        let single = self.alt(|p| {
            let s = p.slice()?;
            p.not(|p| p.word(","))?;
            Some(s)
        });
        single.or_else(|| {
            let from = self.mark;
            let all = self.list(",", |p| {
                p.alt(Self::slice).or_else(|| p.starred_expression())
            })?;
            self.word(",");
            self.node(What::Tuple, from, all)
        })
    }

    fn slice(&mut self) -> R {
        self.alt(|p| {
            let from = p.mark;
            p.alt(Self::expression);
            p.word(":")?;
            p.alt(Self::expression);
            p.alt(|p| {
                p.word(":")?;
                p.alt(Self::expression);
                Some(())
            });
            p.node(What::Other, from, Vec::new())
        })
        .or_else(|| self.named_expression())
    }

    fn constant(&mut self) -> R {
        let t = self.any_word(&["True", "False", "None"])?;
        let what = match self.text_of(t) {
            "True" => What::True,
            "False" => What::False,
            _ => What::None,
        };
        Some(self.leaf(what, t))
    }

    pub fn atom(&mut self) -> R {
        let t = self.token()?;
        match t.kind {
            Kind::Name => self.name(),
            Kind::Keyword => self.constant(),
            Kind::String | Kind::FStart(_) => self.strings(),
            Kind::Number => {
                self.mark += 1;
                Some(self.leaf(What::Literal, t))
            }
            Kind::Op => match self.text_of(t) {
                "(" => self
                    .alt(Self::tuple_display)
                    .or_else(|| self.group())
                    .or_else(|| self.generator()),
                "[" => self
                    .alt(Self::list_display)
                    .or_else(|| self.list_comprehension()),
                "{" => self
                    .dict()
                    .or_else(|| self.alt(Self::set_display))
                    .or_else(|| self.dict_comprehension())
                    .or_else(|| self.set_comprehension()),
                "..." => {
                    self.mark += 1;
                    Some(self.leaf(What::Ellipsis, t))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn group(&mut self) -> R {
        let inner = self.alt(|p| {
            p.word("(")?;
            let e = p.yield_expression().or_else(|| p.named_expression())?;
            p.word(")")?;
            Some(e)
        });
        if inner.is_none() {
            self.bad(|p| {
                p.word("(")?;
                let a = p.starred_expression()?;
                p.word(")")?;
                p.raise_node(a, "cannot use starred expression here");
                Some(())
            });
            self.bad(|p| {
                p.word("(")?;
                let stars = p.word("**")?;
                p.expression()?;
                p.word(")")?;
                p.raise_token(stars, "cannot use double starred expression here", false);
                Some(())
            });
        }
        inner
    }

    fn list_display(&mut self) -> R {
        let from = self.mark;
        self.word("[")?;
        let all = self.alt(Self::star_nameds);
        self.word("]")?;
        self.node(What::List, from, all.unwrap_or_default())
    }

    fn tuple_display(&mut self) -> R {
        let from = self.mark;
        self.word("(")?;
        let all = self.alt(|p| {
            let first = p.star_named()?;
            p.word(",")?;
            let more = p.alt(Self::star_nameds).unwrap_or_default();
            Some([vec![first], more].concat())
        });
        self.word(")")?;
        self.node(What::Tuple, from, all.unwrap_or_default())
    }

    fn set_display(&mut self) -> R {
        let from = self.mark;
        self.word("{")?;
        self.star_nameds()?;
        self.word("}")?;
        self.node(What::Set, from, Vec::new())
    }

    fn dict(&mut self) -> R {
        let valid = self.alt(|p| {
            let from = p.mark;
            p.word("{")?;
            p.alt(|p| {
                p.list(",", Self::dict_item)?;
                p.word(",");
                Some(())
            });
            p.word("}")?;
            p.node(What::Dict, from, Vec::new())
        });
        // CPython looks for these in its first pass too.
        if valid.is_none() {
            self.try_bad(|p| {
                p.word("{")?;
                p.try_bad(|p| {
                    p.list(",", Self::dict_item)?;
                    p.word(",")?;
                    p.try_bad(|p| {
                        let a = p.expression()?;
                        p.not(|p| p.word(":"))?;
                        let mut pos = p.range(p.get(a).end - 1, p.get(a).end);
                        pos.line = p.lines.line(p.get(a).start as u32);
                        pos.end_col = crate::error::Fault::NO_END;
                        let msg = "':' expected after dictionary key";
                        p.raise(crate::error::ErrorKind::Syntax, msg, pos);
                        Some(())
                    });
                    p.bad_dict_value();
                    Some(())
                });
                p.bad_dict_value();
                Some(())
            });
        }
        valid
    }

    fn bad_dict_value(&mut self) {
        self.try_bad(|p| {
            p.expression()?;
            p.word(":")?;
            let star = p.word("*")?;
            p.bitwise_or()?;
            let msg = "cannot use a starred expression in a dictionary value";
            p.raise_from(star.start, msg);
            Some(())
        });
        self.try_bad(|p| {
            p.expression()?;
            let colon = p.word(":")?;
            p.ahead(|p| p.any_word(&["}", ","]))?;
            let msg = "expression expected after dictionary key and ':'";
            p.raise_token(colon, msg, false);
            Some(())
        });
    }

    fn dict_item(&mut self) -> R {
        self.alt(|p| {
            p.word("**")?;
            p.bitwise_or()
        })
        .or_else(|| self.alt(Self::key_value))
    }

    fn key_value(&mut self) -> R {
        let key = self.expression()?;
        self.word(":")?;
        self.expression()?;
        Some(key)
    }

    // Comprehensions.

    pub fn clauses(&mut self) -> Option<Vec<N>> {
        self.some(Self::clause)
    }

    fn clause(&mut self) -> R {
        let from = self.mark;
        for is_async in [true, false] {
            let mut committed = false;
            let clause = self.alt(|p| {
                if is_async {
                    p.word("async")?;
                }
                p.word("for")?;
                let target = p.star_targets()?;
                p.word("in")?;
                committed = true;
                let mut kids = vec![target, p.disjunction()?];
                kids.extend(p.many(|p| {
                    p.word("if")?;
                    p.disjunction()
                }));
                p.node(What::Clause, from, kids)
            });
            if committed {
                return clause;
            }
        }
        self.bad(|p| {
            p.word("async");
            p.word("for")?;
            p.list(",", Self::bitwise_or)?;
            p.word(",");
            p.not(|p| p.word("in"))?;
            p.raise_last("'in' expected after for-loop variables");
            Some(())
        });
        self.bad(Self::invalid_for_target);
        None
    }

    pub fn invalid_for_target(&mut self) -> R {
        self.word("async");
        self.word("for")?;
        let a = self.star_expressions()?;
        self.raise_bad_target(a, Use::For);
        None
    }

    fn list_comprehension(&mut self) -> R {
        let valid = self.alt(|p| {
            let from = p.mark;
            p.word("[")?;
            p.named_expression()?;
            p.clauses()?;
            p.word("]")?;
            p.node(What::ListComp, from, Vec::new())
        });
        if valid.is_none() {
            self.bad(Self::invalid_comprehension);
        }
        valid
    }

    fn set_comprehension(&mut self) -> R {
        let valid = self.alt(|p| {
            let from = p.mark;
            p.word("{")?;
            p.named_expression()?;
            p.clauses()?;
            p.word("}")?;
            p.node(What::SetComp, from, Vec::new())
        });
        if valid.is_none() {
            self.bad(Self::invalid_comprehension);
        }
        valid
    }

    pub fn generator(&mut self) -> R {
        let valid = self.alt(|p| {
            let from = p.mark;
            p.word("(")?;
            if p.committed_assignment() {
                p.assignment_expression()?;
            } else {
                p.unnamed_expression()?;
            }
            p.clauses()?;
            p.word(")")?;
            p.node(What::Generator, from, Vec::new())
        });
        if valid.is_none() {
            self.bad(Self::invalid_comprehension);
        }
        valid
    }

    fn dict_comprehension(&mut self) -> R {
        let valid = self.alt(|p| {
            let from = p.mark;
            p.word("{")?;
            p.key_value()?;
            p.clauses()?;
            p.word("}")?;
            p.node(What::DictComp, from, Vec::new())
        });
        if valid.is_none() {
            self.bad(|p| {
                p.word("{")?;
                let stars = p.word("**")?;
                p.bitwise_or()?;
                p.clauses()?;
                p.word("}")?;
                let msg = "dict unpacking cannot be used in dict comprehension";
                p.raise_token(stars, msg, false);
                Some(())
            });
        }
        valid
    }

    fn invalid_comprehension(&mut self) -> R {
        self.bad(|p| {
            p.any_word(&["[", "(", "{"])?;
            let a = p.starred_expression()?;
            p.clauses()?;
            p.raise_node(a, "iterable unpacking cannot be used in comprehension");
            Some(())
        });
        let msg = "did you forget parentheses around the comprehension target?";
        self.bad(|p| {
            p.any_word(&["[", "{"])?;
            let a = p.star_named()?;
            p.word(",")?;
            let b = p.star_nameds()?;
            p.clauses()?;
            p.raise_range(a, *b.last()?, msg);
            Some(())
        });
        self.bad(|p| {
            p.any_word(&["[", "{"])?;
            let a = p.star_named()?;
            let comma = p.word(",")?;
            let to = p.leaf(What::Other, comma);
            p.clauses()?;
            p.raise_range(a, to, msg);
            Some(())
        });
        None
    }

    // Targets.

    pub fn star_targets(&mut self) -> R {
        let from = self.mark;
        let single = self.alt(|p| {
            let t = p.star_target()?;
            p.not(|p| p.word(","))?;
            Some(t)
        });
        single.or_else(|| {
            self.alt(|p| {
                let all = p.list(",", Self::star_target)?;
                p.word(",");
                p.node(What::Tuple, from, all)
            })
        })
    }

    pub fn star_target(&mut self) -> R {
        self.kept(Rule::StarTarget, |p| {
            p.alt(|p| {
                let from = p.mark;
                p.word("*")?;
                p.not(|p| p.word("*"))?;
                let t = p.star_target()?;
                p.node(What::Starred, from, vec![t])
            })
            .or_else(|| p.target_with_star_atom())
        })
    }

    fn target_with_star_atom(&mut self) -> R {
        self.kept(Rule::TargetWithStarAtom, |p| {
            p.attribute_or_item().or_else(|| p.star_atom())
        })
    }

    fn star_atom(&mut self) -> R {
        if let Some(n) = self.name() {
            return Some(n);
        }
        let inner = self.alt(|p| {
            p.word("(")?;
            let t = p.target_with_star_atom()?;
            p.word(")")?;
            Some(t)
        });
        inner
            .or_else(|| {
                self.alt(|p| {
                    let from = p.mark;
                    p.word("(")?;
                    let all = p.alt(|p| {
                        let first = p.star_target()?;
                        p.word(",")?;
                        let more = p.list(",", Self::star_target);
                        if more.is_some() {
                            p.word(",");
                        }
                        Some([vec![first], more.unwrap_or_default()].concat())
                    });
                    p.word(")")?;
                    p.node(What::Tuple, from, all.unwrap_or_default())
                })
            })
            .or_else(|| {
                self.alt(|p| {
                    let from = p.mark;
                    p.word("[")?;
                    let all = p.alt(|p| {
                        let all = p.list(",", Self::star_target)?;
                        p.word(",");
                        Some(all)
                    });
                    p.word("]")?;
                    p.node(What::List, from, all.unwrap_or_default())
                })
            })
    }

    pub fn single_target(&mut self) -> R {
        self.attribute_or_item()
            .or_else(|| self.name())
            .or_else(|| {
                self.alt(|p| {
                    p.word("(")?;
                    let t = p.deeper(Self::single_target)?;
                    p.word(")")?;
                    Some(t)
                })
            })
    }

    /// `a.b` or `a[b]` that no trailer follows.
    pub fn attribute_or_item(&mut self) -> R {
        self.alt(|p| {
            let from = p.mark;
            let trailed = |p: &mut Self| p.any_word(&["(", "[", "."]);
            p.atom()?;
            p.ahead(trailed)?;
            loop {
                let what = p.trailer()?;
                if !p.look(trailed) {
                    if what == What::Call {
                        return None;
                    }
                    return p.node(what, from, Vec::new());
                }
            }
        })
    }

    pub fn del_targets(&mut self) -> Option<Vec<N>> {
        let all = self.list(",", Self::del_target)?;
        self.word(",");
        Some(all)
    }

    fn del_target(&mut self) -> R {
        self.kept(Rule::DelTarget, |p| {
            if let Some(t) = p.attribute_or_item().or_else(|| p.name()) {
                return Some(t);
            }
            p.alt(|p| {
                p.word("(")?;
                let t = p.del_target()?;
                p.word(")")?;
                Some(t)
            })
            .or_else(|| {
                p.alt(|p| {
                    p.word("(")?;
                    p.alt(Self::del_targets);
                    p.word(")")?;
                    p.done()
                })
            })
            .or_else(|| {
                p.alt(|p| {
                    p.word("[")?;
                    p.alt(Self::del_targets);
                    p.word("]")?;
                    p.done()
                })
            })
        })
    }
}
