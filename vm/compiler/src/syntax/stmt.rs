//! Statements.
use super::node::{Use, What};
use super::parser::{Parser, R, Rule};
use crate::scan::{Kind, Token};

const AUGMENTED: [&str; 13] = [
    "+=", "-=", "*=", "@=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "**=", "//=",
];

const EXPECTED_COLON: &str = "expected ':'";

impl Parser<'_> {
    pub fn file(&mut self) -> R {
        self.statements();
        self.kind(Kind::End)?;
        self.done()
    }

    pub fn eval(&mut self) -> R {
        self.expressions()?;
        self.many(|p| p.kind(Kind::Newline));
        self.kind(Kind::End)?;
        self.done()
    }

    pub fn interactive(&mut self) -> R {
        self.alt(|p| {
            p.compound_stmt()?;
            p.kind(Kind::Newline)
        })
        .map(|_| ())
        .or_else(|| self.simple_stmts().map(|_| ()))
        .or_else(|| self.kind(Kind::Newline).map(|_| ()))?;
        self.done()
    }

    fn statements(&mut self) -> R {
        let from = self.mark;
        self.some(|p| {
            let stmt = p.compound_stmt().or_else(|| p.simple_stmts())?;
            p.forget(from);
            Some(stmt)
        })?;
        self.done()
    }

    fn simple_stmts(&mut self) -> R {
        self.alt(|p| {
            p.simple_stmt()?;
            p.not(|p| p.word(";"))?;
            p.kind(Kind::Newline)?;
            p.done()
        })
        .or_else(|| {
            self.alt(|p| {
                p.list(";", Self::simple_stmt)?;
                p.word(";");
                p.kind(Kind::Newline)?;
                p.done()
            })
        })
    }

    fn starts(&mut self, words: &[&str]) -> bool {
        self.look(|p| p.any_word(words))
    }

    pub fn simple_stmt(&mut self) -> R {
        self.kept(Rule::SimpleStmts, |p| {
            if let Some(n) = p.assignment() {
                return Some(n);
            }
            if p.look(|p| p.soft("type"))
                && let Some(n) = p.alt(Self::type_alias)
            {
                return Some(n);
            }
            if let Some(n) = p.alt(Self::star_expressions) {
                return Some(n);
            }
            let word = p.token().filter(|t| t.kind == Kind::Keyword)?;
            match p.text_of(word) {
                "return" => p.alt(|p| {
                    p.word("return")?;
                    p.alt(Self::star_expressions);
                    p.done()
                }),
                "import" | "from" => p.import_stmt(),
                "raise" => p.raise_stmt(),
                "pass" | "break" | "continue" => {
                    p.mark += 1;
                    p.done()
                }
                "del" => p.del_stmt(),
                "yield" => p.yield_expression(),
                "assert" => p.alt(|p| {
                    p.word("assert")?;
                    p.expression()?;
                    p.alt(|p| {
                        p.word(",")?;
                        p.expression()
                    });
                    p.done()
                }),
                "global" | "nonlocal" => p.alt(|p| {
                    p.mark += 1;
                    p.list(",", Self::name)?;
                    p.done()
                }),
                _ => None,
            }
        })
    }

    pub fn right_side(&mut self) -> R {
        self.yield_expression()
            .or_else(|| self.alt(Self::star_expressions))
    }

    fn assignment(&mut self) -> R {
        let annotation = |p: &mut Self| {
            p.word(":")?;
            p.expression()?;
            p.alt(|p| {
                p.word("=")?;
                p.right_side()
            });
            p.done()
        };
        let annotated = self.alt(|p| {
            p.name()?;
            annotation(p)
        });
        if annotated.is_some() {
            return annotated;
        }
        let annotated = self.alt(|p| {
            p.alt(|p| {
                p.word("(")?;
                p.single_target()?;
                p.word(")")
            })
            .map(|_| ())
            .or_else(|| p.attribute_or_item().map(|_| ()))?;
            annotation(p)
        });
        if annotated.is_some() {
            return annotated;
        }
        let plain = self.alt(|p| {
            p.some(|p| {
                p.star_targets()?;
                p.word("=")
            })?;
            p.right_side()?;
            p.not(|p| p.word("="))?;
            p.done()
        });
        if plain.is_some() {
            return plain;
        }
        let mut committed = false;
        let augmented = self.alt(|p| {
            p.single_target()?;
            p.any_word(&AUGMENTED)?;
            committed = true;
            p.right_side()
        });
        if !committed {
            self.bad(Self::invalid_assignment);
        }
        augmented
    }

    fn invalid_assignment(&mut self) -> R {
        self.bad(|p| {
            let a = p.list_or_tuple()?;
            p.word(":")?;
            p.expression()?;
            let word = p.word_of(a);
            p.raise_node(
                a,
                format!("only single target (not {word}) can be annotated"),
            );
            Some(())
        });
        self.bad(|p| {
            let a = p.star_named()?;
            p.word(",")?;
            p.many(Self::star_nameds);
            p.word(":")?;
            p.expression()?;
            p.raise_node(a, "only single target (not tuple) can be annotated");
            Some(())
        });
        self.bad(|p| {
            let a = p.expression()?;
            p.word(":")?;
            p.expression()?;
            p.raise_node(a, "illegal target for annotation");
            Some(())
        });
        let targets = |p: &mut Self| {
            p.many(|p| {
                p.star_targets()?;
                p.word("=")
            });
        };
        self.bad(|p| {
            targets(p);
            let a = p.star_expressions()?;
            p.word("=")?;
            p.raise_bad_target(a, Use::Assign);
            Some(())
        });
        self.bad(|p| {
            targets(p);
            let a = p.yield_expression()?;
            p.word("=")?;
            p.raise_node(a, "assignment to yield expression not possible");
            Some(())
        });
        self.bad(|p| {
            let a = p.star_expressions()?;
            p.any_word(&AUGMENTED)?;
            p.right_side()?;
            let word = p.word_of(a);
            let msg = format!("'{word}' is an illegal expression for augmented assignment");
            p.raise_node(a, msg);
            Some(())
        });
        None
    }

    /// A list or a tuple, perhaps in brackets.
    fn list_or_tuple(&mut self) -> R {
        let display = self.alt(|p| {
            p.ahead(|p| p.any_word(&["[", "("]))?;
            p.atom()
                .filter(|&n| matches!(p.get(n).what, What::List | What::Tuple))
        });
        display.or_else(|| {
            self.alt(|p| {
                p.word("(")?;
                let a = p.deeper(Self::list_or_tuple)?;
                p.word(")")?;
                Some(a)
            })
        })
    }

    fn type_alias(&mut self) -> R {
        self.soft("type")?;
        self.name()?;
        self.alt(Self::type_params);
        self.word("=")?;
        self.expression()
    }

    fn raise_stmt(&mut self) -> R {
        let full = self.alt(|p| {
            p.word("raise")?;
            p.expression()?;
            p.word("from")?;
            p.expression()
        });
        if full.is_some() {
            return full;
        }
        self.alt(|p| {
            p.word("raise")?;
            p.alt(Self::expression);
            p.done()
        })
    }

    fn del_stmt(&mut self) -> R {
        let valid = self.alt(|p| {
            p.word("del")?;
            p.del_targets()?;
            p.ahead(|p| p.word(";").or_else(|| p.kind(Kind::Newline)))?;
            p.done()
        });
        if valid.is_none() {
            self.bad(|p| {
                p.word("del")?;
                let a = p.star_expressions()?;
                p.raise_bad_target(a, Use::Delete);
                Some(())
            });
        }
        valid
    }

    // Imports.

    fn dotted_name(&mut self) -> R {
        self.list(".", Self::name)?;
        self.done()
    }

    fn import_stmt(&mut self) -> R {
        self.bad(|p| {
            let import = p.word("import")?;
            p.list(",", Self::dotted_name)?;
            p.word("from")?;
            p.dotted_name()?;
            let msg = "Did you mean to use 'from ... import ...' instead?";
            p.raise_from(import.start, msg);
            Some(())
        });
        self.bad(|p| {
            p.word("import")?;
            let newline = p.kind(Kind::Newline)?;
            p.raise_from(newline.start, "Expected one or more names after 'import'");
            Some(())
        });
        let plain = self.alt(|p| {
            p.word("import")?;
            p.list(",", |p| p.imported(Self::dotted_name))?;
            p.done()
        });
        plain.or_else(|| {
            self.alt(|p| {
                p.word("from")?;
                let dots = p.many(|p| p.any_word(&[".", "..."])).len();
                if p.alt(Self::dotted_name).is_none() && dots == 0 {
                    return None;
                }
                p.word("import")?;
                p.import_from_targets()
            })
        })
    }

    fn imported(&mut self, name: fn(&mut Self) -> R) -> R {
        self.bad(|p| {
            name(p)?;
            p.word("as")?;
            p.not(|p| {
                p.name()?;
                p.any_word(&[",", ")"]).or_else(|| p.kind(Kind::Newline))
            })?;
            let a = p.expression()?;
            let word = p.word_of(a);
            p.raise_node(a, format!("cannot use {word} as import target"));
            Some(())
        });
        name(self)?;
        self.alt(|p| {
            p.word("as")?;
            p.name()
        });
        self.done()
    }

    fn import_from_targets(&mut self) -> R {
        let names = |p: &mut Self| p.list(",", |p| p.imported(Self::name));
        let valid = self
            .alt(|p| {
                p.word("(")?;
                names(p)?;
                p.word(",");
                p.word(")")?;
                p.done()
            })
            .or_else(|| {
                self.alt(|p| {
                    names(p)?;
                    p.not(|p| p.word(","))?;
                    p.done()
                })
            })
            .or_else(|| {
                self.alt(|p| {
                    p.word("*")?;
                    p.done()
                })
            });
        if valid.is_none() {
            self.bad(|p| {
                names(p)?;
                p.word(",")?;
                p.kind(Kind::Newline)?;
                p.raise_last("trailing comma not allowed without surrounding parentheses");
                Some(())
            });
            self.bad(|p| {
                let newline = p.kind(Kind::Newline)?;
                p.raise_from(newline.start, "Expected one or more names after 'import'");
                Some(())
            });
        }
        valid
    }

    // Compound statements.

    fn compound_stmt(&mut self) -> R {
        let deeper = |p: &mut Self, f: fn(&mut Self) -> R| p.deeper(|p| p.alt(f));
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

    fn block(&mut self) -> R {
        self.kept(Rule::Block, |p| {
            let indented = p.alt(|p| {
                p.kind(Kind::Newline)?;
                p.kind(Kind::Indent)?;
                p.statements()?;
                p.kind(Kind::Dedent)?;
                p.done()
            });
            if let Some(n) = indented.or_else(|| p.simple_stmts()) {
                return Some(n);
            }
            p.bad(|p| {
                p.no_block()?;
                p.raise_indentation("expected an indented block");
                Some(())
            });
            None
        })
    }

    fn no_block(&mut self) -> Option<()> {
        self.kind(Kind::Newline)?;
        self.not(|p| p.kind(Kind::Indent))
    }

    /// Behind a statement's head: a newline where the colon should be, or no block behind the colon.
    fn bad_head(&mut self, first: Token, what: &str) -> Option<()> {
        if self.word(":").is_some() {
            return self.bad_block(first, what);
        }
        self.kind(Kind::Newline)?;
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

    fn decorated(&mut self, f: fn(&mut Self) -> R) -> R {
        self.alt(|p| {
            p.some(|p| {
                p.word("@")?;
                p.named_expression()?;
                p.kind(Kind::Newline)
            })?;
            f(p)
        })
        .or_else(|| f(self))
    }

    fn returns(&mut self) {
        self.alt(|p| {
            p.word("->")?;
            p.expression()
        });
    }

    fn function(&mut self) -> R {
        self.bad(|p| {
            p.word("async");
            let def = p.word("def")?;
            p.name()?;
            p.alt(Self::type_params);
            p.word("(")?;
            p.alt(Self::params);
            p.word(")")?;
            p.returns();
            p.word(":")?;
            p.bad_block(def, "function definition")
        });
        self.bad(|p| {
            p.word("async");
            p.word("def")?;
            p.name()?;
            p.alt(Self::type_params);
            p.forced("(")?;
            p.alt(Self::params);
            p.word(")")?;
            p.returns();
            p.forced(":")?;
            p.block()
        });
        self.alt(|p| {
            p.word("async");
            p.word("def")?;
            p.name()?;
            p.alt(Self::type_params);
            p.word("(")?;
            p.alt(Self::params);
            p.word(")")?;
            p.returns();
            p.word(":")?;
            p.block()
        })
    }

    fn class(&mut self) -> R {
        let head = |p: &mut Self| {
            let class = p.word("class")?;
            p.name()?;
            p.alt(Self::type_params);
            p.alt(|p| {
                p.word("(")?;
                p.arguments();
                p.word(")")
            });
            Some(class)
        };
        self.bad(|p| {
            let class = head(p)?;
            p.bad_head(class, "class definition")
        });
        self.alt(|p| {
            head(p)?;
            p.word(":")?;
            p.block()
        })
    }

    fn if_stmt(&mut self, word: &str) -> R {
        self.bad(|p| {
            let first = p.word(word)?;
            p.named_expression()?;
            p.bad_head(first, &format!("'{word}' statement"))
        });
        self.alt(|p| {
            p.word(word)?;
            p.named_expression()?;
            p.word(":")?;
            p.block()?;
            if p.starts(&["elif"]) {
                return p.deeper(|p| p.if_stmt("elif"));
            }
            p.alt(Self::else_block);
            p.done()
        })
    }

    fn else_block(&mut self) -> R {
        self.bad(|p| {
            let first = p.word("else")?;
            p.word(":")?;
            p.bad_block(first, "'else' statement")
        });
        self.bad(|p| {
            p.word("else")?;
            p.word(":")?;
            p.block()?;
            p.word("elif")?;
            p.raise_last("'elif' block follows an 'else' block");
            Some(())
        });
        self.word("else")?;
        self.forced(":")?;
        self.block()
    }

    fn while_stmt(&mut self) -> R {
        self.bad(|p| {
            let first = p.word("while")?;
            p.named_expression()?;
            p.bad_head(first, "'while' statement")
        });
        self.word("while")?;
        self.named_expression()?;
        self.word(":")?;
        self.block()?;
        self.alt(Self::else_block);
        self.done()
    }

    fn for_stmt(&mut self) -> R {
        self.bad(|p| {
            p.word("async");
            let first = p.word("for")?;
            p.star_targets()?;
            p.word("in")?;
            p.star_expressions()?;
            p.bad_head(first, "'for' statement")
        });
        let mut committed = false;
        let valid = self.alt(|p| {
            p.word("async");
            p.word("for")?;
            p.star_targets()?;
            p.word("in")?;
            committed = true;
            p.star_expressions()?;
            p.word(":")?;
            p.block()?;
            p.alt(Self::else_block);
            p.done()
        });
        if !committed {
            self.bad(Self::invalid_for_target);
        }
        valid
    }

    fn with_stmt(&mut self) -> R {
        let target = |p: &mut Self| {
            p.alt(|p| {
                p.word("as")?;
                p.star_target()
            });
            Some(())
        };
        let bare = |p: &mut Self| {
            p.list(",", |p| {
                p.expression()?;
                target(p)
            })
            .map(|_| ())
        };
        let bracketed = |p: &mut Self| {
            p.word("(")?;
            p.list(",", |p| {
                p.expressions()?;
                target(p)
            })?;
            p.word(",");
            p.word(")").map(|_| ())
        };
        for items in [&bare as &dyn Fn(&mut Self) -> _, &bracketed] {
            self.bad(|p| {
                p.word("async");
                let first = p.word("with")?;
                items(p)?;
                p.word(":")?;
                p.bad_block(first, "'with' statement")
            });
        }
        let valid = self
            .alt(|p| {
                p.word("async");
                p.word("with")?;
                p.word("(")?;
                p.list(",", Self::with_item)?;
                p.word(",");
                p.word(")")?;
                p.word(":")?;
                p.block()
            })
            .or_else(|| {
                self.alt(|p| {
                    p.word("async");
                    p.word("with")?;
                    p.list(",", Self::with_item)?;
                    p.word(":")?;
                    p.block()
                })
            });
        if valid.is_some() {
            return valid;
        }
        for items in [&bare as &dyn Fn(&mut Self) -> _, &bracketed] {
            self.bad(|p| {
                p.word("async");
                p.word("with")?;
                items(p)?;
                p.kind(Kind::Newline)?;
                p.raise_last(EXPECTED_COLON);
                Some(())
            });
        }
        None
    }

    fn with_item(&mut self) -> R {
        let behind = |p: &mut Self| p.ahead(|p| p.any_word(&[",", ")", ":"]));
        let bound = self.alt(|p| {
            let e = p.expression()?;
            p.word("as")?;
            p.star_target()?;
            behind(p)?;
            Some(e)
        });
        if bound.is_some() {
            return bound;
        }
        self.bad(|p| {
            p.expression()?;
            p.word("as")?;
            let a = p.expression()?;
            behind(p)?;
            p.raise_bad_target(a, Use::Assign);
            Some(())
        });
        self.expression()
    }

    // try

    fn try_stmt(&mut self) -> R {
        self.bad(Self::invalid_try);
        let finally = |p: &mut Self| p.alt(Self::finally_block);
        let body = |p: &mut Self| {
            p.word("try")?;
            p.forced(":")?;
            p.block()
        };
        self.alt(|p| {
            body(p)?;
            finally(p)
        })
        .or_else(|| {
            [false, true].into_iter().find_map(|star| {
                self.alt(|p| {
                    body(p)?;
                    p.some(|p| p.except_block(star))?;
                    p.alt(Self::else_block);
                    finally(p);
                    p.done()
                })
            })
        })
    }

    fn invalid_try(&mut self) -> R {
        self.bad(|p| {
            let first = p.word("try")?;
            p.word(":")?;
            p.bad_block(first, "'try' statement")
        });
        self.bad(|p| {
            p.word("try")?;
            p.word(":")?;
            p.block()?;
            p.not(|p| p.any_word(&["except", "finally"]))?;
            p.raise_last("expected 'except' or 'finally' block");
            Some(())
        });
        let msg = "cannot have both 'except' and 'except*' on the same 'try'";
        let before = |p: &mut Self, star: bool| {
            p.word("try")?;
            p.word(":")?;
            p.many(Self::block);
            p.some(|p| p.except_block(star))
        };
        let bound = |p: &mut Self| {
            p.expression()?;
            p.alt(|p| {
                p.word("as")?;
                p.name()
            });
            Some(())
        };
        self.bad(|p| {
            before(p, false)?;
            let from = p.mark;
            p.word("except")?;
            p.word("*")?;
            let all = p.node(What::Other, from, Vec::new())?;
            bound(p)?;
            p.word(":")?;
            p.raise_node(all, msg);
            Some(())
        });
        self.bad(|p| {
            before(p, true)?;
            let except = p.word("except")?;
            p.alt(bound);
            p.word(":")?;
            p.raise_token(except, msg, false);
            Some(())
        });
        None
    }

    fn except_head(&mut self, star: bool) -> Option<Token> {
        let first = self.word("except")?;
        if star {
            self.word("*")?;
        }
        Some(first)
    }

    fn except_block(&mut self, star: bool) -> R {
        let statement = if star {
            "'except*' statement"
        } else {
            "'except' statement"
        };
        let bound = |p: &mut Self| {
            p.alt(|p| {
                p.word("as")?;
                p.name()
            });
        };
        self.bad(|p| {
            let first = p.except_head(star)?;
            p.expression()?;
            bound(p);
            p.word(":")?;
            p.bad_block(first, statement)
        });
        if !star {
            self.bad(|p| {
                let first = p.except_head(star)?;
                p.word(":")?;
                p.bad_block(first, statement)
            });
        }
        let forms: [&dyn Fn(&mut Self) -> R; 3] = [
            &|p| p.expression(),
            &|p| {
                p.expression()?;
                p.word("as")?;
                p.name()
            },
            &|p| p.expressions(),
        ];
        for form in forms {
            let valid = self.alt(|p| {
                p.except_head(star)?;
                form(p)?;
                p.word(":")?;
                p.block()
            });
            if valid.is_some() {
                return valid;
            }
        }
        if !star {
            let valid = self.alt(|p| {
                p.except_head(star)?;
                p.word(":")?;
                p.block()
            });
            if valid.is_some() {
                return valid;
            }
        }
        self.bad(|p| p.invalid_except(star));
        None
    }

    fn invalid_except(&mut self, star: bool) -> R {
        self.bad(|p| {
            p.except_head(star)?;
            let a = p.expression()?;
            p.word(",")?;
            p.expressions()?;
            p.word("as")?;
            p.name()?;
            p.word(":")?;
            let msg = "multiple exception types must be parenthesized when using 'as'";
            p.raise_from(p.get(a).start, msg);
            Some(())
        });
        self.bad(|p| {
            p.except_head(star)?;
            p.expression()?;
            p.alt(|p| {
                p.word("as")?;
                p.name()
            });
            p.kind(Kind::Newline)?;
            p.raise_last(EXPECTED_COLON);
            Some(())
        });
        self.bad(|p| {
            p.except_head(star)?;
            if star {
                p.word(":").or_else(|| p.kind(Kind::Newline))?;
                p.raise_last("expected one or more exception types");
            } else {
                p.kind(Kind::Newline)?;
                p.raise_last(EXPECTED_COLON);
            }
            Some(())
        });
        if !star {
            self.bad(|p| {
                p.except_head(true)?;
                p.word(":").or_else(|| p.kind(Kind::Newline))?;
                p.raise_last("expected one or more exception types");
                Some(())
            });
        }
        self.bad(|p| {
            p.except_head(star)?;
            p.expression()?;
            p.word("as")?;
            let a = p.expression()?;
            p.word(":")?;
            p.block()?;
            let word = p.word_of(a);
            let except = if star { "except*" } else { "except" };
            p.raise_node(a, format!("cannot use {except} statement with {word}"));
            Some(())
        });
        None
    }

    fn finally_block(&mut self) -> R {
        self.bad(|p| {
            let first = p.word("finally")?;
            p.word(":")?;
            p.bad_block(first, "'finally' statement")
        });
        self.word("finally")?;
        self.forced(":")?;
        self.block()
    }

    // match

    fn match_stmt(&mut self) -> R {
        let valid = self.alt(|p| {
            p.soft("match")?;
            p.subject()?;
            p.word(":")?;
            p.kind(Kind::Newline)?;
            p.kind(Kind::Indent)?;
            p.some(Self::case_block)?;
            p.kind(Kind::Dedent)?;
            p.done()
        });
        if valid.is_none() {
            self.bad(|p| {
                let first = p.soft("match")?;
                p.subject()?;
                p.bad_head(first, "'match' statement")
            });
        }
        valid
    }

    fn subject(&mut self) -> R {
        self.alt(|p| {
            p.star_named()?;
            p.word(",")?;
            p.alt(Self::star_nameds);
            p.done()
        })
        .or_else(|| self.named_expression())
    }

    fn case_block(&mut self) -> R {
        let head = |p: &mut Self| {
            let case = p.soft("case")?;
            p.patterns()?;
            p.alt(|p| {
                p.word("if")?;
                p.named_expression()
            });
            Some(case)
        };
        self.bad(|p| {
            let case = head(p)?;
            p.bad_head(case, "'case' statement")
        });
        self.alt(|p| {
            head(p)?;
            p.word(":")?;
            p.block()
        })
    }
}
