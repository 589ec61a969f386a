//! What the error parser knows of an expression: its kind, its place, its parts.
use super::parser::Parser;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct N(pub u32);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    Attribute,
    Await,
    Call,
    Compare,
    /// A `for` clause: target, iterable, conditions.
    Clause,
    Dict,
    DictComp,
    Ellipsis,
    False,
    FString,
    Generator,
    IfExp,
    Lambda,
    List,
    ListComp,
    Literal,
    Name,
    Named,
    None,
    Operation,
    Other,
    Set,
    SetComp,
    Starred,
    Subscript,
    TString,
    True,
    Tuple,
    Yield,
}

#[derive(Debug)]
pub(super) struct Node {
    pub what: What,
    pub start: usize,
    pub end: usize,
    pub kids: Vec<N>,
}

impl What {
    /// CPython's word for it (_PyPegen_get_expr_name).
    pub fn word(self) -> &'static str {
        match self {
            What::Attribute => "attribute",
            What::Await => "await expression",
            What::Call => "function call",
            What::Compare => "comparison",
            What::Dict => "dict literal",
            What::DictComp => "dict comprehension",
            What::Ellipsis => "ellipsis",
            What::False => "False",
            What::FString => "f-string expression",
            What::Generator => "generator expression",
            What::IfExp => "conditional expression",
            What::Lambda => "lambda",
            What::List => "list",
            What::ListComp => "list comprehension",
            What::Literal => "literal",
            What::Name => "name",
            What::Named => "named expression",
            What::None => "None",
            What::Operation => "expression",
            What::Set => "set display",
            What::SetComp => "set comprehension",
            What::Starred => "starred",
            What::Subscript => "subscript",
            What::TString => "t-string expression",
            What::True => "True",
            What::Tuple => "tuple",
            What::Yield => "yield expression",
            What::Clause | What::Other => "expression",
        }
    }
}

/// What a target is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    Assign,
    Delete,
    For,
}

impl Parser<'_> {
    pub fn word_of(&self, n: N) -> &'static str {
        self.get(n).what.word()
    }

    /// The first part of `n` that cannot be a target (_PyPegen_get_invalid_target).
    pub fn bad_target(&self, n: N, for_: Use) -> Option<N> {
        let node = self.get(n);
        match node.what {
            What::List | What::Tuple => node.kids.iter().find_map(|&k| self.bad_target(k, for_)),
            What::Starred if for_ == Use::Delete => Some(n),
            What::Starred => self.bad_target(*node.kids.first()?, for_),
            // `for x in y`: only what stands before `in`.
            What::Compare if for_ == Use::For => {
                let is_in = self.source[self.get(node.kids[0]).end..]
                    .trim_start_matches([' ', '\t', '\n', '\\', ')'])
                    .starts_with("in");
                if is_in {
                    self.bad_target(node.kids[0], for_)
                } else {
                    None
                }
            }
            What::Name | What::Subscript | What::Attribute => None,
            _ => Some(n),
        }
    }

    pub fn raise_bad_target(&mut self, n: N, for_: Use) {
        if let Some(bad) = self.bad_target(n, for_) {
            let what = if for_ == Use::Delete {
                "delete"
            } else {
                "assign to"
            };
            let msg = format!("cannot {what} {}", self.word_of(bad));
            self.raise_node(bad, msg);
        }
    }
}
