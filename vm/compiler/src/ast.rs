//! The compiler's own syntax tree: CPython's node kinds, each with line and column.
//!
//! Built by `lower` from the parser's tree (or by an embedder from Python `ast` objects), changed in
//! place by `fold`, read by `symtable` and `codegen`.
use std::rc::Rc;

pub use lasti_bytecode::code::{Const, Position};

/// An identifier (not yet mangled).
pub type Name = Rc<str>;

/// Identity of a node that opens a scope; the symbol table is keyed by it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct NodeId(pub u32);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ctx {
    Load,
    Store,
    Del,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BoolOp {
    And,
    Or,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinOp {
    Add,
    Sub,
    Mult,
    MatMult,
    Div,
    Mod,
    Pow,
    LShift,
    RShift,
    BitOr,
    BitXor,
    BitAnd,
    FloorDiv,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnaryOp {
    Invert,
    Not,
    UAdd,
    USub,
}

/// The discriminants are COMPARE_OP's operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CmpOp {
    Lt = 0,
    LtE = 1,
    Eq = 2,
    NotEq = 3,
    Gt = 4,
    GtE = 5,
    In = 6,
    NotIn = 7,
    Is = 8,
    IsNot = 9,
}

#[derive(Debug)]
pub struct Expr {
    pub kind: ExprKind,
    /// The line as CPython 3.8 reckons it (it differs from `pos.line` in f-strings and for bare
    /// generator arguments).
    pub line: u32,
    pub pos: Position,
}

#[derive(Debug)]
pub enum ExprKind {
    BoolOp(BoolOp, Vec<Expr>),
    Named(Box<Expr>, Box<Expr>),
    BinOp(Box<Expr>, BinOp, Box<Expr>),
    UnaryOp(UnaryOp, Box<Expr>),
    Lambda(Box<Lambda>),
    /// test, body, orelse
    IfExp(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A key of None is `**value`.
    Dict(Vec<(Option<Expr>, Expr)>),
    Set(Vec<Expr>),
    Comp(Box<Comp>),
    Await(Box<Expr>),
    Yield(Option<Box<Expr>>),
    YieldFrom(Box<Expr>),
    Compare(Box<Expr>, Vec<CmpOp>, Vec<Expr>),
    Call(Box<Call>),
    FormattedValue(Box<FormattedValue>),
    JoinedStr(Vec<Expr>),
    Interpolation(Box<Interpolation>),
    /// Constants and interpolations, in order.
    TemplateStr(Vec<Expr>),
    Constant(Const),
    Attribute(Box<Expr>, Name, Ctx),
    Subscript(Box<Expr>, Box<Expr>, Ctx),
    Starred(Box<Expr>, Ctx),
    Name(Name, Ctx),
    List(Vec<Expr>, Ctx),
    Tuple(Vec<Expr>, Ctx),
    Slice(Box<Slice>),
}

#[derive(Debug)]
pub struct Lambda {
    pub id: NodeId,
    pub args: Arguments,
    pub body: Expr,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompKind {
    List,
    Set,
    Dict,
    Generator,
}

#[derive(Debug)]
pub struct Comp {
    pub id: NodeId,
    pub kind: CompKind,
    /// The element, or the key of a dict comprehension.
    pub elt: Expr,
    pub value: Option<Expr>,
    pub generators: Vec<Generator>,
}

#[derive(Debug)]
pub struct Generator {
    pub target: Expr,
    pub iter: Expr,
    pub ifs: Vec<Expr>,
    pub is_async: bool,
}

#[derive(Debug)]
pub struct Call {
    pub func: Expr,
    pub args: Vec<Expr>,
    pub keywords: Vec<Keyword>,
}

#[derive(Debug)]
pub struct Keyword {
    pub arg: Option<Name>,
    pub value: Expr,
    pub pos: Position,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conversion {
    None = 0,
    Str = 1,
    Repr = 2,
    Ascii = 3,
}

#[derive(Debug)]
pub struct FormattedValue {
    pub value: Expr,
    pub conversion: Conversion,
    pub spec: Option<Expr>,
}

#[derive(Debug)]
pub struct Interpolation {
    pub value: Expr,
    pub text: Const,
    pub conversion: Conversion,
    pub spec: Option<Expr>,
}

#[derive(Debug)]
pub struct Slice {
    pub lower: Option<Expr>,
    pub upper: Option<Expr>,
    pub step: Option<Expr>,
}

#[derive(Debug, Default)]
pub struct Arguments {
    pub posonly: Vec<Arg>,
    pub args: Vec<Arg>,
    pub vararg: Option<Arg>,
    pub kwonly: Vec<Arg>,
    pub kwarg: Option<Arg>,
    /// Of the last parameters of `posonly + args`.
    pub defaults: Vec<Expr>,
    /// One per `kwonly`.
    pub kw_defaults: Vec<Option<Expr>>,
}

#[derive(Debug)]
pub struct Arg {
    pub name: Name,
    pub annotation: Option<Annotation>,
    pub pos: Position,
}

/// An annotation. Under `from __future__ import annotations` it is not folded and becomes text.
#[derive(Debug)]
pub struct Annotation {
    pub expr: Expr,
}

#[derive(Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    pub pos: Position,
}

#[derive(Debug)]
pub enum StmtKind {
    FunctionDef(Box<FunctionDef>),
    ClassDef(Box<ClassDef>),
    Return(Option<Expr>),
    Delete(Vec<Expr>),
    Assign(Vec<Expr>, Expr),
    AugAssign(Expr, BinOp, Expr),
    AnnAssign(Box<AnnAssign>),
    TypeAlias(Box<TypeAlias>),
    For(Box<For>),
    While(Expr, Vec<Stmt>, Vec<Stmt>),
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    With(Box<With>),
    Match(Expr, Vec<MatchCase>),
    Raise(Option<Expr>, Option<Expr>),
    Try(Box<Try>),
    Assert(Expr, Option<Expr>),
    Import(Vec<Alias>),
    ImportFrom(Box<ImportFrom>),
    Global(Vec<Name>),
    Nonlocal(Vec<Name>),
    Expr(Expr),
    Pass,
    Break,
    Continue,
}

#[derive(Debug)]
pub struct FunctionDef {
    pub id: NodeId,
    pub name: Name,
    pub is_async: bool,
    pub decorators: Vec<Expr>,
    pub type_params: Vec<TypeParam>,
    pub args: Arguments,
    pub returns: Option<Annotation>,
    pub body: Vec<Stmt>,
}

#[derive(Debug)]
pub struct ClassDef {
    pub id: NodeId,
    pub name: Name,
    pub decorators: Vec<Expr>,
    pub type_params: Vec<TypeParam>,
    pub bases: Vec<Expr>,
    pub keywords: Vec<Keyword>,
    pub body: Vec<Stmt>,
}

#[derive(Debug)]
pub struct AnnAssign {
    pub target: Expr,
    pub annotation: Annotation,
    pub value: Option<Expr>,
    pub simple: bool,
}

#[derive(Debug)]
pub struct TypeAlias {
    pub id: NodeId,
    pub name: Expr,
    pub type_params: Vec<TypeParam>,
    pub value: Expr,
}

#[derive(Debug)]
pub struct For {
    pub is_async: bool,
    pub target: Expr,
    pub iter: Expr,
    pub body: Vec<Stmt>,
    pub orelse: Vec<Stmt>,
}

#[derive(Debug)]
pub struct With {
    pub is_async: bool,
    pub items: Vec<WithItem>,
    pub body: Vec<Stmt>,
}

#[derive(Debug)]
pub struct WithItem {
    pub context: Expr,
    pub target: Option<Expr>,
}

#[derive(Debug)]
pub struct Try {
    pub body: Vec<Stmt>,
    pub handlers: Vec<Handler>,
    pub orelse: Vec<Stmt>,
    pub finalbody: Vec<Stmt>,
    pub is_star: bool,
}

#[derive(Debug)]
pub struct Handler {
    pub type_: Option<Expr>,
    pub name: Option<Name>,
    pub body: Vec<Stmt>,
    pub pos: Position,
}

#[derive(Debug)]
pub struct Alias {
    pub name: Name,
    pub asname: Option<Name>,
    pub pos: Position,
}

#[derive(Debug)]
pub struct ImportFrom {
    pub module: Option<Name>,
    pub names: Vec<Alias>,
    pub level: u32,
}

#[derive(Debug)]
pub struct MatchCase {
    pub pattern: Pattern,
    pub guard: Option<Expr>,
    pub body: Vec<Stmt>,
}

#[derive(Debug)]
pub struct Pattern {
    pub kind: PatternKind,
    pub pos: Position,
}

#[derive(Debug)]
pub enum PatternKind {
    Value(Expr),
    Singleton(Const),
    Sequence(Vec<Pattern>),
    Mapping(Vec<Expr>, Vec<Pattern>, Option<Name>),
    /// class, positional patterns, keyword patterns
    Class(Box<Expr>, Vec<Pattern>, Vec<(Name, Pattern)>),
    Star(Option<Name>),
    /// Both None is the wildcard.
    As(Option<Box<Pattern>>, Option<Name>),
    Or(Vec<Pattern>),
}

#[derive(Debug)]
pub struct TypeParam {
    pub id: NodeId,
    pub name: Name,
    pub kind: TypeParamKind,
    pub default: Option<Expr>,
    pub pos: Position,
}

#[derive(Debug)]
pub enum TypeParamKind {
    TypeVar(Option<Expr>),
    TypeVarTuple,
    ParamSpec,
}

/// A whole compilation unit.
#[derive(Debug)]
pub enum Module {
    Exec(Vec<Stmt>),
    Eval(Expr),
    Single(Vec<Stmt>),
}

impl Expr {
    /// The constant's value, when this is one.
    pub fn as_const(&self) -> Option<&Const> {
        match &self.kind {
            ExprKind::Constant(c) => Some(c),
            _ => None,
        }
    }
}

/// The docstring of a body: its first statement, when that is a string constant.
pub fn docstring(body: &[Stmt]) -> Option<&Const> {
    match &body.first()?.kind {
        StmtKind::Expr(Expr {
            kind: ExprKind::Constant(c @ Const::Str(_)),
            ..
        }) => Some(c),
        _ => None,
    }
}
