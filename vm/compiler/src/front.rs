//! The front door: runs the passes and turns faults into CompileErrors.
use std::borrow::Cow;
use std::sync::Arc;

use lasti_bytecode::code::CodeData;
use ruff_python_ast::{Mod, PythonVersion};
use ruff_python_parser::{Mode as ParseMode, ParseOptions, Parsed};

use crate::ast::Module;
use crate::error::{CompileError, ErrorKind, Fault, Pass, Shown};
use crate::lines::{LineIndex, Survey, line_text};
use crate::lower::Lower;
use crate::symtable::ScopeInfo;
use crate::{Mode, Options, codegen, fold, future, symtable, syntax};

/// Native stack to drop one level of our tree.
const DROP_STACK: usize = 1024;

/// Native stack that any ordinary source compiles in.
const SAFE_STACK: usize = 512 * 1024;

/// Native stack for each byte of a statement: `-` nests a level per byte.
const STACK_PER_BYTE: usize = 400;

/// Address space taken at most.
const MOST_STACK: usize = 512 * 1024 * 1024;

pub fn compile_text(
    source: &str,
    filename: &str,
    mode: Mode,
    options: &Options,
) -> Result<Arc<CodeData>, CompileError> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let source = newlines(source);
    let survey = Survey::new(&source);
    let work = || run(&source, &survey, filename, mode, options);
    // The parser's tree is dropped by recursion, as deep as its longest statement can nest.
    let result = with_room(survey.longest_statement * STACK_PER_BYTE, work);
    result.map_err(|f| error_in(&f, filename, &source, mode))
}

/// Parses a text and shows its tree to `look`, on a stack that holds the tree's depth.
pub fn with_tree<R>(
    source: &str,
    filename: &str,
    mode: Mode,
    options: &Options,
    folded: bool,
    look: impl FnOnce(&Module, &str) -> R,
) -> Result<R, CompileError> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let source = newlines(source);
    let survey = Survey::new(&source);
    let work = || -> Pass<R> {
        syntax::before_parsing(&source, &survey)?;
        let (mut module, deep) =
            parse(&source, &survey.lines, mode, options.allow_incomplete_input)?;
        if folded {
            fold::fold(&mut module, options, true);
        }
        let r = look(&module, &source);
        drop_deep(module, deep);
        Ok(r)
    };
    let result = with_room(survey.longest_statement * STACK_PER_BYTE, work);
    result.map_err(|f| error_in(&f, filename, &source, mode))
}

/// The scopes of a text.
pub fn scopes(source: &str, filename: &str, mode: Mode) -> Result<Vec<ScopeInfo>, CompileError> {
    let describe = |module: &Module, _: &str| {
        let flags = match module {
            Module::Exec(body) | Module::Single(body) => future::features(body)?.0,
            Module::Eval(_) => 0,
        };
        symtable::describe(module, flags & codegen::FUTURE_ANNOTATIONS != 0)
    };
    let found = with_tree(source, filename, mode, &Options::default(), false, describe)?;
    found.map_err(|mut fault: Box<Fault>| {
        fault.shown = Shown::Nothing;
        error_in(&fault, filename, source, mode)
    })
}

/// Compiles a tree that did not come from a text; `depth` is how deep it nests.
pub fn compile_tree(
    module: Module,
    depth: usize,
    filename: &str,
    options: &Options,
) -> Result<Arc<CodeData>, CompileError> {
    let result = with_room(0, || finish(module, depth, filename, options));
    result.map_err(|f| error_in(&f, filename, "", Mode::Exec))
}

/// Runs `work` with the native stack that any source needs, and `more`.
fn with_room<R>(more: usize, work: impl FnOnce() -> Pass<R>) -> Pass<R> {
    let room = SAFE_STACK + more.min(MOST_STACK);
    if stacker::remaining_stack().is_some_and(|left| left > room) {
        return work();
    }
    // A stack that cannot be had would be a panic.
    if Vec::<u8>::new().try_reserve_exact(room).is_err() {
        return Err(Fault::of(ErrorKind::Memory, "", Default::default()));
    }
    stacker::grow(room, work)
}

/// `\r\n` and `\r` become `\n` (the tokenizer's translate_newlines).
fn newlines(source: &str) -> Cow<'_, str> {
    if source.contains('\r') {
        Cow::Owned(source.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(source)
    }
}

fn run(
    source: &str,
    survey: &Survey,
    filename: &str,
    mode: Mode,
    options: &Options,
) -> Pass<Arc<CodeData>> {
    syntax::before_parsing(source, survey)?;
    let (module, deep) = parse(source, &survey.lines, mode, options.allow_incomplete_input)?;
    finish(module, deep, filename, options)
}

/// The passes behind the parser.
fn finish(
    mut module: Module,
    deep: usize,
    filename: &str,
    options: &Options,
) -> Pass<Arc<CodeData>> {
    let result = (|| {
        let (found, future_line) = match &module {
            Module::Exec(body) | Module::Single(body) => future::features(body)?,
            Module::Eval(_) => (0, 0),
        };
        let flags = options.future_flags | found;
        let texts = flags & codegen::FUTURE_ANNOTATIONS != 0;
        fold::fold(&mut module, options, !texts);
        let table = symtable::build(&module, texts)?;
        codegen::compile(
            &module,
            table,
            options,
            Arc::from(filename),
            flags,
            future_line,
        )
    })();
    drop_deep(module, deep);
    result.map_err(|mut fault| {
        fault.shown = Shown::Nothing;
        fault
    })
}

/// Drops a tree that may be nested `depth` deep.
fn drop_deep<T>(tree: T, depth: usize) {
    if depth > 200 {
        stacker::grow(1024 * 1024 + depth * DROP_STACK, || drop(tree));
    }
}

fn parse(
    source: &str,
    lines: &LineIndex,
    mode: Mode,
    allow_incomplete: bool,
) -> Pass<(Module, usize)> {
    let parse_mode = if mode == Mode::Eval {
        ParseMode::Expression
    } else {
        ParseMode::Module
    };
    let options = ParseOptions::from(parse_mode).with_target_version(PythonVersion::PY314);
    let parsed = ruff_python_parser::parse_unchecked(source, options);
    lowered(&parsed, source, lines, mode, allow_incomplete)
}

fn lowered(
    parsed: &Parsed<Mod>,
    source: &str,
    lines: &LineIndex,
    mode: Mode,
    allow_incomplete: bool,
) -> Pass<(Module, usize)> {
    if let Some(error) = parsed.errors().first() {
        let mut fault = syntax::classify(source, mode, error);
        if allow_incomplete && syntax::is_incomplete(source, error) {
            fault.kind = ErrorKind::Incomplete;
            fault.msg = "incomplete input".to_owned();
        }
        return Err(fault);
    }
    if let Some(error) = parsed.unsupported_syntax_errors().first() {
        return Err(syntax::unsupported(source, mode, lines, error));
    }
    let module = lowered_tree(parsed, source, lines, mode);
    module.map_err(|fault| match &*fault.msg {
        "invalid syntax" => syntax::explain(source, mode).unwrap_or(fault),
        _ => fault,
    })
}

fn lowered_tree(
    parsed: &Parsed<Mod>,
    source: &str,
    lines: &LineIndex,
    mode: Mode,
) -> Pass<(Module, usize)> {
    let mut lower = Lower::new(source, lines);
    let module = match parsed.syntax() {
        Mod::Expression(e) => lower.expression(&e.body).map(Module::Eval)?,
        Mod::Module(m) => {
            let body = lower.module(&m.body)?;
            if mode == Mode::Single {
                syntax::one_statement(source, &body)?;
                Module::Single(body)
            } else {
                Module::Exec(body)
            }
        }
    };
    Ok((module, lower.max_depth as usize))
}

/// The error of bytes that are no text in their encoding.
pub fn undecodable(
    fault: &Fault,
    filename: &str,
    source: &[u8],
    options: &Options,
) -> CompileError {
    let mut error = error_in(
        fault,
        filename,
        &String::from_utf8_lossy(source),
        Mode::Exec,
    );
    if options.is_script
        && let Some(at) = error.msg.find(" on line ")
    {
        error.msg.insert_str(at, &format!(" in file {filename}"));
    }
    error
}

fn error_in(fault: &Fault, filename: &str, source: &str, mode: Mode) -> CompileError {
    let pos = fault.pos;
    let text = line_text(source, pos.line);
    let chars = |line: u32, col: u32| -> u32 {
        if col == Fault::BEFORE_LINE {
            return 0;
        }
        // What has no text knows bytes only.
        let Some(text) = line_text(source, line).filter(|_| fault.shown != Shown::Nothing) else {
            return col + 1;
        };
        let beyond = (col as usize).saturating_sub(text.len()) as u32;
        let col = text.floor_char_boundary(col as usize);
        text[..col].chars().count() as u32 + beyond + 1
    };
    let known = pos.line > 0;
    // A newline token ends behind the newline, on the same line.
    let at_newline = pos.end_line == pos.line + 1 && pos.end_col == 0;
    let end_line = if at_newline { pos.line } else { pos.end_line };
    let end_offset = match pos.end_col {
        _ if !known => Some(0),
        Fault::UNKNOWN_END => Some(u32::MAX),
        Fault::NO_END => Some(0),
        Fault::NO_RANGE => None,
        _ if at_newline => {
            let line = text.map_or(0, |t| t.trim_end_matches('\n').chars().count());
            Some(line as u32 + 2)
        }
        // CPython counts it in the text of the first line, which it may be beyond.
        end if end_line > pos.line && fault.shown != Shown::Nothing => {
            let shown = shown_text(fault, source, mode);
            let size = shown.map_or(0, |t| t.len() as u32);
            Some(chars(pos.line, end.min(size)))
        }
        end => Some(chars(end_line, end)),
    };
    CompileError {
        kind: fault.kind,
        msg: fault.msg.clone(),
        filename: filename.to_owned(),
        lineno: pos.line,
        offset: if known { chars(pos.line, pos.col) } else { 0 },
        end_lineno: end_line,
        end_offset,
        text: shown_text(fault, source, mode),
    }
}

/// The text that goes with an error.
fn shown_text(fault: &Fault, source: &str, mode: Mode) -> Option<String> {
    let text = line_text(source, fault.pos.line)?;
    match fault.shown {
        Shown::Nothing => None,
        Shown::Bare => Some(text.trim_end_matches('\n').to_owned()),
        Shown::Line | Shown::From(_) => {
            let mut all = String::new();
            if let Shown::From(first) = fault.shown {
                all.extend((first..fault.pos.line).filter_map(|line| line_text(source, line)));
            }
            all.push_str(text);
            if mode == Mode::Exec && !all.ends_with('\n') {
                all.push('\n');
            }
            Some(all)
        }
    }
}
