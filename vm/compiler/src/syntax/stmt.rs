//! Statements.
use super::node::{ExprKind, Use};
use super::parser::{Parsed, Parser, Rule};
use crate::scan::{Token, TokenKind};

const AUGMENTED: [&str; 13] = [
    "+=", "-=", "*=", "@=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "**=", "//=",
];

const EXPECTED_COLON: &str = "expected ':'";

impl Parser<'_> {
    pub fn file(&mut self) -> Parsed {
        self.statements();
        self.expect_kind(TokenKind::End)?;
        self.unit()
    }

    pub fn eval(&mut self) -> Parsed {
        self.expressions()?;
        self.many0(|p| p.expect_kind(TokenKind::Newline));
        self.expect_kind(TokenKind::End)?;
        self.unit()
    }

    pub fn interactive(&mut self) -> Parsed {
        self.attempt(|p| {
            p.compound_stmt()?;
            p.expect_kind(TokenKind::Newline)
        })
        .map(|_| ())
        .or_else(|| self.simple_stmts().map(|_| ()))
        .or_else(|| self.expect_kind(TokenKind::Newline).map(|_| ()))?;
        self.unit()
    }

    fn statements(&mut self) -> Parsed {
        let from = self.mark;
        self.many1(|p| {
            let stmt = p.compound_stmt().or_else(|| p.simple_stmts())?;
            p.trim_memo(from);
            Some(stmt)
        })?;
        self.unit()
    }

    fn simple_stmts(&mut self) -> Parsed {
        self.attempt(|p| {
            p.simple_stmt()?;
            p.negative_lookahead(|p| p.expect(";"))?;
            p.expect_kind(TokenKind::Newline)?;
            p.unit()
        })
        .or_else(|| {
            self.attempt(|p| {
                p.separated1(";", Self::simple_stmt)?;
                p.expect(";");
                p.expect_kind(TokenKind::Newline)?;
                p.unit()
            })
        })
    }

    fn starts(&mut self, words: &[&str]) -> bool {
        self.matches(|p| p.expect_any(words))
    }

    pub fn simple_stmt(&mut self) -> Parsed {
        self.memoized(Rule::SimpleStmts, |p| {
            if let Some(n) = p.assignment() {
                return Some(n);
            }
            if p.matches(|p| p.expect_soft_keyword("type"))
                && let Some(n) = p.attempt(Self::type_alias)
            {
                return Some(n);
            }
            if let Some(n) = p.attempt(Self::star_expressions) {
                return Some(n);
            }
            let word = p.peek().filter(|t| t.kind == TokenKind::Keyword)?;
            match p.text_of(word) {
                "return" => p.attempt(|p| {
                    p.expect("return")?;
                    p.attempt(Self::star_expressions);
                    p.unit()
                }),
                "import" | "from" => p.import_stmt(),
                "raise" => p.raise_stmt(),
                "pass" | "break" | "continue" => {
                    p.mark += 1;
                    p.unit()
                }
                "del" => p.del_stmt(),
                "yield" => p.yield_expression(),
                "assert" => p.attempt(|p| {
                    p.expect("assert")?;
                    p.expression()?;
                    p.attempt(|p| {
                        p.expect(",")?;
                        p.expression()
                    });
                    p.unit()
                }),
                "global" | "nonlocal" => p.attempt(|p| {
                    p.mark += 1;
                    p.separated1(",", Self::name)?;
                    p.unit()
                }),
                _ => None,
            }
        })
    }

    pub fn right_side(&mut self) -> Parsed {
        self.yield_expression()
            .or_else(|| self.attempt(Self::star_expressions))
    }

    fn assignment(&mut self) -> Parsed {
        let annotation = |p: &mut Self| {
            p.expect(":")?;
            p.expression()?;
            p.attempt(|p| {
                p.expect("=")?;
                p.right_side()
            });
            p.unit()
        };
        let annotated = self.attempt(|p| {
            p.name()?;
            annotation(p)
        });
        if annotated.is_some() {
            return annotated;
        }
        let annotated = self.attempt(|p| {
            p.attempt(|p| {
                p.expect("(")?;
                p.single_target()?;
                p.expect(")")
            })
            .map(|_| ())
            .or_else(|| p.attribute_or_item().map(|_| ()))?;
            annotation(p)
        });
        if annotated.is_some() {
            return annotated;
        }
        let plain = self.attempt(|p| {
            p.many1(|p| {
                p.star_targets()?;
                p.expect("=")
            })?;
            p.right_side()?;
            p.negative_lookahead(|p| p.expect("="))?;
            p.unit()
        });
        if plain.is_some() {
            return plain;
        }
        let mut committed = false;
        let augmented = self.attempt(|p| {
            p.single_target()?;
            p.expect_any(&AUGMENTED)?;
            committed = true;
            p.right_side()
        });
        if !committed {
            self.invalid_rule(Self::invalid_assignment);
        }
        augmented
    }

    fn invalid_assignment(&mut self) -> Parsed {
        self.invalid_rule(|p| {
            let a = p.list_or_tuple()?;
            p.expect(":")?;
            p.expression()?;
            let word = p.describe(a);
            p.raise_node(
                a,
                format!("only single target (not {word}) can be annotated"),
            );
            Some(())
        });
        self.invalid_rule(|p| {
            let a = p.star_named()?;
            p.expect(",")?;
            p.many0(Self::star_nameds);
            p.expect(":")?;
            p.expression()?;
            p.raise_node(a, "only single target (not tuple) can be annotated");
            Some(())
        });
        self.invalid_rule(|p| {
            let a = p.expression()?;
            p.expect(":")?;
            p.expression()?;
            p.raise_node(a, "illegal target for annotation");
            Some(())
        });
        let targets = |p: &mut Self| {
            p.many0(|p| {
                p.star_targets()?;
                p.expect("=")
            });
        };
        self.invalid_rule(|p| {
            targets(p);
            let a = p.star_expressions()?;
            p.expect("=")?;
            p.raise_bad_target(a, Use::Assign);
            Some(())
        });
        self.invalid_rule(|p| {
            targets(p);
            let a = p.yield_expression()?;
            p.expect("=")?;
            p.raise_node(a, "assignment to yield expression not possible");
            Some(())
        });
        self.invalid_rule(|p| {
            let a = p.star_expressions()?;
            p.expect_any(&AUGMENTED)?;
            p.right_side()?;
            let word = p.describe(a);
            let msg = format!("'{word}' is an illegal expression for augmented assignment");
            p.raise_node(a, msg);
            Some(())
        });
        None
    }

    /// A list or a tuple, perhaps in brackets.
    fn list_or_tuple(&mut self) -> Parsed {
        let display = self.attempt(|p| {
            p.lookahead(|p| p.expect_any(&["[", "("]))?;
            p.atom()
                .filter(|&n| matches!(p.get(n).kind, ExprKind::List | ExprKind::Tuple))
        });
        display.or_else(|| {
            self.attempt(|p| {
                p.expect("(")?;
                let a = p.nested(Self::list_or_tuple)?;
                p.expect(")")?;
                Some(a)
            })
        })
    }

    fn type_alias(&mut self) -> Parsed {
        self.expect_soft_keyword("type")?;
        self.name()?;
        self.attempt(Self::type_params);
        self.expect("=")?;
        self.expression()
    }

    fn raise_stmt(&mut self) -> Parsed {
        let full = self.attempt(|p| {
            p.expect("raise")?;
            p.expression()?;
            p.expect("from")?;
            p.expression()
        });
        if full.is_some() {
            return full;
        }
        self.attempt(|p| {
            p.expect("raise")?;
            p.attempt(Self::expression);
            p.unit()
        })
    }

    fn del_stmt(&mut self) -> Parsed {
        let valid = self.attempt(|p| {
            p.expect("del")?;
            p.del_targets()?;
            p.lookahead(|p| p.expect(";").or_else(|| p.expect_kind(TokenKind::Newline)))?;
            p.unit()
        });
        if valid.is_none() {
            self.invalid_rule(|p| {
                p.expect("del")?;
                let a = p.star_expressions()?;
                p.raise_bad_target(a, Use::Delete);
                Some(())
            });
        }
        valid
    }

    // Imports.

    fn dotted_name(&mut self) -> Parsed {
        self.separated1(".", Self::name)?;
        self.unit()
    }

    fn import_stmt(&mut self) -> Parsed {
        self.invalid_rule(|p| {
            let import = p.expect("import")?;
            p.separated1(",", Self::dotted_name)?;
            p.expect("from")?;
            p.dotted_name()?;
            let msg = "Did you mean to use 'from ... import ...' instead?";
            p.raise_from(import.start, msg);
            Some(())
        });
        self.invalid_rule(|p| {
            p.expect("import")?;
            let newline = p.expect_kind(TokenKind::Newline)?;
            p.raise_from(newline.start, "Expected one or more names after 'import'");
            Some(())
        });
        let plain = self.attempt(|p| {
            p.expect("import")?;
            p.separated1(",", |p| p.imported(Self::dotted_name))?;
            p.unit()
        });
        plain.or_else(|| {
            self.attempt(|p| {
                p.expect("from")?;
                let dots = p.many0(|p| p.expect_any(&[".", "..."])).len();
                if p.attempt(Self::dotted_name).is_none() && dots == 0 {
                    return None;
                }
                p.expect("import")?;
                p.import_from_targets()
            })
        })
    }

    fn imported(&mut self, name: fn(&mut Self) -> Parsed) -> Parsed {
        self.invalid_rule(|p| {
            name(p)?;
            p.expect("as")?;
            p.negative_lookahead(|p| {
                p.name()?;
                p.expect_any(&[",", ")"])
                    .or_else(|| p.expect_kind(TokenKind::Newline))
            })?;
            let a = p.expression()?;
            let word = p.describe(a);
            p.raise_node(a, format!("cannot use {word} as import target"));
            Some(())
        });
        name(self)?;
        self.attempt(|p| {
            p.expect("as")?;
            p.name()
        });
        self.unit()
    }

    fn import_from_targets(&mut self) -> Parsed {
        let names = |p: &mut Self| p.separated1(",", |p| p.imported(Self::name));
        let valid = self
            .attempt(|p| {
                p.expect("(")?;
                names(p)?;
                p.expect(",");
                p.expect(")")?;
                p.unit()
            })
            .or_else(|| {
                self.attempt(|p| {
                    names(p)?;
                    p.negative_lookahead(|p| p.expect(","))?;
                    p.unit()
                })
            })
            .or_else(|| {
                self.attempt(|p| {
                    p.expect("*")?;
                    p.unit()
                })
            });
        if valid.is_none() {
            self.invalid_rule(|p| {
                names(p)?;
                p.expect(",")?;
                p.expect_kind(TokenKind::Newline)?;
                p.raise_last("trailing comma not allowed without surrounding parentheses");
                Some(())
            });
            self.invalid_rule(|p| {
                let newline = p.expect_kind(TokenKind::Newline)?;
                p.raise_from(newline.start, "Expected one or more names after 'import'");
                Some(())
            });
        }
        valid
    }

    // Compound statements.

    fn compound_stmt(&mut self) -> Parsed {
        let deeper = |p: &mut Self, f: fn(&mut Self) -> Parsed| p.nested(|p| p.attempt(f));
        if self.starts(&["def", "@", "async"])
            && let Some(n) = deeper(self, |p| p.decorated(Self::function))
        {
            return Some(n);
        }
        if self.starts(&["if"]) {
            return deeper(self, |p| p.if_stmt("if"));
        }
        if self.starts(&["class", "@"])
            && let Some(n) = deeper(self, |p| p.decorated(Self::class))
        {
            return Some(n);
        }
        if self.starts(&["with", "async"])
            && let Some(n) = deeper(self, Self::with_stmt)
        {
            return Some(n);
        }
        if self.starts(&["for", "async"])
            && let Some(n) = deeper(self, Self::for_stmt)
        {
            return Some(n);
        }
        if self.starts(&["try"]) {
            return deeper(self, Self::try_stmt);
        }
        if self.starts(&["while"]) {
            return deeper(self, Self::while_stmt);
        }
        deeper(self, Self::match_stmt)
    }

    fn block(&mut self) -> Parsed {
        self.memoized(Rule::Block, |p| {
            let indented = p.attempt(|p| {
                p.expect_kind(TokenKind::Newline)?;
                p.expect_kind(TokenKind::Indent)?;
                p.statements()?;
                p.expect_kind(TokenKind::Dedent)?;
                p.unit()
            });
            if let Some(n) = indented.or_else(|| p.simple_stmts()) {
                return Some(n);
            }
            p.invalid_rule(|p| {
                p.no_block()?;
                p.raise_indentation("expected an indented block");
                Some(())
            });
            None
        })
    }

    fn no_block(&mut self) -> Option<()> {
        self.expect_kind(TokenKind::Newline)?;
        self.negative_lookahead(|p| p.expect_kind(TokenKind::Indent))
    }

    /// Behind a statement's head: a newline where the colon should be, or no block behind the colon.
    fn bad_head(&mut self, first: Token, what: &str) -> Option<()> {
        if self.expect(":").is_some() {
            return self.bad_block(first, what);
        }
        self.expect_kind(TokenKind::Newline)?;
        self.raise_last(EXPECTED_COLON);
        None
    }

    fn bad_block(&mut self, first: Token, what: &str) -> Option<()> {
        self.no_block()?;
        let line = self.lines.line(first.start as u32);
        let msg = format!("expected an indented block after {what} on line {line}");
        self.raise_indentation(msg);
        None
    }

    fn decorated(&mut self, f: fn(&mut Self) -> Parsed) -> Parsed {
        self.attempt(|p| {
            p.many1(|p| {
                p.expect("@")?;
                p.named_expression()?;
                p.expect_kind(TokenKind::Newline)
            })?;
            f(p)
        })
        .or_else(|| f(self))
    }

    fn returns(&mut self) {
        self.attempt(|p| {
            p.expect("->")?;
            p.expression()
        });
    }

    fn function(&mut self) -> Parsed {
        self.invalid_rule(|p| {
            p.expect("async");
            let def = p.expect("def")?;
            p.name()?;
            p.attempt(Self::type_params);
            p.expect("(")?;
            p.attempt(Self::params);
            p.expect(")")?;
            p.returns();
            p.expect(":")?;
            p.bad_block(def, "function definition")
        });
        self.invalid_rule(|p| {
            p.expect("async");
            p.expect("def")?;
            p.name()?;
            p.attempt(Self::type_params);
            p.expect_forced("(")?;
            p.attempt(Self::params);
            p.expect(")")?;
            p.returns();
            p.expect_forced(":")?;
            p.block()
        });
        self.attempt(|p| {
            p.expect("async");
            p.expect("def")?;
            p.name()?;
            p.attempt(Self::type_params);
            p.expect("(")?;
            p.attempt(Self::params);
            p.expect(")")?;
            p.returns();
            p.expect(":")?;
            p.block()
        })
    }

    fn class(&mut self) -> Parsed {
        let head = |p: &mut Self| {
            let class = p.expect("class")?;
            p.name()?;
            p.attempt(Self::type_params);
            p.attempt(|p| {
                p.expect("(")?;
                p.arguments();
                p.expect(")")
            });
            Some(class)
        };
        self.invalid_rule(|p| {
            let class = head(p)?;
            p.bad_head(class, "class definition")
        });
        self.attempt(|p| {
            head(p)?;
            p.expect(":")?;
            p.block()
        })
    }

    fn if_stmt(&mut self, word: &str) -> Parsed {
        self.invalid_rule(|p| {
            let first = p.expect(word)?;
            p.named_expression()?;
            p.bad_head(first, &format!("'{word}' statement"))
        });
        self.attempt(|p| {
            p.expect(word)?;
            p.named_expression()?;
            p.expect(":")?;
            p.block()?;
            if p.starts(&["elif"]) {
                return p.nested(|p| p.if_stmt("elif"));
            }
            p.attempt(Self::else_block);
            p.unit()
        })
    }

    fn else_block(&mut self) -> Parsed {
        self.invalid_rule(|p| {
            let first = p.expect("else")?;
            p.expect(":")?;
            p.bad_block(first, "'else' statement")
        });
        self.invalid_rule(|p| {
            p.expect("else")?;
            p.expect(":")?;
            p.block()?;
            p.expect("elif")?;
            p.raise_last("'elif' block follows an 'else' block");
            Some(())
        });
        self.expect("else")?;
        self.expect_forced(":")?;
        self.block()
    }

    fn while_stmt(&mut self) -> Parsed {
        self.invalid_rule(|p| {
            let first = p.expect("while")?;
            p.named_expression()?;
            p.bad_head(first, "'while' statement")
        });
        self.expect("while")?;
        self.named_expression()?;
        self.expect(":")?;
        self.block()?;
        self.attempt(Self::else_block);
        self.unit()
    }

    fn for_stmt(&mut self) -> Parsed {
        self.invalid_rule(|p| {
            p.expect("async");
            let first = p.expect("for")?;
            p.star_targets()?;
            p.expect("in")?;
            p.star_expressions()?;
            p.bad_head(first, "'for' statement")
        });
        let mut committed = false;
        let valid = self.attempt(|p| {
            p.expect("async");
            p.expect("for")?;
            p.star_targets()?;
            p.expect("in")?;
            committed = true;
            p.star_expressions()?;
            p.expect(":")?;
            p.block()?;
            p.attempt(Self::else_block);
            p.unit()
        });
        if !committed {
            self.invalid_rule(Self::invalid_for_target);
        }
        valid
    }

    fn with_stmt(&mut self) -> Parsed {
        let target = |p: &mut Self| {
            p.attempt(|p| {
                p.expect("as")?;
                p.star_target()
            });
            Some(())
        };
        let bare = |p: &mut Self| {
            p.separated1(",", |p| {
                p.expression()?;
                target(p)
            })
            .map(|_| ())
        };
        let bracketed = |p: &mut Self| {
            p.expect("(")?;
            p.separated1(",", |p| {
                p.expressions()?;
                target(p)
            })?;
            p.expect(",");
            p.expect(")").map(|_| ())
        };
        for items in [&bare as &dyn Fn(&mut Self) -> _, &bracketed] {
            self.invalid_rule(|p| {
                p.expect("async");
                let first = p.expect("with")?;
                items(p)?;
                p.expect(":")?;
                p.bad_block(first, "'with' statement")
            });
        }
        let valid = self
            .attempt(|p| {
                p.expect("async");
                p.expect("with")?;
                p.expect("(")?;
                p.separated1(",", Self::with_item)?;
                p.expect(",");
                p.expect(")")?;
                p.expect(":")?;
                p.block()
            })
            .or_else(|| {
                self.attempt(|p| {
                    p.expect("async");
                    p.expect("with")?;
                    p.separated1(",", Self::with_item)?;
                    p.expect(":")?;
                    p.block()
                })
            });
        if valid.is_some() {
            return valid;
        }
        for items in [&bare as &dyn Fn(&mut Self) -> _, &bracketed] {
            self.invalid_rule(|p| {
                p.expect("async");
                p.expect("with")?;
                items(p)?;
                p.expect_kind(TokenKind::Newline)?;
                p.raise_last(EXPECTED_COLON);
                Some(())
            });
        }
        None
    }

    fn with_item(&mut self) -> Parsed {
        let behind = |p: &mut Self| p.lookahead(|p| p.expect_any(&[",", ")", ":"]));
        let bound = self.attempt(|p| {
            let e = p.expression()?;
            p.expect("as")?;
            p.star_target()?;
            behind(p)?;
            Some(e)
        });
        if bound.is_some() {
            return bound;
        }
        self.invalid_rule(|p| {
            p.expression()?;
            p.expect("as")?;
            let a = p.expression()?;
            behind(p)?;
            p.raise_bad_target(a, Use::Assign);
            Some(())
        });
        self.expression()
    }

    // try

    fn try_stmt(&mut self) -> Parsed {
        self.invalid_rule(Self::invalid_try);
        let finally = |p: &mut Self| p.attempt(Self::finally_block);
        let body = |p: &mut Self| {
            p.expect("try")?;
            p.expect_forced(":")?;
            p.block()
        };
        self.attempt(|p| {
            body(p)?;
            finally(p)
        })
        .or_else(|| {
            [false, true].into_iter().find_map(|star| {
                self.attempt(|p| {
                    body(p)?;
                    p.many1(|p| p.except_block(star))?;
                    p.attempt(Self::else_block);
                    finally(p);
                    p.unit()
                })
            })
        })
    }

    fn invalid_try(&mut self) -> Parsed {
        self.invalid_rule(|p| {
            let first = p.expect("try")?;
            p.expect(":")?;
            p.bad_block(first, "'try' statement")
        });
        self.invalid_rule(|p| {
            p.expect("try")?;
            p.expect(":")?;
            p.block()?;
            p.negative_lookahead(|p| p.expect_any(&["except", "finally"]))?;
            p.raise_last("expected 'except' or 'finally' block");
            Some(())
        });
        let msg = "cannot have both 'except' and 'except*' on the same 'try'";
        let before = |p: &mut Self, star: bool| {
            p.expect("try")?;
            p.expect(":")?;
            p.many0(Self::block);
            p.many1(|p| p.except_block(star))
        };
        let bound = |p: &mut Self| {
            p.expression()?;
            p.attempt(|p| {
                p.expect("as")?;
                p.name()
            });
            Some(())
        };
        self.invalid_rule(|p| {
            before(p, false)?;
            let from = p.mark;
            p.expect("except")?;
            p.expect("*")?;
            let all = p.node(ExprKind::Other, from, Vec::new())?;
            bound(p)?;
            p.expect(":")?;
            p.raise_node(all, msg);
            Some(())
        });
        self.invalid_rule(|p| {
            before(p, true)?;
            let except = p.expect("except")?;
            p.attempt(bound);
            p.expect(":")?;
            p.raise_token(except, msg, false);
            Some(())
        });
        None
    }

    fn except_head(&mut self, star: bool) -> Option<Token> {
        let first = self.expect("except")?;
        if star {
            self.expect("*")?;
        }
        Some(first)
    }

    fn except_block(&mut self, star: bool) -> Parsed {
        let statement = if star {
            "'except*' statement"
        } else {
            "'except' statement"
        };
        let bound = |p: &mut Self| {
            p.attempt(|p| {
                p.expect("as")?;
                p.name()
            });
        };
        self.invalid_rule(|p| {
            let first = p.except_head(star)?;
            p.expression()?;
            bound(p);
            p.expect(":")?;
            p.bad_block(first, statement)
        });
        if !star {
            self.invalid_rule(|p| {
                let first = p.except_head(star)?;
                p.expect(":")?;
                p.bad_block(first, statement)
            });
        }
        let forms: [&dyn Fn(&mut Self) -> Parsed; 3] = [
            &|p| p.expression(),
            &|p| {
                p.expression()?;
                p.expect("as")?;
                p.name()
            },
            &|p| p.expressions(),
        ];
        for form in forms {
            let valid = self.attempt(|p| {
                p.except_head(star)?;
                form(p)?;
                p.expect(":")?;
                p.block()
            });
            if valid.is_some() {
                return valid;
            }
        }
        if !star {
            let valid = self.attempt(|p| {
                p.except_head(star)?;
                p.expect(":")?;
                p.block()
            });
            if valid.is_some() {
                return valid;
            }
        }
        self.invalid_rule(|p| p.invalid_except(star));
        None
    }

    fn invalid_except(&mut self, star: bool) -> Parsed {
        self.invalid_rule(|p| {
            p.except_head(star)?;
            let a = p.expression()?;
            p.expect(",")?;
            p.expressions()?;
            p.expect("as")?;
            p.name()?;
            p.expect(":")?;
            let msg = "multiple exception types must be parenthesized when using 'as'";
            p.raise_from(p.get(a).start, msg);
            Some(())
        });
        self.invalid_rule(|p| {
            p.except_head(star)?;
            p.expression()?;
            p.attempt(|p| {
                p.expect("as")?;
                p.name()
            });
            p.expect_kind(TokenKind::Newline)?;
            p.raise_last(EXPECTED_COLON);
            Some(())
        });
        self.invalid_rule(|p| {
            p.except_head(star)?;
            if star {
                p.expect(":")
                    .or_else(|| p.expect_kind(TokenKind::Newline))?;
                p.raise_last("expected one or more exception types");
            } else {
                p.expect_kind(TokenKind::Newline)?;
                p.raise_last(EXPECTED_COLON);
            }
            Some(())
        });
        if !star {
            self.invalid_rule(|p| {
                p.except_head(true)?;
                p.expect(":")
                    .or_else(|| p.expect_kind(TokenKind::Newline))?;
                p.raise_last("expected one or more exception types");
                Some(())
            });
        }
        self.invalid_rule(|p| {
            p.except_head(star)?;
            p.expression()?;
            p.expect("as")?;
            let a = p.expression()?;
            p.expect(":")?;
            p.block()?;
            let word = p.describe(a);
            let except = if star { "except*" } else { "except" };
            p.raise_node(a, format!("cannot use {except} statement with {word}"));
            Some(())
        });
        None
    }

    fn finally_block(&mut self) -> Parsed {
        self.invalid_rule(|p| {
            let first = p.expect("finally")?;
            p.expect(":")?;
            p.bad_block(first, "'finally' statement")
        });
        self.expect("finally")?;
        self.expect_forced(":")?;
        self.block()
    }

    // match

    fn match_stmt(&mut self) -> Parsed {
        let valid = self.attempt(|p| {
            p.expect_soft_keyword("match")?;
            p.subject()?;
            p.expect(":")?;
            p.expect_kind(TokenKind::Newline)?;
            p.expect_kind(TokenKind::Indent)?;
            p.many1(Self::case_block)?;
            p.expect_kind(TokenKind::Dedent)?;
            p.unit()
        });
        if valid.is_none() {
            self.invalid_rule(|p| {
                let first = p.expect_soft_keyword("match")?;
                p.subject()?;
                p.bad_head(first, "'match' statement")
            });
        }
        valid
    }

    fn subject(&mut self) -> Parsed {
        self.attempt(|p| {
            p.star_named()?;
            p.expect(",")?;
            p.attempt(Self::star_nameds);
            p.unit()
        })
        .or_else(|| self.named_expression())
    }

    fn case_block(&mut self) -> Parsed {
        let head = |p: &mut Self| {
            let case = p.expect_soft_keyword("case")?;
            p.patterns()?;
            p.attempt(|p| {
                p.expect("if")?;
                p.named_expression()
            });
            Some(case)
        };
        self.invalid_rule(|p| {
            let case = head(p)?;
            p.bad_head(case, "'case' statement")
        });
        self.attempt(|p| {
            head(p)?;
            p.expect(":")?;
            p.block()
        })
    }
}
