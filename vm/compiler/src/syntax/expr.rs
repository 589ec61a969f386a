//! Expressions: what is valid, and what CPython says of what is not.
use super::node::{ExprKind, NodeId, Use};
use super::parser::{Parsed, Parser, Rule};
use crate::scan::TokenKind;

const SOFT: [&str; 4] = ["_", "case", "match", "type"];

impl Parser<'_> {
    /// A tuple when there is a comma.
    fn tuple_of(&mut self, item: fn(&mut Self) -> Parsed) -> Parsed {
        let from = self.mark;
        let first = self.attempt(item)?;
        let more = self.attempt(|p| {
            let mut all = vec![first];
            let more = p.many1(|p| {
                p.expect(",")?;
                item(p)
            });
            if more.is_none() {
                p.expect(",")?;
                return Some(all);
            }
            all.extend(more.unwrap_or_default());
            p.expect(",");
            Some(all)
        });
        match more {
            Some(all) => self.node(ExprKind::Tuple, from, all),
            None => Some(first),
        }
    }

    pub fn expressions(&mut self) -> Parsed {
        self.tuple_of(Self::expression)
    }

    pub fn star_expressions(&mut self) -> Parsed {
        self.tuple_of(Self::star_expression)
    }

    pub fn star_expression(&mut self) -> Parsed {
        self.memoized(Rule::StarExpression, |p| {
            p.attempt(Self::starred_operand).or_else(|| p.expression())
        })
    }

    fn starred_operand(&mut self) -> Parsed {
        let from = self.mark;
        self.expect("*")?;
        let e = self.bitwise_or()?;
        self.node(ExprKind::Starred, from, vec![e])
    }

    pub fn star_named(&mut self) -> Parsed {
        self.attempt(Self::starred_operand)
            .or_else(|| self.named_expression())
    }

    pub fn star_nameds(&mut self) -> Option<Vec<NodeId>> {
        let all = self.separated1(",", Self::star_named)?;
        self.expect(",");
        Some(all)
    }

    pub fn assignment_expression(&mut self) -> Parsed {
        self.attempt(|p| {
            let from = p.mark;
            let name = p.name()?;
            p.expect(":=")?;
            let value = p.expression()?;
            p.node(ExprKind::Named, from, vec![name, value])
        })
    }

    /// An assignment expression that began must end as one.
    fn committed_assignment(&mut self) -> bool {
        self.matches(|p| {
            p.name()?;
            p.expect(":=")
        })
    }

    pub fn named_expression(&mut self) -> Parsed {
        self.nested(|p| {
            if let Some(n) = p.assignment_expression() {
                return Some(n);
            }
            p.invalid_rule(Self::invalid_named);
            p.unnamed_expression()
        })
    }

    /// An expression that no `:=` follows.
    pub fn unnamed_expression(&mut self) -> Parsed {
        self.attempt(|p| {
            let e = p.expression()?;
            p.negative_lookahead(|p| p.expect(":="))?;
            Some(e)
        })
    }

    fn invalid_named(&mut self) -> Parsed {
        self.memoized(Rule::InvalidNamed, |p| {
            p.invalid_rule(|p| {
                let a = p.expression()?;
                p.expect(":=")?;
                p.expression()?;
                let word = p.describe(a);
                p.raise_node(a, format!("cannot use assignment expressions with {word}"));
                Some(())
            });
            let single = |p: &mut Self| p.negative_lookahead(|p| p.expect_any(&["=", ":="]));
            p.invalid_rule(|p| {
                let a = p.name()?;
                p.expect("=")?;
                let b = p.bitwise_or()?;
                single(p)?;
                let msg = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
                p.raise_range(a, b, msg);
                Some(())
            });
            p.invalid_rule(|p| {
                let display = |p: &mut Self| {
                    p.attempt(Self::list_display)
                        .or_else(|| p.attempt(Self::tuple_display))
                        .or_else(|| p.generator())
                };
                p.negative_lookahead(|p| {
                    display(p).map(|_| ()).or_else(|| p.constant().map(|_| ()))
                })?;
                let a = p.bitwise_or()?;
                p.expect("=")?;
                p.bitwise_or()?;
                single(p)?;
                let word = p.describe(a);
                let msg =
                    format!("cannot assign to {word} here. Maybe you meant '==' instead of '='?");
                p.raise_node(a, msg);
                Some(())
            });
            None
        })
    }

    pub fn expression(&mut self) -> Parsed {
        self.memoized(Rule::Expression, |p| {
            p.invalid_rule(Self::invalid_expression);
            p.invalid_rule(Self::invalid_print);
            p.plain_expression()
        })
    }

    fn plain_expression(&mut self) -> Parsed {
        let conditional = self.attempt(|p| {
            let from = p.mark;
            let body = p.disjunction()?;
            p.expect("if")?;
            let test = p.disjunction()?;
            p.expect("else")?;
            let orelse = p.expression()?;
            p.node(ExprKind::IfExp, from, vec![body, test, orelse])
        });
        conditional
            .or_else(|| self.attempt(Self::disjunction))
            .or_else(|| self.attempt(Self::lambda))
    }

    /// An expression in which no errors are looked for.
    fn quiet_expression(&mut self) -> Parsed {
        let invalid = std::mem::replace(&mut self.invalid, false);
        let result = self.attempt(Self::plain_expression);
        self.invalid = invalid;
        result
    }

    fn invalid_expression(&mut self) -> Parsed {
        self.invalid_rule(|p| {
            p.expect_kind(TokenKind::String)?;
            let inner = p.many1(|p| {
                p.negative_lookahead(|p| p.expect_kind(TokenKind::String))?;
                p.quiet_expression()
            })?;
            p.expect_kind(TokenKind::String)?;
            let msg = "invalid syntax. Is this intended to be part of the string?";
            p.raise_range(inner[0], *inner.last()?, msg);
            Some(())
        });
        self.invalid_rule(|p| {
            p.negative_lookahead(|p| {
                p.attempt(|p| {
                    p.name()?;
                    p.expect_kind(TokenKind::String)
                })
                .or_else(|| SOFT.iter().find_map(|w| p.expect_soft_keyword(w)))
            })?;
            let a = p.disjunction()?;
            let b = p.quiet_expression()?;
            let level = p.scan.tokens[..p.mark].last().map_or(0, |t| t.level);
            if !p.is_print(a) && level > 0 {
                p.raise_range(a, b, "invalid syntax. Perhaps you forgot a comma?");
            }
            Some(())
        });
        self.invalid_rule(|p| {
            let a = p.disjunction()?;
            p.expect("if")?;
            let b = p.disjunction()?;
            p.negative_lookahead(|p| p.expect_any(&["else", ":"]))?;
            p.raise_range(a, b, "expected 'else' after 'if' expression");
            Some(())
        });
        self.invalid_rule(|p| {
            p.disjunction()?;
            p.expect("if")?;
            p.disjunction()?;
            p.expect("else")?;
            p.negative_lookahead(Self::expression)?;
            p.raise_next("expected expression after 'else', but statement is given");
            Some(())
        });
        self.invalid_rule(|p| {
            let word = p.expect_any(&["pass", "break", "continue"])?;
            p.expect("if")?;
            p.disjunction()?;
            p.expect("else")?;
            p.simple_stmt()?;
            let msg = "expected expression before 'if', but statement is given";
            p.raise_token(word, msg, false);
            Some(())
        });
        self.invalid_rule(|p| {
            let from = p.mark;
            p.expect("lambda")?;
            p.attempt(Self::lambda_params);
            p.expect(":")?;
            let all = p.node(ExprKind::Other, from, Vec::new())?;
            let word = match p.peek()?.kind {
                TokenKind::FMiddle(false) => "f-string",
                TokenKind::FMiddle(true) => "t-string",
                _ => return None,
            };
            let msg = format!("{word}: lambda expressions are not allowed without parentheses");
            p.raise_node(all, msg);
            Some(())
        });
        None
    }

    fn is_print(&self, n: NodeId) -> bool {
        let node = self.get(n);
        node.kind == ExprKind::Name
            && matches!(&self.source[node.start..node.end], "print" | "exec")
    }

    fn invalid_print(&mut self) -> Parsed {
        let a = self.name()?;
        self.negative_lookahead(|p| p.expect("("))?;
        let b = self.star_expressions()?;
        if self.is_print(a) {
            let name = &self.source[self.get(a).start..self.get(a).end];
            let msg = format!("Missing parentheses in call to '{name}'. Did you mean {name}(...)?");
            self.raise_range(a, b, msg);
        }
        None
    }

    pub fn yield_expression(&mut self) -> Parsed {
        self.attempt(|p| {
            let from = p.mark;
            p.expect("yield")?;
            let delegated = p.attempt(|p| {
                p.expect("from")?;
                p.expression()
            });
            if delegated.is_none() {
                p.attempt(Self::star_expressions);
            }
            p.node(ExprKind::Yield, from, Vec::new())
        })
    }

    // Operators.

    fn chain(&mut self, word: &str, operand: fn(&mut Self) -> Parsed) -> Parsed {
        let from = self.mark;
        let first = self.attempt(operand)?;
        let more = self.many0(|p| {
            p.expect(word)?;
            operand(p)
        });
        if more.is_empty() {
            return Some(first);
        }
        self.node(ExprKind::Operation, from, Vec::new())
    }

    pub fn disjunction(&mut self) -> Parsed {
        self.memoized(Rule::Disjunction, |p| p.chain("or", Self::conjunction))
    }

    fn conjunction(&mut self) -> Parsed {
        self.memoized(Rule::Conjunction, |p| p.chain("and", Self::inversion))
    }

    fn inversion(&mut self) -> Parsed {
        self.memoized(Rule::Inversion, |p| {
            p.attempt(|p| {
                let from = p.mark;
                p.expect("not")?;
                p.inversion()?;
                p.node(ExprKind::Operation, from, Vec::new())
            })
            .or_else(|| p.comparison())
        })
    }

    fn comparison(&mut self) -> Parsed {
        let from = self.mark;
        let first = self.bitwise_or()?;
        let more = self.many0(|p| {
            let simple = p.expect_any(&["==", "!=", "<=", "<", ">=", ">"]);
            if simple.is_none() {
                p.attempt(|p| {
                    p.expect("not")?;
                    p.expect("in")
                })
                .or_else(|| p.expect("in"))
                .or_else(|| {
                    let is = p.expect("is");
                    if is.is_some() {
                        p.expect("not");
                    }
                    is
                })?;
            }
            p.bitwise_or()
        });
        if more.is_empty() {
            return Some(first);
        }
        let children = [vec![first], more].concat();
        self.node(ExprKind::Compare, from, children)
    }

    fn binary(&mut self, rule: Rule, words: &[&str], operand: fn(&mut Self) -> Parsed) -> Parsed {
        self.memoized(rule, |p| {
            let from = p.mark;
            let mut left = p.attempt(operand)?;
            while p
                .attempt(|p| {
                    p.expect_any(words)?;
                    operand(p)
                })
                .is_some()
            {
                left = p.node(ExprKind::Operation, from, Vec::new())?;
            }
            Some(left)
        })
    }

    pub fn bitwise_or(&mut self) -> Parsed {
        self.binary(Rule::BitOr, &["|"], |p| {
            p.binary(Rule::BitXor, &["^"], |p| {
                p.binary(Rule::BitAnd, &["&"], |p| {
                    p.binary(Rule::Shift, &["<<", ">>"], |p| {
                        p.invalid_rule(Self::invalid_arithmetic);
                        p.sum()
                    })
                })
            })
        })
    }

    fn sum(&mut self) -> Parsed {
        self.binary(Rule::Sum, &["+", "-"], |p| {
            p.binary(Rule::Term, &["*", "/", "//", "%", "@"], |p| {
                p.invalid_rule(|p| {
                    p.expect_any(&["+", "-", "~"])?;
                    p.unbracketed_not(Self::factor)
                });
                p.factor()
            })
        })
    }

    fn invalid_arithmetic(&mut self) -> Parsed {
        self.sum()?;
        self.expect_any(&["+", "-", "*", "/", "%", "//", "@"])?;
        self.unbracketed_not(Self::inversion)
    }

    fn unbracketed_not(&mut self, operand: fn(&mut Self) -> Parsed) -> Parsed {
        let from = self.mark;
        self.expect("not")?;
        operand(self)?;
        let all = self.node(ExprKind::Operation, from, Vec::new())?;
        self.raise_node(all, "'not' after an operator must be parenthesized");
        None
    }

    fn factor(&mut self) -> Parsed {
        self.memoized(Rule::Factor, |p| {
            p.attempt(|p| {
                let from = p.mark;
                p.expect_any(&["+", "-", "~"])?;
                p.factor()?;
                p.node(ExprKind::Operation, from, Vec::new())
            })
            .or_else(|| p.power())
        })
    }

    fn power(&mut self) -> Parsed {
        let from = self.mark;
        let base = self.await_primary()?;
        let raised = self.attempt(|p| {
            p.expect("**")?;
            p.factor()
        });
        match raised {
            Some(_) => self.node(ExprKind::Operation, from, Vec::new()),
            None => Some(base),
        }
    }

    fn await_primary(&mut self) -> Parsed {
        self.memoized(Rule::AwaitPrimary, |p| {
            p.attempt(|p| {
                let from = p.mark;
                p.expect("await")?;
                p.primary()?;
                p.node(ExprKind::Await, from, Vec::new())
            })
            .or_else(|| p.primary())
        })
    }

    // Primaries.

    fn primary(&mut self) -> Parsed {
        self.memoized(Rule::Primary, |p| {
            let from = p.mark;
            let mut left = p.atom()?;
            while let Some(what) = p.trailer() {
                left = p.node(what, from, Vec::new())?;
            }
            Some(left)
        })
    }

    fn trailer(&mut self) -> Option<ExprKind> {
        self.attempt(|p| {
            p.expect(".")?;
            p.name()?;
            Some(ExprKind::Attribute)
        })
        .or_else(|| self.generator().map(|_| ExprKind::Call))
        .or_else(|| {
            self.attempt(|p| {
                p.expect("(")?;
                p.arguments();
                p.expect(")")?;
                Some(ExprKind::Call)
            })
        })
        .or_else(|| {
            self.attempt(|p| {
                p.expect("[")?;
                p.slices()?;
                p.expect("]")?;
                Some(ExprKind::Subscript)
            })
        })
    }

    pub fn slices(&mut self) -> Parsed {
        let single = self.attempt(|p| {
            let s = p.slice()?;
            p.negative_lookahead(|p| p.expect(","))?;
            Some(s)
        });
        single.or_else(|| {
            let from = self.mark;
            let all = self.separated1(",", |p| {
                p.attempt(Self::slice).or_else(|| p.starred_expression())
            })?;
            self.expect(",");
            self.node(ExprKind::Tuple, from, all)
        })
    }

    fn slice(&mut self) -> Parsed {
        self.attempt(|p| {
            let from = p.mark;
            p.attempt(Self::expression);
            p.expect(":")?;
            p.attempt(Self::expression);
            p.attempt(|p| {
                p.expect(":")?;
                p.attempt(Self::expression);
                Some(())
            });
            p.node(ExprKind::Other, from, Vec::new())
        })
        .or_else(|| self.named_expression())
    }

    fn constant(&mut self) -> Parsed {
        let t = self.expect_any(&["True", "False", "None"])?;
        let what = match self.text_of(t) {
            "True" => ExprKind::True,
            "False" => ExprKind::False,
            _ => ExprKind::None,
        };
        Some(self.leaf(what, t))
    }

    pub fn atom(&mut self) -> Parsed {
        let t = self.peek()?;
        match t.kind {
            TokenKind::Name => self.name(),
            TokenKind::Keyword => self.constant(),
            TokenKind::String | TokenKind::FStart(_) => self.strings(),
            TokenKind::Number => {
                self.mark += 1;
                Some(self.leaf(ExprKind::Literal, t))
            }
            TokenKind::Op => match self.text_of(t) {
                "(" => self
                    .attempt(Self::tuple_display)
                    .or_else(|| self.group())
                    .or_else(|| self.generator()),
                "[" => self
                    .attempt(Self::list_display)
                    .or_else(|| self.list_comprehension()),
                "{" => self
                    .dict()
                    .or_else(|| self.attempt(Self::set_display))
                    .or_else(|| self.dict_comprehension())
                    .or_else(|| self.set_comprehension()),
                "..." => {
                    self.mark += 1;
                    Some(self.leaf(ExprKind::Ellipsis, t))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn group(&mut self) -> Parsed {
        let inner = self.attempt(|p| {
            p.expect("(")?;
            let e = p.yield_expression().or_else(|| p.named_expression())?;
            p.expect(")")?;
            Some(e)
        });
        if inner.is_none() {
            self.invalid_rule(|p| {
                p.expect("(")?;
                let a = p.starred_expression()?;
                p.expect(")")?;
                p.raise_node(a, "cannot use starred expression here");
                Some(())
            });
            self.invalid_rule(|p| {
                p.expect("(")?;
                let stars = p.expect("**")?;
                p.expression()?;
                p.expect(")")?;
                p.raise_token(stars, "cannot use double starred expression here", false);
                Some(())
            });
        }
        inner
    }

    fn list_display(&mut self) -> Parsed {
        let from = self.mark;
        self.expect("[")?;
        let all = self.attempt(Self::star_nameds);
        self.expect("]")?;
        self.node(ExprKind::List, from, all.unwrap_or_default())
    }

    fn tuple_display(&mut self) -> Parsed {
        let from = self.mark;
        self.expect("(")?;
        let all = self.attempt(|p| {
            let first = p.star_named()?;
            p.expect(",")?;
            let more = p.attempt(Self::star_nameds).unwrap_or_default();
            Some([vec![first], more].concat())
        });
        self.expect(")")?;
        self.node(ExprKind::Tuple, from, all.unwrap_or_default())
    }

    fn set_display(&mut self) -> Parsed {
        let from = self.mark;
        self.expect("{")?;
        self.star_nameds()?;
        self.expect("}")?;
        self.node(ExprKind::Set, from, Vec::new())
    }

    fn dict(&mut self) -> Parsed {
        let valid = self.attempt(|p| {
            let from = p.mark;
            p.expect("{")?;
            p.attempt(|p| {
                p.separated1(",", Self::dict_item)?;
                p.expect(",");
                Some(())
            });
            p.expect("}")?;
            p.node(ExprKind::Dict, from, Vec::new())
        });
        // CPython looks for these in its first pass too.
        if valid.is_none() {
            self.invalid_rule_always(|p| {
                p.expect("{")?;
                p.invalid_rule_always(|p| {
                    p.separated1(",", Self::dict_item)?;
                    p.expect(",")?;
                    p.invalid_rule_always(|p| {
                        let a = p.expression()?;
                        p.negative_lookahead(|p| p.expect(":"))?;
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
        self.invalid_rule_always(|p| {
            p.expression()?;
            p.expect(":")?;
            let star = p.expect("*")?;
            p.bitwise_or()?;
            let msg = "cannot use a starred expression in a dictionary value";
            p.raise_from(star.start, msg);
            Some(())
        });
        self.invalid_rule_always(|p| {
            p.expression()?;
            let colon = p.expect(":")?;
            p.lookahead(|p| p.expect_any(&["}", ","]))?;
            let msg = "expression expected after dictionary key and ':'";
            p.raise_token(colon, msg, false);
            Some(())
        });
    }

    fn dict_item(&mut self) -> Parsed {
        self.attempt(|p| {
            p.expect("**")?;
            p.bitwise_or()
        })
        .or_else(|| self.attempt(Self::key_value))
    }

    fn key_value(&mut self) -> Parsed {
        let key = self.expression()?;
        self.expect(":")?;
        self.expression()?;
        Some(key)
    }

    // Comprehensions.

    pub fn clauses(&mut self) -> Option<Vec<NodeId>> {
        self.many1(Self::clause)
    }

    fn clause(&mut self) -> Parsed {
        let from = self.mark;
        for is_async in [true, false] {
            let mut committed = false;
            let clause = self.attempt(|p| {
                if is_async {
                    p.expect("async")?;
                }
                p.expect("for")?;
                let target = p.star_targets()?;
                p.expect("in")?;
                committed = true;
                let mut children = vec![target, p.disjunction()?];
                children.extend(p.many0(|p| {
                    p.expect("if")?;
                    p.disjunction()
                }));
                p.node(ExprKind::Clause, from, children)
            });
            if committed {
                return clause;
            }
        }
        self.invalid_rule(|p| {
            p.expect("async");
            p.expect("for")?;
            p.separated1(",", Self::bitwise_or)?;
            p.expect(",");
            p.negative_lookahead(|p| p.expect("in"))?;
            p.raise_last("'in' expected after for-loop variables");
            Some(())
        });
        self.invalid_rule(Self::invalid_for_target);
        None
    }

    pub fn invalid_for_target(&mut self) -> Parsed {
        self.expect("async");
        self.expect("for")?;
        let a = self.star_expressions()?;
        self.raise_bad_target(a, Use::For);
        None
    }

    fn list_comprehension(&mut self) -> Parsed {
        let valid = self.attempt(|p| {
            let from = p.mark;
            p.expect("[")?;
            p.named_expression()?;
            p.clauses()?;
            p.expect("]")?;
            p.node(ExprKind::ListComp, from, Vec::new())
        });
        if valid.is_none() {
            self.invalid_rule(Self::invalid_comprehension);
        }
        valid
    }

    fn set_comprehension(&mut self) -> Parsed {
        let valid = self.attempt(|p| {
            let from = p.mark;
            p.expect("{")?;
            p.named_expression()?;
            p.clauses()?;
            p.expect("}")?;
            p.node(ExprKind::SetComp, from, Vec::new())
        });
        if valid.is_none() {
            self.invalid_rule(Self::invalid_comprehension);
        }
        valid
    }

    pub fn generator(&mut self) -> Parsed {
        let valid = self.attempt(|p| {
            let from = p.mark;
            p.expect("(")?;
            if p.committed_assignment() {
                p.assignment_expression()?;
            } else {
                p.unnamed_expression()?;
            }
            p.clauses()?;
            p.expect(")")?;
            p.node(ExprKind::Generator, from, Vec::new())
        });
        if valid.is_none() {
            self.invalid_rule(Self::invalid_comprehension);
        }
        valid
    }

    fn dict_comprehension(&mut self) -> Parsed {
        let valid = self.attempt(|p| {
            let from = p.mark;
            p.expect("{")?;
            p.key_value()?;
            p.clauses()?;
            p.expect("}")?;
            p.node(ExprKind::DictComp, from, Vec::new())
        });
        if valid.is_none() {
            self.invalid_rule(|p| {
                p.expect("{")?;
                let stars = p.expect("**")?;
                p.bitwise_or()?;
                p.clauses()?;
                p.expect("}")?;
                let msg = "dict unpacking cannot be used in dict comprehension";
                p.raise_token(stars, msg, false);
                Some(())
            });
        }
        valid
    }

    fn invalid_comprehension(&mut self) -> Parsed {
        self.invalid_rule(|p| {
            p.expect_any(&["[", "(", "{"])?;
            let a = p.starred_expression()?;
            p.clauses()?;
            p.raise_node(a, "iterable unpacking cannot be used in comprehension");
            Some(())
        });
        let msg = "did you forget parentheses around the comprehension target?";
        self.invalid_rule(|p| {
            p.expect_any(&["[", "{"])?;
            let a = p.star_named()?;
            p.expect(",")?;
            let b = p.star_nameds()?;
            p.clauses()?;
            p.raise_range(a, *b.last()?, msg);
            Some(())
        });
        self.invalid_rule(|p| {
            p.expect_any(&["[", "{"])?;
            let a = p.star_named()?;
            let comma = p.expect(",")?;
            let to = p.leaf(ExprKind::Other, comma);
            p.clauses()?;
            p.raise_range(a, to, msg);
            Some(())
        });
        None
    }

    // Targets.

    pub fn star_targets(&mut self) -> Parsed {
        let from = self.mark;
        let single = self.attempt(|p| {
            let t = p.star_target()?;
            p.negative_lookahead(|p| p.expect(","))?;
            Some(t)
        });
        single.or_else(|| {
            self.attempt(|p| {
                let all = p.separated1(",", Self::star_target)?;
                p.expect(",");
                p.node(ExprKind::Tuple, from, all)
            })
        })
    }

    pub fn star_target(&mut self) -> Parsed {
        self.memoized(Rule::StarTarget, |p| {
            p.attempt(|p| {
                let from = p.mark;
                p.expect("*")?;
                p.negative_lookahead(|p| p.expect("*"))?;
                let t = p.star_target()?;
                p.node(ExprKind::Starred, from, vec![t])
            })
            .or_else(|| p.target_with_star_atom())
        })
    }

    fn target_with_star_atom(&mut self) -> Parsed {
        self.memoized(Rule::TargetWithStarAtom, |p| {
            p.attribute_or_item().or_else(|| p.star_atom())
        })
    }

    fn star_atom(&mut self) -> Parsed {
        if let Some(n) = self.name() {
            return Some(n);
        }
        let inner = self.attempt(|p| {
            p.expect("(")?;
            let t = p.target_with_star_atom()?;
            p.expect(")")?;
            Some(t)
        });
        inner
            .or_else(|| {
                self.attempt(|p| {
                    let from = p.mark;
                    p.expect("(")?;
                    let all = p.attempt(|p| {
                        let first = p.star_target()?;
                        p.expect(",")?;
                        let more = p.separated1(",", Self::star_target);
                        if more.is_some() {
                            p.expect(",");
                        }
                        Some([vec![first], more.unwrap_or_default()].concat())
                    });
                    p.expect(")")?;
                    p.node(ExprKind::Tuple, from, all.unwrap_or_default())
                })
            })
            .or_else(|| {
                self.attempt(|p| {
                    let from = p.mark;
                    p.expect("[")?;
                    let all = p.attempt(|p| {
                        let all = p.separated1(",", Self::star_target)?;
                        p.expect(",");
                        Some(all)
                    });
                    p.expect("]")?;
                    p.node(ExprKind::List, from, all.unwrap_or_default())
                })
            })
    }

    pub fn single_target(&mut self) -> Parsed {
        self.attribute_or_item()
            .or_else(|| self.name())
            .or_else(|| {
                self.attempt(|p| {
                    p.expect("(")?;
                    let t = p.nested(Self::single_target)?;
                    p.expect(")")?;
                    Some(t)
                })
            })
    }

    /// `a.b` or `a[b]` that no trailer follows.
    pub fn attribute_or_item(&mut self) -> Parsed {
        self.attempt(|p| {
            let from = p.mark;
            let trailed = |p: &mut Self| p.expect_any(&["(", "[", "."]);
            p.atom()?;
            p.lookahead(trailed)?;
            loop {
                let what = p.trailer()?;
                if !p.matches(trailed) {
                    if what == ExprKind::Call {
                        return None;
                    }
                    return p.node(what, from, Vec::new());
                }
            }
        })
    }

    pub fn del_targets(&mut self) -> Option<Vec<NodeId>> {
        let all = self.separated1(",", Self::del_target)?;
        self.expect(",");
        Some(all)
    }

    fn del_target(&mut self) -> Parsed {
        self.memoized(Rule::DelTarget, |p| {
            if let Some(t) = p.attribute_or_item().or_else(|| p.name()) {
                return Some(t);
            }
            p.attempt(|p| {
                p.expect("(")?;
                let t = p.del_target()?;
                p.expect(")")?;
                Some(t)
            })
            .or_else(|| {
                p.attempt(|p| {
                    p.expect("(")?;
                    p.attempt(Self::del_targets);
                    p.expect(")")?;
                    p.unit()
                })
            })
            .or_else(|| {
                p.attempt(|p| {
                    p.expect("[")?;
                    p.attempt(Self::del_targets);
                    p.expect("]")?;
                    p.unit()
                })
            })
        })
    }
}
