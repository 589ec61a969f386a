//! Syntax errors in CPython's words (the `invalid_*` rules of Grammar/python.gram, pegen_errors.c).
//!
//! The parser says where it could not go on. What CPython would say there follows from its own tokens: errors
//! of the tokenizer come first, then special cases, then an unclosed bracket, then "invalid syntax".
use lasti_bytecode::code::Position;
use ruff_python_ast as ruff;
use ruff_python_parser::{
    InterpolatedStringErrorType, LexicalErrorType, ParseError, ParseErrorType,
    UnsupportedSyntaxError,
};
use ruff_text_size::{TextRange, TextSize};

use crate::ast::Stmt;
use crate::error::{ErrorKind, Fault, Pass};
use crate::lines::{LineIndex, Survey};
use crate::scan::{self, Kind, Scan, Token};

/// What can be said before the grammar is asked.
pub fn before_parsing(source: &str, survey: &Survey) -> Pass {
    let lines = &survey.lines;
    if let Some(at) = source.find('\0') {
        let (line, col) = lines.line_col(at as u32);
        let pos = Position {
            line,
            end_line: line,
            col,
            end_col: col + 1,
        };
        return Err(Fault::syntax("source code cannot contain null bytes", pos));
    }
    // Brackets and indents are counted exactly only where the limits may matter.
    if survey.brackets > 200 || survey.indented {
        let scan = scan::scan(source);
        if let Some(e) = &scan.error
            && e.msg.starts_with("too many")
        {
            return Err(Fault::of(
                e.kind,
                e.msg.clone(),
                range(lines, e.start, e.end),
            ));
        }
    }
    Ok(())
}

fn range(lines: &LineIndex, start: usize, end: usize) -> Position {
    let start = start as u32;
    lines.position(TextRange::new(
        TextSize::new(start),
        TextSize::new((end as u32).max(start)),
    ))
}

/// A place of which CPython knows only the start.
fn open_end(mut pos: Position) -> Position {
    pos.end_col = u32::MAX;
    pos
}

struct Classifier<'a> {
    source: &'a str,
    lines: &'a LineIndex,
    scan: Scan,
    error: &'a ParseError,
    /// Index of the token the parser stopped at.
    at: usize,
}

/// The error of the parser, in CPython's words.
pub fn classify(source: &str, lines: &LineIndex, error: &ParseError) -> Box<Fault> {
    let scan = scan::scan(source);
    // Bad indentation further down is not reached when the grammar stops before it; other faults of the tokens are
    // looked for in all of the source.
    let unreached = |e: &scan::ScanError| {
        matches!(e.kind, ErrorKind::Indentation | ErrorKind::Tab)
            && lines.line(error.location.start().to_u32()) < lines.line(e.start as u32)
    };
    if let Some(e) = scan.error.as_ref().filter(|e| !unreached(e)) {
        let pos = range(lines, e.start, e.end);
        let pos = if e.msg.ends_with("was never closed") {
            open_end(pos)
        } else {
            pos
        };
        return Fault::of(e.kind, e.msg.clone(), pos);
    }
    let place = error.location.start().to_usize();
    let at = scan
        .tokens
        .iter()
        .position(|t| t.start >= place && t.end > place);
    let at = at.unwrap_or(scan.tokens.len().saturating_sub(1));
    let c = Classifier {
        source,
        lines,
        scan,
        error,
        at,
    };
    c.fault()
}

/// Whether more input could make the source valid (PyCF_ALLOW_INCOMPLETE_INPUT).
pub fn is_incomplete(source: &str, error: &ParseError) -> bool {
    let scan = scan::scan(source);
    if let Some(e) = &scan.error {
        return e.msg.starts_with("unterminated triple-quoted")
            || e.msg.starts_with("unexpected EOF")
            || e.msg.ends_with("was never closed");
    }
    let place = error.location.start().to_usize();
    let missing_block = matches!(&error.error, ParseErrorType::OtherError(msg)
        if msg.starts_with("Expected an indented block"));
    let rest = scan.tokens.iter().filter(|t| t.start >= place);
    rest.clone()
        .all(|t| matches!(t.kind, Kind::Newline | Kind::Dedent | Kind::End))
        && (scan.unclosed.is_some()
            || missing_block
            || rest.clone().all(|t| t.kind != Kind::Newline))
}

/// What Python after 3.14 allows.
pub fn unsupported(source: &str, lines: &LineIndex, error: &UnsupportedSyntaxError) -> Box<Fault> {
    let text = source
        .get(error.range.start().to_usize()..error.range.end().to_usize())
        .unwrap_or("");
    let msg = if text.starts_with("**") {
        "dict unpacking cannot be used in dict comprehension"
    } else if text.starts_with('*') {
        "iterable unpacking cannot be used in comprehension"
    } else {
        "invalid syntax"
    };
    Fault::syntax(msg, lines.position(error.range))
}

/// `compile(..., "single")` takes one statement.
pub fn one_statement(body: &[Stmt]) -> Pass {
    match body {
        [first, second, ..] if second.pos.line > first.pos.end_line => {
            let msg = "multiple statements found while compiling a single statement";
            Err(Fault::syntax(msg, second.pos))
        }
        _ => Ok(()),
    }
}

fn is_keyword(text: &str) -> bool {
    matches!(
        text,
        "False"
            | "None"
            | "True"
            | "and"
            | "as"
            | "assert"
            | "async"
            | "await"
            | "break"
            | "class"
            | "continue"
            | "def"
            | "del"
            | "elif"
            | "else"
            | "except"
            | "finally"
            | "for"
            | "from"
            | "global"
            | "if"
            | "import"
            | "in"
            | "is"
            | "lambda"
            | "nonlocal"
            | "not"
            | "or"
            | "pass"
            | "raise"
            | "return"
            | "try"
            | "while"
            | "with"
            | "yield"
    )
}

impl Classifier<'_> {
    fn token(&self, i: usize) -> Option<&Token> {
        self.scan.tokens.get(i)
    }

    fn text(&self, i: usize) -> &str {
        self.token(i).map_or("", |t| &self.source[t.start..t.end])
    }

    fn range_text(&self, range: TextRange) -> &str {
        self.source
            .get(range.start().to_usize()..range.end().to_usize())
            .unwrap_or("")
    }

    fn here(&self) -> Position {
        self.token(self.at)
            .map_or_else(Position::default, |t| range(self.lines, t.start, t.end))
    }

    /// The token at the error or, at the end of the file, the end of the last line.
    fn here_or_line_end(&self, i: usize) -> Position {
        let at_end = self.scan.tokens[i.min(self.scan.tokens.len() - 1)..]
            .iter()
            .all(|t| matches!(t.kind, Kind::Dedent | Kind::End));
        if at_end && let Some(newline) = self.scan.tokens.iter().rfind(|t| t.kind == Kind::Newline)
        {
            return open_end(range(self.lines, newline.start, newline.start));
        }
        self.between(i, i)
    }

    fn between(&self, from: usize, to: usize) -> Position {
        let start = self.token(from).map_or(0, |t| t.start);
        let end = self.token(to).map_or(start, |t| t.end);
        range(self.lines, start, end)
    }

    fn fault(&self) -> Box<Fault> {
        let Some(token) = self.token(self.at) else {
            return Fault::syntax("invalid syntax", self.here());
        };
        if let Some((bracket, at)) = self.scan.unclosed {
            let line = |at: usize| self.lines.line(at as u32);
            if token.kind == Kind::End || line(token.start) > line(at) {
                let msg = format!("'{bracket}' was never closed");
                return Fault::syntax(msg, open_end(range(self.lines, at, at)));
            }
        }
        if let Some(fault) = self.special().or_else(|| self.statement_words()) {
            return fault;
        }
        match token.kind {
            Kind::Indent => Fault::of(
                ErrorKind::Indentation,
                "unexpected indent",
                self.indent_place(),
            ),
            Kind::Dedent => Fault::of(ErrorKind::Indentation, "unexpected unindent", self.here()),
            _ => Fault::syntax("invalid syntax", self.here()),
        }
    }

    /// CPython points at the end of the indentation.
    fn indent_place(&self) -> Position {
        let end = self.token(self.at).map_or(0, |t| t.end);
        range(self.lines, end, end)
    }

    fn special(&self) -> Option<Box<Fault>> {
        let loc = self.lines.position(self.error.location);
        let simple = |msg: &str| Some(Fault::syntax(msg, loc));
        match &self.error.error {
            ParseErrorType::UnexpectedIndentation => {
                let at = self.scan.tokens.iter().position(|t| {
                    t.kind == Kind::Indent && t.end >= self.error.location.start().to_usize()
                });
                let end = at.and_then(|i| self.token(i)).map_or(0, |t| t.end);
                let pos = range(self.lines, end, end);
                Some(Fault::of(ErrorKind::Indentation, "unexpected indent", pos))
            }
            ParseErrorType::OtherError(msg) if msg.starts_with("Expected an indented block") => {
                Some(self.missing_block())
            }
            ParseErrorType::InvalidAssignmentTarget => Some(self.bad_target(false)),
            ParseErrorType::InvalidAugmentedAssignmentTarget => {
                let name = self.expr_name()?;
                Some(Fault::syntax(
                    format!("'{name}' is an illegal expression for augmented assignment"),
                    loc,
                ))
            }
            ParseErrorType::InvalidAnnotatedAssignmentTarget => {
                simple("illegal target for annotation")
            }
            ParseErrorType::InvalidNamedAssignmentTarget => {
                let name = self.expr_name()?;
                Some(Fault::syntax(
                    format!("cannot use assignment expressions with {name}"),
                    loc,
                ))
            }
            ParseErrorType::InvalidDeleteTarget => {
                let name = self.expr_name()?;
                Some(Fault::syntax(format!("cannot delete {name}"), loc))
            }
            ParseErrorType::PositionalAfterKeywordArgument => {
                simple("positional argument follows keyword argument")
            }
            ParseErrorType::PositionalAfterKeywordUnpacking => {
                simple("positional argument follows keyword argument unpacking")
            }
            ParseErrorType::InvalidArgumentUnpackingOrder => {
                simple("iterable argument unpacking follows keyword argument unpacking")
            }
            ParseErrorType::IterableUnpackingInComprehension => {
                simple("iterable unpacking cannot be used in comprehension")
            }
            ParseErrorType::UnparenthesizedGeneratorExpression => {
                simple("Generator expression must be parenthesized")
            }
            ParseErrorType::NonDefaultParamAfterDefaultParam => {
                simple("parameter without a default follows parameter with a default")
            }
            ParseErrorType::ParamAfterVarKeywordParam => {
                simple("arguments cannot follow var-keyword argument")
            }
            ParseErrorType::VarParameterWithDefault => {
                let star = self.range_text(self.error.location);
                if star.starts_with("**") {
                    simple("var-keyword argument cannot have default value")
                } else {
                    simple("var-positional argument cannot have default value")
                }
            }
            ParseErrorType::ExpectedKeywordParam => simple("named arguments must follow bare *"),
            ParseErrorType::EmptyTypeParams => simple("Type parameter list cannot be empty"),
            ParseErrorType::EmptyImportNames => simple("Expected one or more names after 'import'"),
            ParseErrorType::FStringError(kind) => self.interpolated("f-string", kind),
            ParseErrorType::TStringError(kind) => self.interpolated("t-string", kind),
            ParseErrorType::Lexical(kind) => self.lexical(kind),
            ParseErrorType::OtherError(msg) => self.other(msg),
            ParseErrorType::ExpectedToken { expected, .. } => self
                .adjacent()
                .or_else(|| self.expected(&expected.to_string())),
            ParseErrorType::ExpectedExpression if self.in_field('}') => {
                let at = self.error.location.start().to_usize();
                let msg = "f-string: valid expression required before '}'";
                Some(Fault::syntax(msg, range(self.lines, at, at + 1)))
            }
            ParseErrorType::ExpectedExpression if self.at > 0 && self.text(self.at - 1) == "->" => {
                Some(Fault::syntax(
                    "expected ':'",
                    self.between(self.at - 1, self.at - 1),
                ))
            }
            ParseErrorType::SimpleStatementsOnSameLine
            | ParseErrorType::SimpleAndCompoundStatementOnSameLine
            | ParseErrorType::UnexpectedExpressionToken
            | ParseErrorType::ExpectedExpression => {
                self.adjacent().or_else(|| self.statement_words())
            }
            ParseErrorType::InvalidStarredExpressionUsage => {
                simple("can't use starred expression here")
            }
            _ => None,
        }
    }

    /// Whether the error is at this character inside an f-string.
    fn in_field(&self, c: char) -> bool {
        let at = self.error.location.start().to_usize();
        let inside = self
            .scan
            .tokens
            .iter()
            .any(|t| t.kind == Kind::String && t.start < at && at < t.end);
        inside && self.source[at..].starts_with(c)
    }

    /// What the statement's first word and the word at the error tell.
    fn statement_words(&self) -> Option<Box<Fault>> {
        let here = self.text(self.at);
        let (key, token) = (self.at.checked_sub(1)?, self.token(self.at)?);
        if matches!(here, "}" | ",") && token.level > 0 && self.dict_key_missing_colon(key) {
            let key = self.expression_start(key);
            let msg = "':' expected after dictionary key";
            return Some(Fault::syntax(msg, open_end(self.between(key, key))));
        }
        let first = self.logical_line().next()?;
        let line_end = (self.at..self.scan.tokens.len())
            .find(|&i| self.token(i).is_some_and(|t| t.kind == Kind::Newline))
            .map_or(self.at, |i| i - 1);
        match (self.text(first), here) {
            ("import", "from") => {
                let msg = "Did you mean to use 'from ... import ...' instead?";
                Some(Fault::syntax(msg, self.between(first, line_end)))
            }
            ("del", "*") => Some(Fault::syntax(
                "cannot delete starred",
                self.between(self.at, self.at + 1),
            )),
            (
                _,
                "+=" | "-=" | "*=" | "/=" | "%=" | "@=" | "&=" | "|=" | "^=" | ">>=" | "<<="
                | "**=" | "//=",
            ) => {
                let (start, end) = (self.token(first)?.start, self.token(self.at - 1)?.end);
                let parsed = ruff_python_parser::parse_expression(&self.source[start..end]).ok()?;
                let name = name_of(&parsed.syntax().body);
                let msg = format!("'{name}' is an illegal expression for augmented assignment");
                Some(Fault::syntax(msg, self.between(first, self.at - 1)))
            }
            ("def", "(") if self.token(self.at)?.level > 0 => {
                let level = self.token(self.at)?.level;
                let end = (self.at + 1..self.scan.tokens.len()).find(|&i| {
                    self.token(i).is_some_and(|t| t.level == level) && self.text(i) == ")"
                })?;
                let msg = "Function parameters cannot be parenthesized";
                Some(Fault::syntax(msg, self.between(self.at, end)))
            }
            _ => None,
        }
    }

    /// In a display that began with `key: value`, an element without a colon.
    fn dict_key_missing_colon(&self, last: usize) -> bool {
        let from = self.expression_start(last);
        let Some(level) = self.token(last).map(|t| t.level) else {
            return false;
        };
        let opening = (0..from)
            .rev()
            .find(|&i| self.token(i).is_some_and(|t| t.level < level));
        let Some(opening) = opening.filter(|&i| self.text(i) == "{") else {
            return false;
        };
        from > opening + 1
            && self.text(from - 1) == ","
            && (opening..from)
                .any(|i| self.token(i).is_some_and(|t| t.level == level) && self.text(i) == ":")
    }

    /// `f(1=2)`
    fn bad_keyword(&self) -> Option<Box<Fault>> {
        let end = self.error.location.end().to_usize();
        let equal = self.scan.tokens.iter().position(|t| t.start >= end)?;
        if self.text(equal) != "=" {
            return None;
        }
        let from = self.expression_start(equal - 1);
        let word = self.text(from);
        let msg = if from + 1 == equal && matches!(word, "True" | "False" | "None") {
            format!("cannot assign to {word}")
        } else {
            "expression cannot contain assignment, perhaps you meant \"==\"?".to_owned()
        };
        Some(Fault::syntax(msg, self.between(from, equal)))
    }

    fn other(&self, msg: &str) -> Option<Box<Fault>> {
        let loc = self.lines.position(self.error.location);
        let simple = |msg: &str| Some(Fault::syntax(msg, loc));
        if msg.starts_with("Expected `except` or `finally`") {
            let msg = "expected 'except' or 'finally' block";
            return Some(Fault::syntax(msg, self.here_or_line_end(self.at)));
        }
        if msg.starts_with("Cannot have both 'except'") {
            return simple("cannot have both 'except' and 'except*' on the same 'try'");
        }
        if msg.starts_with("Only single target (not") {
            return Some(Fault::syntax(msg.replace("Only", "only"), loc));
        }
        if msg.starts_with("Multiple exception types") {
            return simple("multiple exception types must be parenthesized when using 'as'");
        }
        if msg.starts_with("Expected a parameter name") {
            return self.bad_keyword().or_else(|| self.statement_words());
        }
        if msg.contains("mixed") || msg.contains("Bytes literal") {
            return simple("cannot mix bytes and nonbytes literals");
        }
        if msg.starts_with("Trailing comma not allowed") {
            let names = self.logical_line().any(|i| self.text(i) == "import");
            if names {
                return simple("trailing comma not allowed without surrounding parentheses");
            }
        }
        if msg.starts_with("Expected one or more exception types") {
            return simple("expected one or more exception types");
        }
        self.adjacent().or_else(|| self.statement_words())
    }

    /// Indices of the tokens of the line the error is in, up to the error.
    fn logical_line(&self) -> impl Iterator<Item = usize> + '_ {
        let ends = |t: &Token| matches!(t.kind, Kind::Newline | Kind::Indent | Kind::Dedent);
        let start = (0..self.at)
            .rev()
            .find(|&i| self.token(i).is_some_and(ends))
            .map_or(0, |i| i + 1);
        start..self.at
    }

    fn missing_block(&self) -> Box<Fault> {
        // The line before the place where a block should be, without its newline.
        let place = self.error.location.start().to_usize();
        let newline = self
            .scan
            .tokens
            .iter()
            .rposition(|t| t.kind == Kind::Newline && t.start <= place);
        let newline = newline.unwrap_or(0);
        let ends = |t: &Token| matches!(t.kind, Kind::Newline | Kind::Indent | Kind::Dedent);
        let first = (0..newline)
            .rev()
            .find(|&i| self.token(i).is_some_and(ends))
            .map_or(0, |i| i + 1);
        let mut word = self.text(first);
        let mut head = first;
        if word == "async" {
            head = first + 1;
            word = self.text(head);
        }
        let line = self
            .lines
            .line(self.token(head).map_or(0, |t| t.start) as u32);
        let what = match word {
            "def" => "function definition".to_owned(),
            "class" => "class definition".to_owned(),
            "except" if self.text(head + 1) == "*" => "'except*' statement".to_owned(),
            word => format!("'{word}' statement"),
        };
        let msg = format!("expected an indented block after {what} on line {line}");
        let next = (newline + 1..self.scan.tokens.len())
            .find(|&i| self.token(i).is_some_and(|t| t.kind != Kind::Dedent));
        let pos = next.map_or(self.here(), |i| self.here_or_line_end(i));
        Fault::of(ErrorKind::Indentation, msg, pos)
    }

    /// CPython's word for the expression at the error's place (_PyPegen_get_expr_name).
    fn expr_name(&self) -> Option<&'static str> {
        let text = self.range_text(self.error.location);
        // In brackets, so that it may span lines.
        let parsed = ruff_python_parser::parse_expression(&format!("({text})")).ok()?;
        Some(name_of(&parsed.syntax().body))
    }

    fn bad_target(&self, _in_loop: bool) -> Box<Fault> {
        let loc = self.lines.position(self.error.location);
        let Some(name) = self.expr_name() else {
            return Fault::syntax("invalid syntax", self.here());
        };
        if name == "yield expression" {
            return Fault::syntax("assignment to yield expression not possible", loc);
        }
        let alone = !matches!(
            name,
            "True"
                | "False"
                | "None"
                | "generator expression"
                | "comparison"
                | "conditional expression"
                | "lambda"
                | "named expression"
        );
        let end = self.error.location.end().to_usize();
        let after: Vec<&Token> = self
            .scan
            .tokens
            .iter()
            .filter(|t| t.start >= end)
            .take_while(|t| t.kind != Kind::Newline)
            .collect();
        let is_equal = |t: &&&Token| &self.source[t.start..t.end] == "=" && t.level == 0;
        let directly = after.first().is_some_and(|t| is_equal(&t));
        let once = after.iter().filter(is_equal).count() == 1;
        let start = self.error.location.start().to_usize();
        let before = self.scan.tokens.iter().rev().find(|t| t.end <= start);
        let begins = before.is_none_or(|t| {
            matches!(t.kind, Kind::Newline | Kind::Indent | Kind::Dedent)
                || matches!(&self.source[t.start..t.end], ";" | ":")
        });
        let not = self.range_text(self.error.location).starts_with("not ");
        if alone && directly && once && begins && !not && !self.is_bool_op() {
            let msg = format!("cannot assign to {name} here. Maybe you meant '==' instead of '='?");
            return Fault::syntax(msg, loc);
        }
        Fault::syntax(format!("cannot assign to {name}"), loc)
    }

    fn is_bool_op(&self) -> bool {
        let text = self.range_text(self.error.location);
        ruff_python_parser::parse_expression(text).is_ok_and(|p| p.syntax().body.is_bool_op_expr())
    }

    fn expected(&self, token: &str) -> Option<Box<Fault>> {
        let first = self.logical_line().next();
        let head = first.map_or("", |i| self.text(i));
        let found = self.token(self.at)?;
        if token.contains(':') {
            if self.text(self.at) == "=" {
                return Some(self.equals_for_comparison());
            }
            if found.level > 0 && self.at > 0 && matches!(self.text(self.at), "}" | ",") {
                let key = self.expression_start(self.at - 1);
                let msg = "':' expected after dictionary key";
                return Some(Fault::syntax(msg, open_end(self.between(key, key))));
            }
            let forced = matches!(
                head,
                "def" | "else" | "try" | "finally" | "async" | "lambda" | "for" | "with"
            );
            if found.kind == Kind::Newline || forced {
                return Some(Fault::syntax("expected ':'", self.here()));
            }
        }
        if token.contains("'else'") || token.contains("`else`") {
            let from = self.logical_line().next().unwrap_or(self.at);
            let pos = self.between(from, self.at.saturating_sub(1));
            return Some(Fault::syntax("expected 'else' after 'if' expression", pos));
        }
        if token.contains('(') && head == "def" {
            return Some(Fault::syntax("expected '('", self.here()));
        }
        if token.contains("'in'") || token.contains("`in`") {
            return Some(Fault::syntax("invalid syntax", self.here()));
        }
        if self.text(self.at) == "=" && found.level > 0 {
            return Some(self.equals_for_comparison());
        }
        None
    }

    /// `if x = 3:`
    fn equals_for_comparison(&self) -> Box<Fault> {
        let before = self.at.saturating_sub(1);
        let after = self.at + 1;
        if self.token(before).is_some_and(|t| t.kind == Kind::Name)
            && !is_keyword(self.text(before))
        {
            let alone = self.at < 2 || self.text(self.at - 2) != ".";
            if alone {
                let msg = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
                return Fault::syntax(msg, self.between(before, after));
            }
        }
        let from = self.expression_start(before);
        let end = self.token(before).map_or(0, |t| t.end);
        let start = self.token(from).map_or(0, |t| t.start);
        let text = &self.source[start..end];
        if let Ok(parsed) = ruff_python_parser::parse_expression(text) {
            let name = name_of(&parsed.syntax().body);
            if matches!(name, "True" | "False" | "None" | "list" | "tuple") {
                return Fault::syntax(
                    format!("cannot assign to {name}"),
                    self.between(from, before),
                );
            }
            let msg = format!("cannot assign to {name} here. Maybe you meant '==' instead of '='?");
            return Fault::syntax(msg, self.between(from, before));
        }
        Fault::syntax("invalid syntax", self.here())
    }

    /// First token of the operand that ends at `at`: back to what cannot stand inside it.
    fn expression_start(&self, at: usize) -> usize {
        let level = self.token(at).map_or(0, |t| t.level);
        let mut from = at;
        while from > 0 {
            let Some(t) = self.token(from - 1) else { break };
            let text = self.text(from - 1);
            let same = t.level == level;
            let stops = matches!(t.kind, Kind::Newline | Kind::Indent | Kind::Dedent)
                || t.level < level
                || (same && matches!(text, "," | ":" | "=" | ";" | ":="))
                || (same
                    && is_keyword(text)
                    && !matches!(
                        text,
                        "None" | "True" | "False" | "and" | "or" | "not" | "in" | "is" | "await"
                    ));
            if stops {
                break;
            }
            from -= 1;
        }
        from
    }

    /// Two expressions side by side.
    fn adjacent(&self) -> Option<Box<Fault>> {
        let before = self.at.checked_sub(1)?;
        let (prev, next) = (self.token(before)?, self.token(self.at)?);
        let (prev_text, next_text) = (self.text(before), self.text(self.at));
        let literal = |t: &str| matches!(t, "None" | "True" | "False");
        let ends = match prev.kind {
            Kind::Name => !is_keyword(prev_text) || literal(prev_text),
            Kind::Number | Kind::String => true,
            Kind::Op => matches!(prev_text, ")" | "]" | "}" | "..."),
            _ => false,
        };
        let begins = match next.kind {
            Kind::Name => {
                !is_keyword(next_text)
                    || literal(next_text)
                    || matches!(next_text, "lambda" | "not" | "await")
            }
            Kind::Number | Kind::String => true,
            Kind::Op => matches!(next_text, "{" | "~" | "..."),
            _ => false,
        };
        if !ends || !begins {
            return None;
        }
        if prev.kind == Kind::Name && matches!(prev_text, "print" | "exec") {
            let statement = before == 0
                || self.token(before - 1).is_some_and(|t| {
                    matches!(t.kind, Kind::Newline | Kind::Indent | Kind::Dedent)
                        || matches!(&self.source[t.start..t.end], ":" | ";")
                });
            if statement {
                let msg = format!(
                    "Missing parentheses in call to '{prev_text}'. Did you mean {prev_text}(...)?"
                );
                let last = (self.at..self.scan.tokens.len())
                    .find(|&i| {
                        self.token(i)
                            .is_some_and(|t| t.kind == Kind::Newline || self.text(i) == ";")
                    })
                    .map_or(self.at, |i| i - 1);
                return Some(Fault::syntax(msg, self.between(before, last)));
            }
        }
        if next.level == 0 || (prev.kind == Kind::Name && next.kind == Kind::String) {
            return None;
        }
        let from = self.expression_start(before);
        let mut to = self.at;
        while let Some(t) = self.token(to + 1) {
            let text = self.text(to + 1);
            if t.level < next.level
                || t.kind == Kind::End
                || (t.level == next.level
                    && matches!(text, "," | ":" | "=" | ":=" | "for" | "!" | ")" | "]" | "}"))
            {
                break;
            }
            // The second expression ends where a third begins.
            let operand = |t: &Token| {
                matches!(t.kind, Kind::Number | Kind::String)
                    || (t.kind == Kind::Name && !is_keyword(&self.source[t.start..t.end]))
            };
            if t.level == next.level && operand(t) && self.token(to).is_some_and(operand) {
                break;
            }
            to += 1;
        }
        let msg = "invalid syntax. Perhaps you forgot a comma?";
        Some(Fault::syntax(msg, self.between(from, to)))
    }

    fn interpolated(&self, what: &str, kind: &InterpolatedStringErrorType) -> Option<Box<Fault>> {
        use InterpolatedStringErrorType as E;
        let loc = self.lines.position(self.error.location);
        let msg = match kind {
            E::UnclosedLbrace => return Some(self.field_not_closed(what)),
            E::InvalidConversionFlag => {
                let flag = self.range_text(self.error.location);
                let msg = format!(
                    "{what}: invalid conversion character '{flag}': expected 's', 'r', or 'a'"
                );
                return Some(Fault::syntax(msg, loc));
            }
            E::SingleRbrace => "single '}' is not allowed",
            E::LambdaWithoutParentheses => "lambda expressions are not allowed without parentheses",
            E::ConversionFlagNotImmediatelyAfterExclamation => {
                "conversion type must come right after the exclamation mark"
            }
            E::NewlineInFormatSpec => {
                "newlines are not allowed in format specifiers for single quoted f-strings"
            }
            E::UnterminatedString | E::UnterminatedTripleQuotedString => return None,
        };
        Some(Fault::syntax(format!("{what}: {msg}"), loc))
    }

    /// `f'{a b}'`: what follows decides.
    fn field_not_closed(&self, what: &str) -> Box<Fault> {
        let at = self.error.location.start().to_usize();
        let rest = &self.source[at..];
        let word = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let brace = self.source[..at].rfind('{');
        if let (1.., Some(brace)) = (word, brace) {
            let msg = "invalid syntax. Perhaps you forgot a comma?";
            return Fault::syntax(msg, range(self.lines, brace + 1, at + word));
        }
        Fault::syntax(
            format!("{what}: expecting '}}'"),
            self.lines.position(self.error.location),
        )
    }

    fn lexical(&self, kind: &LexicalErrorType) -> Option<Box<Fault>> {
        let loc = self.lines.position(self.error.location);
        let msg = match kind {
            LexicalErrorType::InvalidByteLiteral => {
                "bytes can only contain ASCII literal characters".to_owned()
            }
            LexicalErrorType::UnicodeError
            | LexicalErrorType::MissingUnicodeLbrace
            | LexicalErrorType::MissingUnicodeRbrace => self.unicode_error(),
            LexicalErrorType::FStringError(kind) => return self.interpolated("f-string", kind),
            LexicalErrorType::TStringError(kind) => return self.interpolated("t-string", kind),
            LexicalErrorType::LineContinuationError => {
                "unexpected character after line continuation character".to_owned()
            }
            LexicalErrorType::OtherError(msg) if msg.contains("mixed") => {
                "cannot mix bytes and nonbytes literals".to_owned()
            }
            LexicalErrorType::Eof => "unexpected EOF while parsing".to_owned(),
            _ => return None,
        };
        Some(Fault::syntax(msg, loc))
    }

    /// `(unicode error) 'unicodeescape' codec can't decode bytes in position A-B: ...`
    fn unicode_error(&self) -> String {
        let place = self.error.location.start().to_usize();
        let token = self
            .scan
            .tokens
            .iter()
            .find(|t| t.kind == Kind::String && t.end > place);
        let fallback = "(unicode error) 'unicodeescape' codec can't decode bytes in position 0-1: \
                        truncated \\xXX escape";
        let Some(token) = token else {
            return fallback.to_owned();
        };
        let text = &self.source[token.start..token.end];
        let quote = text.find(['"', '\'']).unwrap_or(0);
        let width = if text[quote..].starts_with("\"\"\"") || text[quote..].starts_with("'''") {
            3
        } else {
            1
        };
        let body = text
            .get(quote + width..text.len().saturating_sub(width))
            .unwrap_or("");
        bad_escape(body).unwrap_or_else(|| fallback.to_owned())
    }
}

/// Describes the first escape that cannot be decoded. Positions count bytes, as CPython's do.
fn bad_escape(body: &str) -> Option<String> {
    let bytes = body.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] != b'\\' {
            i += 1;
            continue;
        }
        let start = i;
        let kind = *bytes.get(i + 1)?;
        i += 2;
        let digits = match kind {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            b'N' => {
                let end = body
                    .get(i..)
                    .and_then(|s| s.strip_prefix('{'))
                    .and_then(|s| s.find('}'));
                let text = |at: usize, what: &str| {
                    format!(
                        "(unicode error) 'unicodeescape' codec can't decode bytes in position {start}-{at}: {what}"
                    )
                };
                match end {
                    None => {
                        return Some(text(
                            bytes.len().saturating_sub(1).max(start + 1),
                            "malformed \\N character escape",
                        ));
                    }
                    Some(n) => {
                        let name = &body[i + 1..i + 1 + n];
                        if unicode_names2::character(name).is_none() {
                            return Some(text(i + 1 + n, "unknown Unicode character name"));
                        }
                        i += n + 2;
                        continue;
                    }
                }
            }
            _ => continue,
        };
        let found = bytes[i..]
            .iter()
            .take(digits)
            .take_while(|b| b.is_ascii_hexdigit())
            .count();
        if found < digits {
            let shape = format!("\\{}{}", char::from(kind), "X".repeat(digits));
            let end = (i + found).saturating_sub(1).max(start + 1);
            return Some(format!(
                "(unicode error) 'unicodeescape' codec can't decode bytes in position {start}-{end}: truncated {shape} escape"
            ));
        }
        i += digits;
        if u32::from_str_radix(&body[i - digits..i], 16).is_ok_and(|c| c > 0x10_ffff) {
            return Some(format!(
                "(unicode error) 'unicodeescape' codec can't decode bytes in position {start}-{}: illegal Unicode character",
                i - 1
            ));
        }
    }
    None
}

fn name_of(e: &ruff::Expr) -> &'static str {
    use ruff::Expr as E;
    match e {
        E::Attribute(_) => "attribute",
        E::Subscript(_) => "subscript",
        E::Starred(_) => "starred",
        E::Name(_) => "name",
        E::List(_) => "list",
        E::Tuple(_) => "tuple",
        E::Lambda(_) => "lambda",
        E::Call(_) => "function call",
        E::BoolOp(_) | E::BinOp(_) | E::UnaryOp(_) => "expression",
        E::Generator(_) => "generator expression",
        E::Yield(_) | E::YieldFrom(_) => "yield expression",
        E::Await(_) => "await expression",
        E::ListComp(_) => "list comprehension",
        E::SetComp(_) => "set comprehension",
        E::DictComp(_) => "dict comprehension",
        E::Dict(_) => "dict literal",
        E::Set(_) => "set display",
        E::FString(_) => "f-string expression",
        E::TString(_) => "t-string expression",
        E::NoneLiteral(_) => "None",
        E::BooleanLiteral(b) => {
            if b.value {
                "True"
            } else {
                "False"
            }
        }
        E::EllipsisLiteral(_) => "ellipsis",
        E::StringLiteral(_) | E::BytesLiteral(_) | E::NumberLiteral(_) => "literal",
        E::Compare(_) => "comparison",
        E::If(_) => "conditional expression",
        E::Named(_) => "named expression",
        E::Slice(_) | E::IpyEscapeCommand(_) => "expression",
    }
}
