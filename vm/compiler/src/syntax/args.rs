//! Arguments of calls, parameters of functions and lambdas.
use super::node::{ExprKind, NodeId};
use super::parser::{Parsed, Parser, Rule};
use crate::scan::TokenKind;

/// ExprKind a call was given.
struct Args {
    positional: Vec<NodeId>,
    unpacks: bool,
}

/// One of the arguments that may follow keywords.
enum Kwarg {
    Keyword,
    Starred(NodeId),
    DoubleStarred,
}

/// ExprKind tells the parameters of a lambda from those of a function.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Function,
    Lambda,
}

impl Of {
    fn close(self) -> &'static str {
        match self {
            Of::Function => ")",
            Of::Lambda => ":",
        }
    }
}

impl Parser<'_> {
    pub fn arguments(&mut self) -> Parsed {
        self.memoized(Rule::Arguments, |p| {
            let valid = p.attempt(|p| {
                p.args()?;
                p.expect(",");
                p.lookahead(|p| p.expect(")"))?;
                p.unit()
            });
            if valid.is_none() {
                p.invalid_rule(Self::invalid_arguments);
            }
            valid
        })
    }

    fn args(&mut self) -> Option<Args> {
        self.attempt(|p| {
            let positional = p.positional()?;
            let late = p.attempt(|p| {
                p.expect(",")?;
                p.kwargs()
            });
            Some(p.collected(positional, late.unwrap_or_default()))
        })
        .or_else(|| {
            let late = self.attempt(Self::kwargs)?;
            Some(self.collected(Vec::new(), late))
        })
    }

    fn collected(&self, mut positional: Vec<NodeId>, late: Vec<Kwarg>) -> Args {
        let unpacks = late.iter().any(|l| matches!(l, Kwarg::DoubleStarred));
        positional.extend(late.iter().filter_map(|l| match l {
            Kwarg::Starred(n) => Some(*n),
            _ => None,
        }));
        Args {
            positional,
            unpacks,
        }
    }

    fn positional(&mut self) -> Option<Vec<NodeId>> {
        self.separated1(",", |p| {
            if let Some(n) = p.attempt(Self::starred_expression) {
                return Some(n);
            }
            let n = p
                .assignment_expression()
                .or_else(|| p.unnamed_expression())?;
            p.negative_lookahead(|p| p.expect("="))?;
            Some(n)
        })
    }

    pub fn starred_expression(&mut self) -> Parsed {
        self.invalid_rule(|p| {
            let star = p.expect("*")?;
            p.expression()?;
            p.expect("=")?;
            let b = p.expression()?;
            let msg = "cannot assign to iterable argument unpacking";
            let from = p.leaf(ExprKind::Other, star);
            p.raise_range(from, b, msg);
            Some(())
        });
        let valid = self.attempt(|p| {
            let from = p.mark;
            p.expect("*")?;
            let e = p.expression()?;
            p.node(ExprKind::Starred, from, vec![e])
        });
        if valid.is_none() {
            self.invalid_rule(|p| {
                p.expect("*")?;
                p.raise_last("Invalid star expression");
                Some(())
            });
        }
        valid
    }

    fn kwargs(&mut self) -> Option<Vec<Kwarg>> {
        let starred = |p: &mut Self| p.separated1(",", |p| p.kwarg_or_starred("*"));
        let double = |p: &mut Self| p.separated1(",", |p| p.kwarg_or_starred("**"));
        self.attempt(|p| {
            let mut all = starred(p)?;
            p.expect(",")?;
            all.extend(double(p)?);
            Some(all)
        })
        .or_else(|| self.attempt(starred))
        .or_else(|| self.attempt(double))
    }

    fn kwarg_or_starred(&mut self, stars: &str) -> Option<Kwarg> {
        self.invalid_rule(Self::invalid_keyword);
        let keyword = self.attempt(|p| {
            p.name()?;
            p.expect("=")?;
            p.expression()
        });
        if keyword.is_some() {
            return Some(Kwarg::Keyword);
        }
        if stars == "*" {
            return self.starred_expression().map(Kwarg::Starred);
        }
        self.attempt(|p| {
            p.expect("**")?;
            p.expression()
        })
        .map(|_| Kwarg::DoubleStarred)
    }

    fn invalid_keyword(&mut self) -> Parsed {
        self.invalid_rule(|p| {
            let from = p.mark;
            let word = p.expect_any(&["True", "False", "None"])?;
            p.expect("=")?;
            let all = p.node(ExprKind::Other, from, Vec::new())?;
            let msg = format!("cannot assign to {}", p.text_of(word));
            p.raise_node(all, msg);
            Some(())
        });
        self.invalid_rule(Self::equals_in_generator);
        self.invalid_rule(|p| {
            p.negative_lookahead(|p| {
                p.name()?;
                p.expect("=")
            })?;
            let a = p.expression()?;
            let equals = p.expect("=")?;
            let msg = "expression cannot contain assignment, perhaps you meant \"==\"?";
            let to = p.leaf(ExprKind::Other, equals);
            p.raise_range(a, to, msg);
            Some(())
        });
        self.invalid_rule(|p| {
            let stars = p.expect("**")?;
            p.expression()?;
            p.expect("=")?;
            let b = p.expression()?;
            let from = p.leaf(ExprKind::Other, stars);
            p.raise_range(from, b, "cannot assign to keyword argument unpacking");
            Some(())
        });
        None
    }

    /// `f(a=b for c in d)`
    fn equals_in_generator(&mut self) -> Parsed {
        let from = self.mark;
        self.name()?;
        self.expect("=")?;
        let all = self.node(ExprKind::Other, from, Vec::new())?;
        self.expression()?;
        self.clauses()?;
        let msg = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
        self.raise_node(all, msg);
        None
    }

    fn last_of(&self, clauses: &[NodeId]) -> NodeId {
        let clause = clauses[clauses.len() - 1];
        self.get(clause).children.last().copied().unwrap_or(clause)
    }

    fn invalid_arguments(&mut self) -> Parsed {
        let bare_generator = "Generator expression must be parenthesized";
        self.invalid_rule(|p| {
            p.attempt(|p| {
                p.positional()?;
                p.expect(",")?;
                p.kwargs()
            })
            .or_else(|| p.attempt(Self::kwargs))?;
            let comma = p.expect(",")?;
            p.separated1(",", |p| {
                p.starred_expression()?;
                p.negative_lookahead(|p| p.expect("="))
            })?;
            let msg = "iterable argument unpacking follows keyword argument unpacking";
            p.raise_from(comma.start, msg);
            Some(())
        });
        self.invalid_rule(|p| {
            let a = p.expression()?;
            let clauses = p.clauses()?;
            p.expect(",")?;
            if p.args().is_none() {
                p.attempt(|p| {
                    p.expression()?;
                    p.clauses()
                });
            }
            let last = p.last_of(&clauses);
            p.raise_range(a, last, bare_generator);
            Some(())
        });
        self.invalid_rule(Self::equals_in_generator);
        self.invalid_rule(|p| {
            p.attempt(|p| {
                p.args()?;
                p.expect(",")
            });
            let from = p.mark;
            p.name()?;
            p.expect("=")?;
            let all = p.node(ExprKind::Other, from, Vec::new())?;
            p.lookahead(|p| p.expect_any(&[",", ")"]))?;
            p.raise_node(all, "expected argument value expression");
            Some(())
        });
        self.invalid_rule(|p| {
            let args = p.args()?;
            let clauses = p.clauses()?;
            if let [_, .., a] = args.positional[..] {
                let last = p.last_of(&clauses);
                p.raise_range(a, last, bare_generator);
            }
            Some(())
        });
        self.invalid_rule(|p| {
            p.args()?;
            p.expect(",")?;
            let a = p.expression()?;
            let clauses = p.clauses()?;
            let last = p.last_of(&clauses);
            p.raise_range(a, last, bare_generator);
            Some(())
        });
        self.invalid_rule(|p| {
            let args = p.args()?;
            p.expect(",")?;
            p.args()?;
            p.raise_last(if args.unpacks {
                "positional argument follows keyword argument unpacking"
            } else {
                "positional argument follows keyword argument"
            });
            Some(())
        });
        None
    }

    // Parameters.

    pub fn params(&mut self) -> Parsed {
        self.parameters(Of::Function)
    }

    pub fn lambda_params(&mut self) -> Parsed {
        self.parameters(Of::Lambda)
    }

    pub fn lambda(&mut self) -> Parsed {
        let from = self.mark;
        self.expect("lambda")?;
        self.attempt(Self::lambda_params);
        self.expect(":")?;
        self.expression()?;
        self.node(ExprKind::Lambda, from, Vec::new())
    }

    fn param(&mut self, of: Of) -> Parsed {
        let from = self.mark;
        self.name()?;
        if of == Of::Function {
            self.attempt(|p| {
                p.expect(":")?;
                p.expression()
            });
        }
        self.node(ExprKind::Other, from, Vec::new())
    }

    fn default(&mut self) -> Parsed {
        let value = self.attempt(|p| {
            p.expect("=")?;
            p.expression()
        });
        if value.is_none() {
            self.invalid_rule(|p| {
                let equals = p.expect("=")?;
                p.lookahead(|p| p.expect_any(&[")", ","]))?;
                p.raise_token(equals, "expected default value expression", false);
                Some(())
            });
        }
        value
    }

    /// A parameter with the comma behind it, or the last one.
    fn param_then(&mut self, of: Of, mut middle: impl FnMut(&mut Self) -> Option<()>) -> Parsed {
        self.attempt(|p| {
            let param = p.param(of)?;
            middle(p)?;
            p.expect(",")?;
            Some(param)
        })
        .or_else(|| {
            self.attempt(|p| {
                let param = p.param(of)?;
                middle(p)?;
                p.lookahead(|p| p.expect(of.close()))?;
                Some(param)
            })
        })
    }

    fn no_default(&mut self, of: Of) -> Parsed {
        self.param_then(of, |_| Some(()))
    }

    fn with_default(&mut self, of: Of) -> Parsed {
        self.param_then(of, |p| p.default().map(|_| ()))
    }

    fn maybe_default(&mut self, of: Of) -> Parsed {
        self.param_then(of, |p| {
            p.default();
            Some(())
        })
    }

    fn slash(&mut self, of: Of) -> Option<()> {
        self.expect("/")?;
        if self.expect(",").is_some() {
            return Some(());
        }
        self.lookahead(|p| p.expect(of.close()))
    }

    fn slash_no_default(&mut self, of: Of) -> Option<()> {
        self.attempt(|p| {
            p.many1(|p| p.no_default(of))?;
            p.slash(of)
        })
    }

    fn slash_with_default(&mut self, of: Of) -> Option<()> {
        self.attempt(|p| {
            p.many0(|p| p.no_default(of));
            p.many1(|p| p.with_default(of))?;
            p.slash(of)
        })
    }

    fn any_slash(&mut self, of: Of) -> Option<()> {
        self.slash_no_default(of)
            .or_else(|| self.slash_with_default(of))
    }

    fn parameters(&mut self, of: Of) -> Parsed {
        self.invalid_rule(|p| p.invalid_parameters(of));
        if self.slash_no_default(of).is_some() {
            self.many0(|p| p.no_default(of));
            self.many0(|p| p.with_default(of));
            self.attempt(|p| p.star_params(of));
        } else if self.slash_with_default(of).is_some() {
            self.many0(|p| p.with_default(of));
            self.attempt(|p| p.star_params(of));
        } else {
            let first = self.many0(|p| p.no_default(of)).len();
            let second = self.many0(|p| p.with_default(of)).len();
            let rest = self.attempt(|p| p.star_params(of));
            if first + second == 0 {
                rest?;
            }
        }
        self.unit()
    }

    fn star_params(&mut self, of: Of) -> Option<()> {
        self.invalid_rule(|p| p.invalid_star_params(of));
        self.attempt(|p| {
            p.expect("*")?;
            p.no_default(of)?;
            p.many0(|p| p.maybe_default(of));
            p.attempt(|p| p.keyword_params(of));
            Some(())
        })
        .or_else(|| {
            self.attempt(|p| {
                if of == Of::Lambda {
                    return None;
                }
                p.expect("*")?;
                p.name()?;
                p.expect(":")?;
                p.star_expression()?;
                if p.expect(",").is_none() {
                    p.lookahead(|p| p.expect(")"))?;
                }
                p.many0(|p| p.maybe_default(of));
                p.attempt(|p| p.keyword_params(of));
                Some(())
            })
        })
        .or_else(|| {
            self.attempt(|p| {
                p.expect("*")?;
                p.expect(",")?;
                p.many1(|p| p.maybe_default(of))?;
                p.attempt(|p| p.keyword_params(of));
                Some(())
            })
        })
        .or_else(|| self.attempt(|p| p.keyword_params(of)))
    }

    fn keyword_params(&mut self, of: Of) -> Option<()> {
        self.invalid_rule(|p| p.invalid_keyword_params(of));
        self.expect("**")?;
        self.no_default(of)?;
        Some(())
    }

    fn invalid_parameters(&mut self, of: Of) -> Option<()> {
        self.invalid_rule(|p| {
            let slash = p.expect("/")?;
            p.expect(",")?;
            p.raise_token(slash, "at least one argument must precede /", false);
            Some(())
        });
        self.invalid_rule(|p| {
            p.any_slash(of)?;
            p.many0(|p| p.maybe_default(of));
            let slash = p.expect("/")?;
            p.raise_token(slash, "/ may appear only once", false);
            Some(())
        });
        self.invalid_rule(|p| {
            p.slash_no_default(of);
            p.many0(|p| p.no_default(of));
            if p.slash_with_default(of).is_none() {
                p.many1(|p| p.with_default(of))?;
            }
            let a = p.no_default(of)?;
            let msg = "parameter without a default follows parameter with a default";
            p.raise_node(a, msg);
            Some(())
        });
        self.invalid_rule(|p| {
            p.many0(|p| p.no_default(of));
            let from = p.mark;
            p.expect("(")?;
            let msg = match of {
                Of::Function => {
                    p.many1(|p| p.no_default(of))?;
                    "Function parameters cannot be parenthesized"
                }
                Of::Lambda => {
                    p.separated1(",", |p| p.param(of))?;
                    "Lambda expression parameters cannot be parenthesized"
                }
            };
            p.expect(",");
            p.expect(")")?;
            let all = p.node(ExprKind::Other, from, Vec::new())?;
            p.raise_node(all, msg);
            Some(())
        });
        self.invalid_rule(|p| {
            p.any_slash(of);
            p.many0(|p| p.maybe_default(of));
            p.expect("*")?;
            if p.expect(",").is_none() {
                p.no_default(of)?;
            }
            p.many0(|p| p.maybe_default(of));
            let slash = p.expect("/")?;
            p.raise_token(slash, "/ must be ahead of *", false);
            Some(())
        });
        self.invalid_rule(|p| {
            p.many1(|p| p.maybe_default(of))?;
            p.expect("/")?;
            let star = p.expect("*")?;
            p.raise_token(star, "expected comma between / and *", false);
            Some(())
        });
        None
    }

    fn invalid_star_params(&mut self, of: Of) -> Option<()> {
        let close = of.close();
        self.invalid_rule(|p| {
            let star = p.expect("*")?;
            if p.expect(close).is_none() {
                p.expect(",")?;
                p.expect_any(&[close, "**"])?;
            }
            let msg = "named arguments must follow bare *";
            match of {
                Of::Function => p.raise_token(star, msg, false),
                Of::Lambda => p.raise_last(msg),
            }
            Some(())
        });
        self.invalid_rule(|p| {
            p.expect("*")?;
            p.param(of)?;
            let equals = p.expect("=")?;
            let msg = "var-positional argument cannot have default value";
            p.raise_token(equals, msg, false);
            Some(())
        });
        self.invalid_rule(|p| {
            let one = |p: &mut Self| {
                p.no_default(of)
                    .map(|_| ())
                    .or_else(|| p.expect(",").map(|_| ()))
            };
            p.expect("*")?;
            one(p)?;
            p.many0(|p| p.maybe_default(of));
            let star = p.expect("*")?;
            one(p)?;
            p.raise_token(star, "* argument may appear only once", false);
            Some(())
        });
        None
    }

    fn invalid_keyword_params(&mut self, of: Of) -> Option<()> {
        self.invalid_rule(|p| {
            p.expect("**")?;
            p.param(of)?;
            let equals = p.expect("=")?;
            let msg = "var-keyword argument cannot have default value";
            p.raise_token(equals, msg, false);
            Some(())
        });
        let msg = "arguments cannot follow var-keyword argument";
        self.invalid_rule(|p| {
            p.expect("**")?;
            p.param(of)?;
            p.expect(",")?;
            let a = p.param(of)?;
            p.raise_node(a, msg);
            Some(())
        });
        self.invalid_rule(|p| {
            p.expect("**")?;
            p.param(of)?;
            p.expect(",")?;
            let t = p.expect_any(&["*", "**", "/"])?;
            p.raise_token(t, msg, false);
            Some(())
        });
        None
    }

    // Type parameters.

    pub fn type_params(&mut self) -> Parsed {
        self.invalid_rule(|p| {
            p.expect("[")?;
            let close = p.expect("]")?;
            p.raise_from(close.start, "Type parameter list cannot be empty");
            Some(())
        });
        self.expect("[")?;
        self.separated1(",", Self::type_param)?;
        self.expect(",");
        self.expect("]")?;
        self.unit()
    }

    fn type_param(&mut self) -> Parsed {
        self.memoized(Rule::TypeParam, |p| {
            if p.expect_kind(TokenKind::Name).is_some() {
                p.attempt(|p| {
                    p.expect(":")?;
                    p.expression()
                });
                p.type_default(Self::expression);
                return p.unit();
            }
            for (stars, what) in [("*", "TypeVarTuple"), ("**", "ParamSpec")] {
                p.invalid_rule(|p| {
                    p.expect(stars)?;
                    p.name()?;
                    let colon = p.expect(":")?;
                    let e = p.expression()?;
                    let given = match p.get(e).kind {
                        ExprKind::Tuple => "constraints",
                        _ => "bound",
                    };
                    p.raise_from(colon.start, format!("cannot use {given} with {what}"));
                    Some(())
                });
            }
            if p.expect("*").is_some() {
                p.name()?;
                p.type_default(Self::star_expression);
            } else {
                p.expect("**")?;
                p.name()?;
                p.type_default(Self::expression);
            }
            p.unit()
        })
    }

    fn type_default(&mut self, value: fn(&mut Self) -> Parsed) {
        self.attempt(|p| {
            p.expect("=")?;
            value(p)
        });
    }
}
