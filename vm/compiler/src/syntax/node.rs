//! ExprKind the error parser knows of an expression: its kind, its place, its parts.
use super::parser::Parser;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NodeId(pub u32);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ExprKind {
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
    pub kind: ExprKind,
    pub start: usize,
    pub end: usize,
    pub children: Vec<NodeId>,
}

impl ExprKind {
    /// CPython's word for it (_PyPegen_get_expr_name).
    pub fn describe(self) -> &'static str {
        match self {
            ExprKind::Attribute => "attribute",
            ExprKind::Await => "await expression",
            ExprKind::Call => "function call",
            ExprKind::Compare => "comparison",
            ExprKind::Dict => "dict literal",
            ExprKind::DictComp => "dict comprehension",
            ExprKind::Ellipsis => "ellipsis",
            ExprKind::False => "False",
            ExprKind::FString => "f-string expression",
            ExprKind::Generator => "generator expression",
            ExprKind::IfExp => "conditional expression",
            ExprKind::Lambda => "lambda",
            ExprKind::List => "list",
            ExprKind::ListComp => "list comprehension",
            ExprKind::Literal => "literal",
            ExprKind::Name => "name",
            ExprKind::Named => "named expression",
            ExprKind::None => "None",
            ExprKind::Operation => "expression",
            ExprKind::Set => "set display",
            ExprKind::SetComp => "set comprehension",
            ExprKind::Starred => "starred",
            ExprKind::Subscript => "subscript",
            ExprKind::TString => "t-string expression",
            ExprKind::True => "True",
            ExprKind::Tuple => "tuple",
            ExprKind::Yield => "yield expression",
            ExprKind::Clause | ExprKind::Other => "expression",
        }
    }
}

/// ExprKind a target is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    Assign,
    Delete,
    For,
}

impl Parser<'_> {
    pub fn describe(&self, n: NodeId) -> &'static str {
        self.get(n).kind.describe()
    }

    /// The first part of `n` that cannot be a target (_PyPegen_get_invalid_target).
    pub fn bad_target(&self, n: NodeId, for_: Use) -> Option<NodeId> {
        let node = self.get(n);
        match node.kind {
            ExprKind::List | ExprKind::Tuple => {
                node.children.iter().find_map(|&k| self.bad_target(k, for_))
            }
            ExprKind::Starred if for_ == Use::Delete => Some(n),
            ExprKind::Starred => self.bad_target(*node.children.first()?, for_),
            // `for x in y`: only what stands before `in`.
            ExprKind::Compare if for_ == Use::For => {
                let is_in = self.source[self.get(node.children[0]).end..]
                    .trim_start_matches([' ', '\t', '\n', '\\', ')'])
                    .starts_with("in");
                if is_in {
                    self.bad_target(node.children[0], for_)
                } else {
                    None
                }
            }
            ExprKind::Name | ExprKind::Subscript | ExprKind::Attribute => None,
            _ => Some(n),
        }
    }

    pub fn raise_bad_target(&mut self, n: NodeId, for_: Use) {
        if let Some(bad) = self.bad_target(n, for_) {
            let what = if for_ == Use::Delete {
                "delete"
            } else {
                "assign to"
            };
            let msg = format!("cannot {what} {}", self.describe(bad));
            self.raise_node(bad, msg);
        }
    }
}
