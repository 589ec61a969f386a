//! Arguments of calls, parameters of functions and lambdas.
use super::node::{N, What};
use super::parser::{Parser, R, Rule};
use crate::scan::Kind;

/// What a call was given.
struct Args {
    positional: Vec<N>,
    unpacks: bool,
}

/// One of the arguments that may follow keywords.
enum Late {
    Keyword,
    Starred(N),
    DoubleStarred,
}

/// What tells the parameters of a lambda from those of a function.
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
    pub fn arguments(&mut self) -> R {
        self.kept(Rule::Arguments, |p| {
            let valid = p.alt(|p| {
                p.args()?;
                p.word(",");
                p.ahead(|p| p.word(")"))?;
                p.done()
            });
            if valid.is_none() {
                p.bad(Self::invalid_arguments);
            }
            valid
        })
    }

    fn args(&mut self) -> Option<Args> {
        self.alt(|p| {
            let positional = p.positional()?;
            let late = p.alt(|p| {
                p.word(",")?;
                p.late_args()
            });
            Some(p.collected(positional, late.unwrap_or_default()))
        })
        .or_else(|| {
            let late = self.alt(Self::late_args)?;
            Some(self.collected(Vec::new(), late))
        })
    }

    fn collected(&self, mut positional: Vec<N>, late: Vec<Late>) -> Args {
        let unpacks = late.iter().any(|l| matches!(l, Late::DoubleStarred));
        positional.extend(late.iter().filter_map(|l| match l {
            Late::Starred(n) => Some(*n),
            _ => None,
        }));
        Args {
            positional,
            unpacks,
        }
    }

    fn positional(&mut self) -> Option<Vec<N>> {
        self.list(",", |p| {
            if let Some(n) = p.alt(Self::starred_expression) {
                return Some(n);
            }
            let n = p
                .assignment_expression()
                .or_else(|| p.unnamed_expression())?;
            p.not(|p| p.word("="))?;
            Some(n)
        })
    }

    pub fn starred_expression(&mut self) -> R {
        self.bad(|p| {
            let star = p.word("*")?;
            p.expression()?;
            p.word("=")?;
            let b = p.expression()?;
            let msg = "cannot assign to iterable argument unpacking";
            let from = p.leaf(What::Other, star);
            p.raise_range(from, b, msg);
            Some(())
        });
        let valid = self.alt(|p| {
            let from = p.mark;
            p.word("*")?;
            let e = p.expression()?;
            p.node(What::Starred, from, vec![e])
        });
        if valid.is_none() {
            self.bad(|p| {
                p.word("*")?;
                p.raise_last("Invalid star expression");
                Some(())
            });
        }
        valid
    }

    fn late_args(&mut self) -> Option<Vec<Late>> {
        let starred = |p: &mut Self| p.list(",", |p| p.late_arg("*"));
        let double = |p: &mut Self| p.list(",", |p| p.late_arg("**"));
        self.alt(|p| {
            let mut all = starred(p)?;
            p.word(",")?;
            all.extend(double(p)?);
            Some(all)
        })
        .or_else(|| self.alt(starred))
        .or_else(|| self.alt(double))
    }

    fn late_arg(&mut self, stars: &str) -> Option<Late> {
        self.bad(Self::invalid_keyword);
        let keyword = self.alt(|p| {
            p.name()?;
            p.word("=")?;
            p.expression()
        });
        if keyword.is_some() {
            return Some(Late::Keyword);
        }
        if stars == "*" {
            return self.starred_expression().map(Late::Starred);
        }
        self.alt(|p| {
            p.word("**")?;
            p.expression()
        })
        .map(|_| Late::DoubleStarred)
    }

    fn invalid_keyword(&mut self) -> R {
        self.bad(|p| {
            let from = p.mark;
            let word = p.any_word(&["True", "False", "None"])?;
            p.word("=")?;
            let all = p.node(What::Other, from, Vec::new())?;
            let msg = format!("cannot assign to {}", p.text_of(word));
            p.raise_node(all, msg);
            Some(())
        });
        self.bad(Self::equals_in_generator);
        self.bad(|p| {
            p.not(|p| {
                p.name()?;
                p.word("=")
            })?;
            let a = p.expression()?;
            let equals = p.word("=")?;
            let msg = "expression cannot contain assignment, perhaps you meant \"==\"?";
            let to = p.leaf(What::Other, equals);
            p.raise_range(a, to, msg);
            Some(())
        });
        self.bad(|p| {
            let stars = p.word("**")?;
            p.expression()?;
            p.word("=")?;
            let b = p.expression()?;
            let from = p.leaf(What::Other, stars);
            p.raise_range(from, b, "cannot assign to keyword argument unpacking");
            Some(())
        });
        None
    }

    /// `f(a=b for c in d)`
    fn equals_in_generator(&mut self) -> R {
        let from = self.mark;
        self.name()?;
        self.word("=")?;
        let all = self.node(What::Other, from, Vec::new())?;
        self.expression()?;
        self.clauses()?;
        let msg = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
        self.raise_node(all, msg);
        None
    }

    fn last_of(&self, clauses: &[N]) -> N {
        let clause = clauses[clauses.len() - 1];
        self.get(clause).kids.last().copied().unwrap_or(clause)
    }

    fn invalid_arguments(&mut self) -> R {
        let bare_generator = "Generator expression must be parenthesized";
        self.bad(|p| {
            p.alt(|p| {
                p.positional()?;
                p.word(",")?;
                p.late_args()
            })
            .or_else(|| p.alt(Self::late_args))?;
            let comma = p.word(",")?;
            p.list(",", |p| {
                p.starred_expression()?;
                p.not(|p| p.word("="))
            })?;
            let msg = "iterable argument unpacking follows keyword argument unpacking";
            p.raise_from(comma.start, msg);
            Some(())
        });
        self.bad(|p| {
            let a = p.expression()?;
            let clauses = p.clauses()?;
            p.word(",")?;
            if p.args().is_none() {
                p.alt(|p| {
                    p.expression()?;
                    p.clauses()
                });
            }
            let last = p.last_of(&clauses);
            p.raise_range(a, last, bare_generator);
            Some(())
        });
        self.bad(Self::equals_in_generator);
        self.bad(|p| {
            p.alt(|p| {
                p.args()?;
                p.word(",")
            });
            let from = p.mark;
            p.name()?;
            p.word("=")?;
            let all = p.node(What::Other, from, Vec::new())?;
            p.ahead(|p| p.any_word(&[",", ")"]))?;
            p.raise_node(all, "expected argument value expression");
            Some(())
        });
        self.bad(|p| {
            let args = p.args()?;
            let clauses = p.clauses()?;
            if let [_, .., a] = args.positional[..] {
                let last = p.last_of(&clauses);
                p.raise_range(a, last, bare_generator);
            }
            Some(())
        });
        self.bad(|p| {
            p.args()?;
            p.word(",")?;
            let a = p.expression()?;
            let clauses = p.clauses()?;
            let last = p.last_of(&clauses);
            p.raise_range(a, last, bare_generator);
            Some(())
        });
        self.bad(|p| {
            let args = p.args()?;
            p.word(",")?;
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

    pub fn params(&mut self) -> R {
        self.parameters(Of::Function)
    }

    pub fn lambda_params(&mut self) -> R {
        self.parameters(Of::Lambda)
    }

    pub fn lambda(&mut self) -> R {
        let from = self.mark;
        self.word("lambda")?;
        self.alt(Self::lambda_params);
        self.word(":")?;
        self.expression()?;
        self.node(What::Lambda, from, Vec::new())
    }

    fn param(&mut self, of: Of) -> R {
        let from = self.mark;
        self.name()?;
        if of == Of::Function {
            self.alt(|p| {
                p.word(":")?;
                p.expression()
            });
        }
        self.node(What::Other, from, Vec::new())
    }

    fn default(&mut self) -> R {
        let value = self.alt(|p| {
            p.word("=")?;
            p.expression()
        });
        if value.is_none() {
            self.bad(|p| {
                let equals = p.word("=")?;
                p.ahead(|p| p.any_word(&[")", ","]))?;
                p.raise_token(equals, "expected default value expression", false);
                Some(())
            });
        }
        value
    }

    /// A parameter with the comma behind it, or the last one.
    fn param_then(&mut self, of: Of, mut middle: impl FnMut(&mut Self) -> Option<()>) -> R {
        self.alt(|p| {
            let param = p.param(of)?;
            middle(p)?;
            p.word(",")?;
            Some(param)
        })
        .or_else(|| {
            self.alt(|p| {
                let param = p.param(of)?;
                middle(p)?;
                p.ahead(|p| p.word(of.close()))?;
                Some(param)
            })
        })
    }

    fn no_default(&mut self, of: Of) -> R {
        self.param_then(of, |_| Some(()))
    }

    fn with_default(&mut self, of: Of) -> R {
        self.param_then(of, |p| p.default().map(|_| ()))
    }

    fn maybe_default(&mut self, of: Of) -> R {
        self.param_then(of, |p| {
            p.default();
            Some(())
        })
    }

    fn slash(&mut self, of: Of) -> Option<()> {
        self.word("/")?;
        if self.word(",").is_some() {
            return Some(());
        }
        self.ahead(|p| p.word(of.close()))
    }

    fn slash_no_default(&mut self, of: Of) -> Option<()> {
        self.alt(|p| {
            p.some(|p| p.no_default(of))?;
            p.slash(of)
        })
    }

    fn slash_with_default(&mut self, of: Of) -> Option<()> {
        self.alt(|p| {
            p.many(|p| p.no_default(of));
            p.some(|p| p.with_default(of))?;
            p.slash(of)
        })
    }

    fn any_slash(&mut self, of: Of) -> Option<()> {
        self.slash_no_default(of)
            .or_else(|| self.slash_with_default(of))
    }

    fn parameters(&mut self, of: Of) -> R {
        self.bad(|p| p.invalid_parameters(of));
        if self.slash_no_default(of).is_some() {
            self.many(|p| p.no_default(of));
            self.many(|p| p.with_default(of));
            self.alt(|p| p.star_params(of));
        } else if self.slash_with_default(of).is_some() {
            self.many(|p| p.with_default(of));
            self.alt(|p| p.star_params(of));
        } else {
            let first = self.many(|p| p.no_default(of)).len();
            let second = self.many(|p| p.with_default(of)).len();
            let rest = self.alt(|p| p.star_params(of));
            if first + second == 0 {
                rest?;
            }
        }
        self.done()
    }

    fn star_params(&mut self, of: Of) -> Option<()> {
        self.bad(|p| p.invalid_star_params(of));
        self.alt(|p| {
            p.word("*")?;
            p.no_default(of)?;
            p.many(|p| p.maybe_default(of));
            p.alt(|p| p.keyword_params(of));
            Some(())
        })
        .or_else(|| {
            self.alt(|p| {
                if of == Of::Lambda {
                    return None;
                }
                p.word("*")?;
                p.name()?;
                p.word(":")?;
                p.star_expression()?;
                if p.word(",").is_none() {
                    p.ahead(|p| p.word(")"))?;
                }
                p.many(|p| p.maybe_default(of));
                p.alt(|p| p.keyword_params(of));
                Some(())
            })
        })
        .or_else(|| {
            self.alt(|p| {
                p.word("*")?;
                p.word(",")?;
                p.some(|p| p.maybe_default(of))?;
                p.alt(|p| p.keyword_params(of));
                Some(())
            })
        })
        .or_else(|| self.alt(|p| p.keyword_params(of)))
    }

    fn keyword_params(&mut self, of: Of) -> Option<()> {
        self.bad(|p| p.invalid_keyword_params(of));
        self.word("**")?;
        self.no_default(of)?;
        Some(())
    }

    fn invalid_parameters(&mut self, of: Of) -> Option<()> {
        self.bad(|p| {
            let slash = p.word("/")?;
            p.word(",")?;
            p.raise_token(slash, "at least one argument must precede /", false);
            Some(())
        });
        self.bad(|p| {
            p.any_slash(of)?;
            p.many(|p| p.maybe_default(of));
            let slash = p.word("/")?;
            p.raise_token(slash, "/ may appear only once", false);
            Some(())
        });
        self.bad(|p| {
            p.slash_no_default(of);
            p.many(|p| p.no_default(of));
            if p.slash_with_default(of).is_none() {
                p.some(|p| p.with_default(of))?;
            }
            let a = p.no_default(of)?;
            let msg = "parameter without a default follows parameter with a default";
            p.raise_node(a, msg);
            Some(())
        });
        self.bad(|p| {
            p.many(|p| p.no_default(of));
            let from = p.mark;
            p.word("(")?;
            let msg = match of {
                Of::Function => {
                    p.some(|p| p.no_default(of))?;
                    "Function parameters cannot be parenthesized"
                }
                Of::Lambda => {
                    p.list(",", |p| p.param(of))?;
                    "Lambda expression parameters cannot be parenthesized"
                }
            };
            p.word(",");
            p.word(")")?;
            let all = p.node(What::Other, from, Vec::new())?;
            p.raise_node(all, msg);
            Some(())
        });
        self.bad(|p| {
            p.any_slash(of);
            p.many(|p| p.maybe_default(of));
            p.word("*")?;
            if p.word(",").is_none() {
                p.no_default(of)?;
            }
            p.many(|p| p.maybe_default(of));
            let slash = p.word("/")?;
            p.raise_token(slash, "/ must be ahead of *", false);
            Some(())
        });
        self.bad(|p| {
            p.some(|p| p.maybe_default(of))?;
            p.word("/")?;
            let star = p.word("*")?;
            p.raise_token(star, "expected comma between / and *", false);
            Some(())
        });
        None
    }

    fn invalid_star_params(&mut self, of: Of) -> Option<()> {
        let close = of.close();
        self.bad(|p| {
            let star = p.word("*")?;
            if p.word(close).is_none() {
                p.word(",")?;
                p.any_word(&[close, "**"])?;
            }
            let msg = "named arguments must follow bare *";
            match of {
                Of::Function => p.raise_token(star, msg, false),
                Of::Lambda => p.raise_last(msg),
            }
            Some(())
        });
        self.bad(|p| {
            p.word("*")?;
            p.param(of)?;
            let equals = p.word("=")?;
            let msg = "var-positional argument cannot have default value";
            p.raise_token(equals, msg, false);
            Some(())
        });
        self.bad(|p| {
            let one = |p: &mut Self| {
                p.no_default(of)
                    .map(|_| ())
                    .or_else(|| p.word(",").map(|_| ()))
            };
            p.word("*")?;
            one(p)?;
            p.many(|p| p.maybe_default(of));
            let star = p.word("*")?;
            one(p)?;
            p.raise_token(star, "* argument may appear only once", false);
            Some(())
        });
        None
    }

    fn invalid_keyword_params(&mut self, of: Of) -> Option<()> {
        self.bad(|p| {
            p.word("**")?;
            p.param(of)?;
            let equals = p.word("=")?;
            let msg = "var-keyword argument cannot have default value";
            p.raise_token(equals, msg, false);
            Some(())
        });
        let msg = "arguments cannot follow var-keyword argument";
        self.bad(|p| {
            p.word("**")?;
            p.param(of)?;
            p.word(",")?;
            let a = p.param(of)?;
            p.raise_node(a, msg);
            Some(())
        });
        self.bad(|p| {
            p.word("**")?;
            p.param(of)?;
            p.word(",")?;
            let t = p.any_word(&["*", "**", "/"])?;
            p.raise_token(t, msg, false);
            Some(())
        });
        None
    }

    // Type parameters.

    pub fn type_params(&mut self) -> R {
        self.bad(|p| {
            p.word("[")?;
            let close = p.word("]")?;
            p.raise_from(close.start, "Type parameter list cannot be empty");
            Some(())
        });
        self.word("[")?;
        self.list(",", Self::type_param)?;
        self.word(",");
        self.word("]")?;
        self.done()
    }

    fn type_param(&mut self) -> R {
        self.kept(Rule::TypeParam, |p| {
            if p.kind(Kind::Name).is_some() {
                p.alt(|p| {
                    p.word(":")?;
                    p.expression()
                });
                p.type_default(Self::expression);
                return p.done();
            }
            for (stars, what) in [("*", "TypeVarTuple"), ("**", "ParamSpec")] {
                p.bad(|p| {
                    p.word(stars)?;
                    p.name()?;
                    let colon = p.word(":")?;
                    let e = p.expression()?;
                    let given = match p.get(e).what {
                        What::Tuple => "constraints",
                        _ => "bound",
                    };
                    p.raise_from(colon.start, format!("cannot use {given} with {what}"));
                    Some(())
                });
            }
            if p.word("*").is_some() {
                p.name()?;
                p.type_default(Self::star_expression);
            } else {
                p.word("**")?;
                p.name()?;
                p.type_default(Self::expression);
            }
            p.done()
        })
    }

    fn type_default(&mut self, value: fn(&mut Self) -> R) {
        self.alt(|p| {
            p.word("=")?;
            value(p)
        });
    }
}
