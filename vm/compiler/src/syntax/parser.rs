//! The machine under the error parser: tokens, backtracking, what was parsed before, and raising.
//!
//! A rule is a method that returns a node, or None and leaves the place to its caller. Once an error is raised nothing
//! matches any more, so every rule comes to its end.
use lasti_bytecode::code::Position;
use ruff_text_size::{TextRange, TextSize};
use rustc_hash::FxHashMap;

use super::node::{ExprKind, Node, NodeId};
use crate::error::{ErrorKind, Fault, Shown};
use crate::lines::LineIndex;
use crate::scan::{Scan, Token, TokenKind, never_closed};

/// Deepest nesting of rules; CPython has such a limit too (MAXSTACK).
const MAX_DEPTH: usize = 6000;

const MEMO_LIMIT: usize = 100_000;

pub(super) type Parsed = Option<NodeId>;

/// Rules whose results are kept. That keeps time linear, and decides where errors of an operand are looked for again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Rule {
    Arguments,
    Attr,
    AwaitPrimary,
    BitAnd,
    BitOr,
    BitXor,
    Block,
    ClosedPattern,
    Conjunction,
    DelTarget,
    Disjunction,
    Expression,
    Factor,
    InvalidNamed,
    Inversion,
    Primary,
    Shift,
    SimpleStmts,
    StarExpression,
    StarPattern,
    StarTarget,
    Strings,
    Sum,
    TargetWithStarAtom,
    Term,
    TypeParam,
}

pub(super) struct Parser<'a> {
    pub source: &'a str,
    pub lines: &'a LineIndex,
    pub scan: Scan,
    pub mark: usize,
    /// How many tokens were looked at (CPython's `p->fill`).
    pub tokens_read: usize,
    /// Whether the rules for bad input are on.
    pub invalid: bool,
    pub error: Option<Box<Fault>>,
    /// The error is one of the tokenizer.
    pub stopped: bool,
    /// ExprKind the compiler would say of input that the grammar allows.
    pub later: Option<Box<Fault>>,
    /// The input is nested deeper than this parser goes.
    pub too_deep: bool,
    nodes: Vec<Node>,
    memo: FxHashMap<(u32, Rule), (Parsed, u32)>,
    /// Results kept before the first look at what can go.
    memo_limit: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    pub fn new(source: &'a str, lines: &'a LineIndex, scan: Scan) -> Parser<'a> {
        Parser {
            source,
            lines,
            scan,
            mark: 0,
            tokens_read: 0,
            invalid: false,
            error: None,
            stopped: false,
            later: None,
            too_deep: false,
            nodes: Vec::new(),
            memo: FxHashMap::default(),
            memo_limit: MEMO_LIMIT,
            depth: 0,
        }
    }

    /// Back to the start, now with the rules for bad input.
    pub fn second_pass(&mut self) {
        self.mark = 0;
        self.invalid = true;
        self.nodes.clear();
        self.memo.clear();
    }

    // Tokens.

    /// The token at the mark.
    pub fn peek(&mut self) -> Option<Token> {
        if self.error.is_some() {
            return None;
        }
        let token = self.scan.tokens.get(self.mark).copied();
        match token {
            Some(_) => self.tokens_read = self.tokens_read.max(self.mark + 1),
            None => {
                self.stopped = true;
                let stop = self.scan.stop.as_ref().map(|s| s.fault.clone());
                let end = || Fault::syntax("invalid syntax", Position::default());
                self.error = Some(stop.unwrap_or_else(end));
            }
        }
        token
    }

    pub fn text_of(&self, t: Token) -> &'a str {
        &self.source[t.start..t.end.min(self.source.len())]
    }

    pub fn expect_kind(&mut self, kind: TokenKind) -> Option<Token> {
        let t = self.peek().filter(|t| t.kind == kind)?;
        self.mark += 1;
        Some(t)
    }

    /// An operator or a keyword.
    pub fn expect(&mut self, text: &str) -> Option<Token> {
        let t = self.peek()?;
        if matches!(t.kind, TokenKind::Op | TokenKind::Keyword) && self.text_of(t) == text {
            self.mark += 1;
            return Some(t);
        }
        None
    }

    pub fn expect_any(&mut self, words: &[&str]) -> Option<Token> {
        words.iter().find_map(|w| self.expect(w))
    }

    /// A word that is a keyword only here.
    pub fn expect_soft_keyword(&mut self, text: &str) -> Option<Token> {
        let t = self.peek()?;
        if t.kind == TokenKind::Name && self.text_of(t) == text {
            self.mark += 1;
            return Some(t);
        }
        None
    }

    pub fn name(&mut self) -> Parsed {
        let t = self.expect_kind(TokenKind::Name)?;
        Some(self.leaf(ExprKind::Name, t))
    }

    /// A token that has to be there.
    pub fn expect_forced(&mut self, text: &str) -> Option<Token> {
        if let Some(t) = self.expect(text) {
            return Some(t);
        }
        let t = self.peek()?;
        self.raise_token(t, format!("expected '{text}'"), false);
        None
    }

    // Nodes.

    pub fn leaf(&mut self, kind: ExprKind, t: Token) -> NodeId {
        self.add(kind, t.start, t.end, Vec::new())
    }

    fn add(&mut self, kind: ExprKind, start: usize, end: usize, children: Vec<NodeId>) -> NodeId {
        self.nodes.push(Node {
            kind,
            start,
            end,
            children,
        });
        NodeId(self.nodes.len() as u32 - 1)
    }

    /// A node from where token `from` starts to where the last token ends.
    pub fn node(&mut self, kind: ExprKind, from: usize, children: Vec<NodeId>) -> Parsed {
        if self.error.is_some() {
            return None;
        }
        let start = self.scan.tokens.get(from).map_or(0, |t| t.start);
        let end = self.scan.tokens[..self.mark]
            .last()
            .map_or(start, |t| t.end);
        Some(self.add(kind, start, end, children))
    }

    /// For rules whose result nobody looks at.
    pub fn unit(&mut self) -> Parsed {
        self.node(ExprKind::Other, self.mark, Vec::new())
    }

    pub fn get(&self, n: NodeId) -> &Node {
        &self.nodes[n.0 as usize]
    }

    // Combinators.

    /// One alternative: where it does not match, the place is as before.
    pub fn attempt<T>(&mut self, f: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mark = self.mark;
        let result = f(self).filter(|_| self.error.is_none());
        if result.is_none() {
            self.mark = mark;
        }
        result
    }

    /// Whether `f` matches here; the place stays.
    pub fn matches<T>(&mut self, f: impl FnOnce(&mut Self) -> Option<T>) -> bool {
        let mark = self.mark;
        let found = f(self).is_some();
        self.mark = mark;
        found
    }

    /// Goes on where the condition holds.
    pub fn lookahead<T>(&mut self, f: impl FnOnce(&mut Self) -> Option<T>) -> Option<()> {
        self.matches(f).then_some(())
    }

    /// Goes on where the condition does not hold.
    pub fn negative_lookahead<T>(&mut self, f: impl FnOnce(&mut Self) -> Option<T>) -> Option<()> {
        let found = self.matches(f);
        (!found && self.error.is_none()).then_some(())
    }

    pub fn many0<T>(&mut self, mut f: impl FnMut(&mut Self) -> Option<T>) -> Vec<T> {
        let mut out = Vec::new();
        loop {
            let before = self.mark;
            match self.attempt(&mut f) {
                Some(x) => out.push(x),
                None => return out,
            }
            if self.mark == before {
                return out;
            }
        }
    }

    pub fn many1<T>(&mut self, f: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        Some(self.many0(f)).filter(|v| !v.is_empty())
    }

    /// One or more, with a separator between.
    pub fn separated1<T>(
        &mut self,
        separator: &str,
        mut f: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut out = vec![self.attempt(&mut f)?];
        while let Some(x) = self.attempt(|p| {
            p.expect(separator)?;
            f(p)
        }) {
            out.push(x);
        }
        Some(out)
    }

    /// A rule for bad input: it only ever raises.
    pub fn invalid_rule<T>(&mut self, f: impl FnOnce(&mut Self) -> Option<T>) {
        if self.invalid {
            self.invalid_rule_always(f);
        }
    }

    /// The same, in both passes.
    pub fn invalid_rule_always<T>(&mut self, f: impl FnOnce(&mut Self) -> Option<T>) {
        if self.error.is_none() {
            self.attempt(|p| {
                f(p);
                None::<()>
            });
        }
    }

    /// Keeps the result of a rule, and counts how deep rules nest.
    pub fn memoized(&mut self, rule: Rule, f: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.error.is_some() {
            return None;
        }
        let key = (self.mark as u32, rule);
        if let Some(&(result, end)) = self.memo.get(&key) {
            self.mark = end as usize;
            return result;
        }
        let start = self.mark;
        let result = self.nested(|p| p.attempt(f));
        let end = if result.is_some() { self.mark } else { start };
        self.mark = end;
        self.memo.insert(key, (result, end as u32));
        result
    }

    pub fn nested<T>(&mut self, f: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            self.too_deep = true;
            let msg = "Parser stack overflowed - Python source too complex to compile";
            let fault = Fault::of(ErrorKind::Memory, msg, Position::default());
            self.error.get_or_insert(fault);
            return None;
        }
        self.depth += 1;
        let result =
            stacker::maybe_grow(crate::lower::RED_ZONE, crate::lower::STACK_STEP, || f(self));
        self.depth -= 1;
        result
    }

    /// Forgets what was kept inside a finished statement, which nobody parses again.
    pub fn trim_memo(&mut self, from: usize) {
        if self.memo.len() > self.memo_limit {
            let inside = from as u32..self.mark as u32;
            self.memo.retain(|&(at, _), _| !inside.contains(&at));
            self.memo_limit = (2 * self.memo.len()).max(MEMO_LIMIT);
        }
    }

    // Raising.

    pub fn raise(&mut self, kind: ErrorKind, msg: impl Into<String>, pos: Position) {
        if self.error.is_none() {
            let mut fault = Fault::of(kind, msg, pos);
            fault.shown = self.shown(pos.line);
            self.error = Some(fault);
        }
    }

    /// The line that the tokenizer was in behind this token.
    fn line_read(&self, t: &Token) -> u32 {
        let at = match t.kind {
            TokenKind::Dedent | TokenKind::Indent if t.read < self.source.len() => t.read,
            _ => t.read.saturating_sub(1),
        };
        self.lines.line(at as u32)
    }

    /// CPython has the newline of the line that it read last only; of a string of many lines all belong together.
    fn shown(&self, line: u32) -> Shown {
        let read = &self.scan.tokens[..self.tokens_read.min(self.scan.tokens.len())];
        let Some(last) = read.last() else {
            return Shown::Line;
        };
        let line_of = |at: usize| self.lines.line(at as u32);
        if self.line_read(last) > line {
            return Shown::Bare;
        }
        let mut first = line;
        for t in read.iter().rev() {
            let (start, end) = (line_of(t.start), line_of(t.end));
            if t.kind == TokenKind::Newline {
                continue;
            }
            if end < first {
                break;
            }
            if start < end
                && end == first
                && matches!(t.kind, TokenKind::String | TokenKind::FMiddle(_))
            {
                first = start;
            }
        }
        if first < line {
            Shown::From(first)
        } else {
            Shown::Line
        }
    }

    pub fn range(&self, start: usize, end: usize) -> Position {
        let start = TextSize::new(start as u32);
        let end = TextSize::new(end as u32).max(start);
        self.lines.position(TextRange::new(start, end))
    }

    /// From the start of one node to the end of another.
    pub fn raise_range(&mut self, from: NodeId, to: NodeId, msg: impl Into<String>) {
        let pos = self.range(self.get(from).start, self.get(to).end);
        self.raise(ErrorKind::Syntax, msg, pos);
    }

    pub fn raise_node(&mut self, n: NodeId, msg: impl Into<String>) {
        self.raise_range(n, n, msg);
    }

    /// From a place to what was read last.
    pub fn raise_from(&mut self, start: usize, msg: impl Into<String>) {
        let read = self.scan.tokens[..self.tokens_read]
            .last()
            .map_or(start, |t| t.read);
        let pos = self.range(start, read.saturating_sub(1));
        self.raise(ErrorKind::Syntax, msg, pos);
    }

    /// At a token. Some have no place of their own: then it is where reading has come to.
    pub fn raise_token(&mut self, t: Token, msg: impl Into<String>, indentation: bool) {
        let kind = if indentation {
            ErrorKind::Indentation
        } else {
            ErrorKind::Syntax
        };
        let pos = self.token_place(t);
        self.raise(kind, msg, pos);
    }

    pub fn token_place(&self, t: Token) -> Position {
        let placed = t.start < t.end && !matches!(t.kind, TokenKind::Indent | TokenKind::Dedent);
        if placed {
            return self.range(t.start, t.end);
        }
        let Some(read) = self.scan.tokens[..self.tokens_read].last() else {
            return Position::default();
        };
        let line = self.line_read(read);
        let last = self.source.floor_char_boundary(read.read.saturating_sub(1));
        let start = self.lines.start(line) as usize;
        let col = match read.read > start {
            true => (last - start) as u32,
            false => Fault::BEFORE_LINE,
        };
        Position {
            line,
            end_line: line,
            col,
            end_col: Fault::UNKNOWN_END,
        }
    }

    /// At the token read last.
    pub fn raise_last(&mut self, msg: impl Into<String>) {
        if let Some(&t) = self.scan.tokens[..self.tokens_read].last() {
            self.raise_token(t, msg, false);
        }
    }

    pub fn raise_indentation(&mut self, msg: impl Into<String>) {
        if let Some(&t) = self.scan.tokens[..self.tokens_read].last() {
            self.raise_token(t, msg, true);
        }
    }

    /// At the token at the mark.
    pub fn raise_next(&mut self, msg: impl Into<String>) {
        if let Some(t) = self.peek() {
            self.raise_token(t, msg, false);
        }
    }

    /// The error, when none was raised: where the first pass could not go on. True when nothing goes before it.
    pub fn set_syntax_error(&mut self, tokens_read: usize) -> bool {
        let Some(&t) = self.scan.tokens[..tokens_read].last() else {
            return false;
        };
        match t.kind {
            TokenKind::Indent => self.raise_token(t, "unexpected indent", true),
            TokenKind::Dedent => self.raise_token(t, "unexpected unindent", true),
            _ => {
                let mut pos = self.token_place(t);
                if pos.end_col == Fault::UNKNOWN_END {
                    (pos.col, pos.end_col) = (Fault::BEFORE_LINE, Fault::NO_END);
                }
                self.raise(ErrorKind::Syntax, "invalid syntax", pos);
            }
        }
        matches!(t.kind, TokenKind::Indent | TokenKind::Dedent)
    }

    /// Whether something but comments follows the first statement of interactive input.
    pub fn more_statements(&self) -> bool {
        let read = self.scan.tokens[..self.tokens_read]
            .last()
            .map_or(0, |t| t.read);
        let rest = self.source.get(read..).unwrap_or("");
        rest.lines()
            .map(str::trim_start)
            .any(|l| !l.is_empty() && !l.starts_with('#'))
    }

    /// Faults of the tokens behind the error go before it.
    pub fn error_in_rest_of_tokens(&self) -> Option<Box<Fault>> {
        let stop = self.scan.stop.as_ref()?;
        // Inside an f-string the grammar's own errors stand.
        if stop.inside && self.invalid {
            return None;
        }
        if stop.raised {
            return Some(stop.fault.clone());
        }
        let (bracket, at) = self.scan.unclosed?;
        let here = self.scan.tokens[..self.tokens_read].last()?;
        let line = |at: usize| self.lines.line(at as u32);
        (line(here.start) > line(at)).then(|| never_closed(self.lines, bracket, at))
    }
}
