//! `_sre`: pattern, match, scanner and template objects (CPython's Modules/_sre/sre.c). The matching itself is the
//! engine crate's; positions are code points, as Python counts.
use crate::util::*;
use rustpython_sre_engine::string::{StringCursor, lower_ascii, lower_unicode, upper_unicode};
use rustpython_sre_engine::{MAXGROUPS, MAXREPEAT, Request, SRE_MAGIC, State as Engine, StrDrive};
use rustpython_wtf8::Wtf8;
use std::cell::Cell;
use std::rc::Rc;

pub(crate) struct Pattern {
    pattern: Value,
    flags: i64,
    code: Vec<u32>,
    groups: usize,
    groupindex: Ref<Dict>,
    indexgroup: Ref<Tuple>,
    is_bytes: bool,
}
payload!(Pattern, "re.Pattern", pattern, groupindex, indexgroup);

pub(crate) struct Match {
    string: Value,
    pattern: Ref<Pattern>,
    pos: usize,
    endpos: usize,
    lastindex: Option<usize>,
    regs: Vec<Option<(usize, usize)>>,
}
payload!(Match, "re.Match", string, pattern);

struct Scanner {
    pattern: Ref<Pattern>,
    string: Value,
    start: Cell<usize>,
    end: usize,
    must_advance: Cell<bool>,
    done: Cell<bool>,
    /// Keeps the engine's place in the text. For `str`, whose bytes never move.
    engine: RefCell<Engine>,
}
payload!(Scanner, "_sre.SRE_Scanner", pattern, string);

/// A replacement text taken apart: a literal, then groups with the literal behind each.
struct Template {
    first: Value,
    rest: Vec<(usize, Value)>,
}
impl Payload for Template {
    const CONTAINER: bool = true;
    const NAME: &'static str = "_sre.SRE_Template";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.first);
        for (_, v) in &self.rest {
            visit(v);
        }
    }
}

struct Types {
    pattern: Ref<Type>,
    match_: Ref<Type>,
    scanner: Ref<Type>,
    find_iter: Ref<Type>,
    template: Ref<Type>,
}

fn types(vm: &Vm) -> Rc<Types> {
    vm.module_state(|| {
        let template = vm.new_native_type::<Template>(
            "_sre.SRE_Template",
            &vm.types.object,
            TypeFlags::NO_NEW,
        );
        vm.ready_type(&template);
        Types {
            pattern: pattern_type(vm),
            match_: crate::sre_match::match_type(vm),
            scanner: scanner_type(vm),
            find_iter: find_iter_type(vm),
            template,
        }
    })
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_sre");
    for (name, n) in [
        ("MAGIC", SRE_MAGIC),
        ("CODESIZE", 4),
        ("MAXREPEAT", MAXREPEAT),
        ("MAXGROUPS", MAXGROUPS),
    ] {
        vm.add_value(&m, name, vm.new_int(n as i64));
    }
    vm.add_value(&m, "copyright", vm.str_value("SRE"));
    vm.add_functions(&m, FUNCTIONS);
    types(vm);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "compile" "compile($module, /, pattern, flags, code, groups, groupindex, indexgroup)\n--\n\n" compile;
    "template" "template($module, pattern, template, /)\n--\n\n" template;
    "getcodesize" "getcodesize($module, /)\n--\n\n" |_, _, _| Ok(Value::small_int(4));
    "ascii_iscased" "ascii_iscased($module, character, /)\n--\n\n" ascii_iscased;
    "unicode_iscased" "unicode_iscased($module, character, /)\n--\n\n" unicode_iscased;
    "ascii_tolower" "ascii_tolower($module, character, /)\n--\n\n" ascii_tolower;
    "unicode_tolower" "unicode_tolower($module, character, /)\n--\n\n" unicode_tolower;
}

fn ascii_iscased(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [c] = a.exactly::<1>(vm, "ascii_iscased")?;
    let c = vm.to_i64(c)?;
    Ok(Value::bool(
        (0..128).contains(&c) && (c as u8).is_ascii_alphabetic(),
    ))
}

fn unicode_iscased(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [c] = a.exactly::<1>(vm, "unicode_iscased")?;
    let c = vm.to_i64(c)? as u32;
    let low = lower_unicode(c);
    Ok(Value::bool(low != c || upper_unicode(c) != c))
}

fn ascii_tolower(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [c] = a.exactly::<1>(vm, "ascii_tolower")?;
    Ok(vm.new_int(lower_ascii(vm.to_i64(c)? as u32) as i64))
}

fn unicode_tolower(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [c] = a.exactly::<1>(vm, "unicode_tolower")?;
    Ok(vm.new_int(lower_unicode(vm.to_i64(c)? as u32) as i64))
}

fn compile(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let names = [
        "pattern",
        "flags",
        "code",
        "groups",
        "groupindex",
        "indexgroup",
    ];
    let [
        Some(pattern),
        Some(flags),
        Some(code),
        Some(groups),
        Some(groupindex),
        Some(indexgroup),
    ] = a.bind(vm, "compile", names, 6)?
    else {
        return Err(vm.type_error("compile() needs six arguments"));
    };
    let items = vm.collect(code)?;
    let mut words = Vec::with_capacity(items.len());
    for c in &items {
        let n = vm.to_i64(c)?;
        words.push(
            u32::try_from(n)
                .map_err(|_| vm.overflow_error("regular expression code size limit exceeded"))?,
        );
    }
    let bad = || vm.type_error("compile() argument has a wrong type");
    let p = Pattern {
        pattern: pattern.clone(),
        flags: vm.to_i64(flags)?,
        code: words,
        groups: vm.to_usize(groups, "groups")?,
        groupindex: groupindex.as_ref::<Dict>().cloned().ok_or_else(bad)?,
        indexgroup: indexgroup.as_ref::<Tuple>().cloned().ok_or_else(bad)?,
        is_bytes: !pattern.is_none() && pattern.downcast::<Str>().is_none(),
    };
    Ok(vm.heap.alloc(&types(vm).pattern, p).into())
}

fn template(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [_, parts] = a.exactly::<2>(vm, "template")?;
    let parts = vm.collect(parts)?;
    let mut it = parts.into_iter();
    let bad = || vm.type_error("invalid template");
    let first = it.next().ok_or_else(bad)?;
    let mut rest = Vec::new();
    while let (Some(g), Some(lit)) = (it.next(), it.next()) {
        rest.push((vm.to_usize(&g, "group")?, lit));
    }
    Ok(vm
        .heap
        .alloc(&types(vm).template, Template { first, rest })
        .into())
}

// ---- the text that is searched ----

/// The subject of a match: one byte per character, or text that has to be walked.
pub(crate) enum Text<'a> {
    /// ASCII text, bytes of an immutable object.
    Bytes(&'a [u8]),
    /// A copy of what a changeable buffer holds.
    Copy(Vec<u8>),
    Str(&'a str),
    Wtf8(&'a Wtf8),
    /// Text with surrogates that no well-formed WTF-8 holds; they read as U+FFFD.
    Lossy(String),
}

/// Runs an expression on the engine's view of a text.
macro_rules! on_text {
    ($text:expr, $s:ident => $e:expr) => {
        match $text {
            Text::Bytes($s) => {
                let $s: &[u8] = $s;
                $e
            }
            Text::Copy($s) => {
                let $s: &[u8] = $s;
                $e
            }
            Text::Str($s) => {
                let $s: &str = $s;
                $e
            }
            Text::Wtf8($s) => {
                let $s: &Wtf8 = $s;
                $e
            }
            Text::Lossy($s) => {
                let $s: &str = $s;
                $e
            }
        }
    };
}

impl<'a> Text<'a> {
    pub(crate) fn of(vm: &Vm, v: &'a Value) -> PyResult<Text<'a>> {
        if let Some(s) = v.downcast::<Str>() {
            if s.is_ascii() {
                return Ok(Text::Bytes(s.as_bytes()));
            }
            if let Some(t) = s.to_str() {
                return Ok(Text::Str(t));
            }
            return Ok(match Wtf8::from_bytes(s.as_bytes()) {
                Some(w) => Text::Wtf8(w),
                None => {
                    let points = lasti_text::wtf8::code_points(s.as_bytes());
                    Text::Lossy(
                        points
                            .map(|c| char::from_u32(c).unwrap_or('\u{FFFD}'))
                            .collect(),
                    )
                }
            });
        }
        if let Some(b) = v.downcast::<Bytes>() {
            return Ok(Text::Bytes(&b.data));
        }
        match vm.buffer(v) {
            Ok(b) => Ok(Text::Copy(b)),
            Err(_) => Err(vm.type_error(format!(
                "expected string or bytes-like object, got '{}'",
                vm.type_name(v)
            ))),
        }
    }
}

/// Length in characters.
pub(crate) fn text_len(v: &Value, t: &Text) -> usize {
    match (t, v.downcast::<Str>()) {
        (_, Some(s)) => s.char_len(),
        (Text::Bytes(b), _) => b.len(),
        (Text::Copy(b), _) => b.len(),
        _ => 0,
    }
}

/// The part of a subject between two character positions, as a Python value.
pub(crate) fn part(vm: &Vm, subject: &Value, start: usize, end: usize) -> PyResult<Value> {
    if let Some(s) = subject.downcast::<Str>() {
        if start == 0 && end >= s.char_len() && vm.type_of(subject).is(&vm.types.str) {
            return Ok(subject.clone());
        }
        let bytes = s.as_bytes();
        if s.is_ascii() {
            return Ok(vm
                .try_new_wtf8(bytes.get(start..end).unwrap_or_default())?
                .into());
        }
        return Ok(vm
            .try_new_wtf8(lasti_text::wtf8::slice(bytes, start, end))?
            .into());
    }
    if let Some(b) = subject.downcast::<Bytes>() {
        if start == 0 && end >= b.data.len() && vm.type_of(subject).is(&vm.types.bytes) {
            return Ok(subject.clone());
        }
        return vm.try_new_bytes(vm.copy_of(b.data.get(start..end).unwrap_or_default())?);
    }
    let b = vm.buffer(subject)?;
    vm.try_new_bytes(b.get(start..end).unwrap_or_default())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Match,
    Full,
    Search,
}

thread_local! {
    /// Steps of the engine until it looks at the eval breaker.
    static LEFT: Cell<u32> = const { Cell::new(0) };
    /// Looks that are left out: a match that a signal handler let go on begins anew, and then has to come further.
    static PATIENCE: Cell<u64> = const { Cell::new(0) };
    static BREAKER: std::cell::RefCell<Option<std::sync::Arc<std::sync::atomic::AtomicU32>>> =
        const { std::cell::RefCell::new(None) };
}
const STEPS: u32 = 1 << 16;

/// What unwinds out of the engine when a signal arrived. The engine has no other way to stop.
struct Interrupted;

/// A text that counts the engine's steps.
#[derive(Clone, Copy)]
struct SlowCall<S>(S);

#[inline(always)]
fn step() {
    let left = LEFT.get();
    if left == 0 {
        look();
    } else {
        LEFT.set(left - 1);
    }
}

#[cold]
#[inline(never)]
fn look() {
    use lasti_core::memory::eval_breaker::{NO_MEMORY, SIGNAL};
    LEFT.set(STEPS);
    let patience = PATIENCE.get();
    if patience > 0 {
        PATIENCE.set(patience - 1);
        return;
    }
    let bits = BREAKER.with_borrow(|b| {
        b.as_ref()
            .map_or(0, |b| b.load(std::sync::atomic::Ordering::Relaxed))
    });
    if bits & (SIGNAL | NO_MEMORY) != 0 {
        std::panic::resume_unwind(Box::new(Interrupted));
    }
}

impl<S: StrDrive> StrDrive for SlowCall<S> {
    #[inline]
    fn count(&self) -> usize {
        self.0.count()
    }
    #[inline]
    fn create_cursor(&self, n: usize) -> StringCursor {
        self.0.create_cursor(n)
    }
    #[inline]
    fn adjust_cursor(&self, cursor: &mut StringCursor, n: usize) {
        self.0.adjust_cursor(cursor, n);
    }
    #[inline]
    fn advance(cursor: &mut StringCursor) -> u32 {
        step();
        S::advance(cursor)
    }
    #[inline]
    fn peek(cursor: &StringCursor) -> u32 {
        step();
        S::peek(cursor)
    }
    #[inline]
    fn skip(cursor: &mut StringCursor, n: usize) {
        S::skip(cursor, n);
    }
    #[inline]
    fn back_advance(cursor: &mut StringCursor) -> u32 {
        S::back_advance(cursor)
    }
    #[inline]
    fn back_peek(cursor: &StringCursor) -> u32 {
        step();
        S::back_peek(cursor)
    }
    #[inline]
    fn back_skip(cursor: &mut StringCursor, n: usize) {
        S::back_skip(cursor, n);
    }
}

/// One try of the engine, which signals interrupt.
#[expect(
    clippy::too_many_arguments,
    reason = "those of the engine, and the interpreter"
)]
fn run<S: StrDrive>(
    vm: &Vm,
    engine: &mut Engine,
    s: S,
    code: &[u32],
    start: usize,
    end: usize,
    how: How,
    must_advance: bool,
) -> PyResult<bool> {
    let mut patience = 0;
    loop {
        LEFT.set(STEPS);
        PATIENCE.set(patience);
        BREAKER.set(Some(vm.heap.eval_breaker.clone()));
        let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run_once(engine, SlowCall(s), code, start, end, how, must_advance)
        }));
        match tried {
            Ok(matched) => return Ok(matched),
            Err(e) if e.is::<Interrupted>() => {
                *engine = Engine::default();
                vm.check_signals()?;
                patience = 2 * patience + 16;
            }
            Err(e) => std::panic::resume_unwind(e),
        }
    }
}

fn run_once<S: StrDrive>(
    engine: &mut Engine,
    s: S,
    code: &[u32],
    start: usize,
    end: usize,
    how: How,
    must_advance: bool,
) -> bool {
    let req = Request {
        string: s,
        start,
        end,
        pattern_codes: code,
        match_all: how == How::Full,
        must_advance,
    };
    engine.reset(&req, start);
    if how == How::Search {
        engine.search(req)
    } else {
        engine.py_match(&req)
    }
}

/// What the engine found, group 0 first.
fn found(engine: &Engine, groups: usize) -> (Vec<Option<(usize, usize)>>, Option<usize>) {
    let mut regs = Vec::with_capacity(groups + 1);
    regs.push(Some((engine.start, engine.cursor.position)));
    for g in 0..groups {
        let (a, b) = engine.marks.get(g);
        let (a, b): (Option<usize>, Option<usize>) = (a.into(), b.into());
        regs.push(match (a, b) {
            (Some(a), Some(b)) if a <= b => Some((a, b)),
            _ => None,
        });
    }
    (
        regs,
        usize::try_from(engine.marks.last_index())
            .ok()
            .filter(|i| *i > 0),
    )
}

fn check_kind(vm: &Vm, p: &Pattern, subject: &Value) -> PyResult<()> {
    if p.pattern.is_none() {
        return Ok(());
    }
    let is_str = subject.downcast::<Str>().is_some();
    if p.is_bytes && is_str {
        return Err(vm.type_error("cannot use a bytes pattern on a string-like object"));
    }
    if !p.is_bytes && !is_str && vm.buffer(subject).is_ok() {
        return Err(vm.type_error("cannot use a string pattern on a bytes-like object"));
    }
    Ok(())
}

/// Subject and range of a call `method(string, pos=0, endpos=sys.maxsize)`.
fn subject_args<'a>(
    vm: &Vm,
    p: &Pattern,
    a: Args<'a>,
    name: &str,
) -> PyResult<(&'a Value, usize, usize)> {
    let [s, pos, endpos] = a.bind(vm, name, ["string", "pos", "endpos"], 1)?;
    let Some(s) = s else {
        return Err(vm.type_error("missing string"));
    };
    let at = |v: Option<&Value>, d: i64| v.map_or(Ok(d), |v| vm.to_i64(v));
    let (pos, end) = (at(pos, 0)?, at(endpos, i64::MAX)?);
    check_kind(vm, p, s)?;
    let len = text_len(s, &Text::of(vm, s)?);
    let pos = pos.clamp(0, len as i64) as usize;
    let end = end.clamp(0, len as i64) as usize;
    Ok((s, pos, end))
}

fn one(vm: &Vm, v: &Value, a: Args, name: &str, how: How) -> PyResult<Value> {
    let p = vm.this::<Pattern>(v)?;
    let (s, pos, end) = subject_args(vm, p, a, name)?;
    if pos > end {
        return Ok(Value::NONE);
    }
    let mut engine = Engine::default();
    let text = Text::of(vm, s)?;
    if !on_text!(&text, t => run(vm, &mut engine, t, &p.code, pos, end, how, false)?) {
        return Ok(Value::NONE);
    }
    Ok(new_match(vm, p, s, pos, end, &engine))
}

fn new_match(
    vm: &Vm,
    p: &Ref<Pattern>,
    s: &Value,
    pos: usize,
    endpos: usize,
    engine: &Engine,
) -> Value {
    let (regs, lastindex) = found(engine, p.groups);
    let m = Match {
        string: s.clone(),
        pattern: p.clone(),
        pos,
        endpos,
        lastindex,
        regs,
    };
    vm.heap.alloc(&types(vm).match_, m).into()
}

/// Calls `f` with the engine after each match from left to right, until it returns false.
fn each_match(
    vm: &Vm,
    p: &Pattern,
    s: &Value,
    range: (usize, usize),
    mut f: impl FnMut(&Engine) -> PyResult<bool>,
) -> PyResult<()> {
    let text = Text::of(vm, s)?;
    let mut engine = Engine::default();
    let (mut start, end) = range;
    let mut must_advance = false;
    let mut ticks = lasti_core::vm::Ticks::default();
    while start <= end {
        ticks.tick(vm)?;
        if !on_text!(&text, t => run(vm, &mut engine, t, &p.code, start, end, How::Search, must_advance)?)
        {
            break;
        }
        let stop = engine.cursor.position;
        must_advance = stop == engine.start;
        start = stop;
        if !f(&engine)? {
            break;
        }
    }
    Ok(())
}

/// Group values of a match that has not become an object.
fn group_of(
    vm: &Vm,
    s: &Value,
    regs: &[Option<(usize, usize)>],
    g: usize,
    default: &Value,
) -> PyResult<Value> {
    match regs.get(g).copied().flatten() {
        Some((a, b)) => part(vm, s, a, b),
        None => Ok(default.clone()),
    }
}

fn empty_like(vm: &Vm, s: &Value) -> Value {
    if s.downcast::<Str>().is_some() {
        vm.str_value("")
    } else {
        vm.new_bytes([])
    }
}

fn findall(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let p = vm.this::<Pattern>(v)?;
    let (s, pos, end) = subject_args(vm, p, a, "findall")?;
    let mut out = Vec::new();
    let empty = empty_like(vm, s);
    each_match(vm, p, s, (pos, end), |engine| {
        let (regs, _) = found(engine, p.groups);
        let found = match p.groups {
            0 => group_of(vm, s, &regs, 0, &empty)?,
            1 => group_of(vm, s, &regs, 1, &empty)?,
            n => {
                let items: PyResult<Vec<Value>> =
                    (1..=n).map(|g| group_of(vm, s, &regs, g, &empty)).collect();
                vm.new_tuple(items?).into()
            }
        };
        vm.push(&mut out, found)?;
        Ok(true)
    })?;
    Ok(vm.new_list(out))
}

fn split(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let p = vm.this::<Pattern>(v)?;
    let [s, maxsplit] = a.bind(vm, "split", ["string", "maxsplit"], 1)?;
    let Some(s) = s else {
        return Err(vm.type_error("missing string"));
    };
    check_kind(vm, p, s)?;
    let max = maxsplit.map_or(Ok(0), |m| vm.to_i64(m))?;
    let len = text_len(s, &Text::of(vm, s)?);
    let mut out = Vec::new();
    let (mut last, mut n) = (0, 0);
    if max >= 0 {
        each_match(vm, p, s, (0, len), |engine| {
            let (regs, _) = found(engine, p.groups);
            let (a, b) = (engine.start, engine.cursor.position);
            vm.push(&mut out, part(vm, s, last, a)?)?;
            for g in 1..=p.groups {
                vm.push(&mut out, group_of(vm, s, &regs, g, &Value::NONE)?)?;
            }
            last = b;
            n += 1;
            Ok(max == 0 || n < max)
        })?;
    }
    vm.push(&mut out, part(vm, s, last, len)?)?;
    Ok(vm.new_list(out))
}

// ---- sub ----

/// Appends a replacement's text.
fn push_text(vm: &Vm, out: &mut Vec<u8>, v: &Value, is_str: bool) -> PyResult<()> {
    if let Some(s) = v.downcast::<Str>()
        && is_str
    {
        return vm.extend(out, s.as_bytes());
    }
    if v.is_none() {
        return Ok(());
    }
    if !is_str && v.downcast::<Str>().is_none() {
        return vm.extend(out, &vm.buffer(v)?);
    }
    let want = if is_str {
        "str instance"
    } else {
        "a bytes-like object"
    };
    Err(vm.type_error(format!(
        "sequence item 0: expected {want}, {} found",
        vm.type_name(v)
    )))
}

/// Appends characters `start..end` of the subject.
fn push_part(vm: &Vm, out: &mut Vec<u8>, s: &Value, start: usize, end: usize) -> PyResult<()> {
    let of = |b: &[u8], out: &mut Vec<u8>| vm.extend(out, b.get(start..end).unwrap_or_default());
    match s.downcast::<Str>() {
        Some(t) if t.is_ascii() => of(t.as_bytes(), out),
        Some(t) => vm.extend(out, lasti_text::wtf8::slice(t.as_bytes(), start, end)),
        None => match s.downcast::<Bytes>() {
            Some(b) => of(&b.data, out),
            None => of(&vm.buffer(s)?, out),
        },
    }
}

fn finish(vm: &Vm, out: Vec<u8>, is_str: bool) -> PyResult<Value> {
    if is_str {
        Ok(vm.try_new_wtf8(&out)?.into())
    } else {
        vm.try_new_bytes(out)
    }
}

fn has_backslash(vm: &Vm, v: &Value) -> bool {
    match v.downcast::<Str>() {
        Some(s) => s.as_bytes().contains(&b'\\'),
        None => vm.buffer(v).is_ok_and(|b| b.contains(&b'\\')),
    }
}

/// The compiled template of a replacement, through `re`'s own parser and cache.
pub(crate) fn compiled_template(vm: &Vm, pattern: &Value, repl: &Value) -> PyResult<Value> {
    let re = vm.import("re")?;
    vm.call_method(&re, "_compile_template", &[pattern.clone(), repl.clone()])
}

/// Appends what a template makes of a match.
fn push_template(
    vm: &Vm,
    out: &mut Vec<u8>,
    t: &Template,
    s: &Value,
    regs: &[Option<(usize, usize)>],
    is_str: bool,
) -> PyResult<()> {
    push_text(vm, out, &t.first, is_str)?;
    for (g, literal) in &t.rest {
        if *g >= regs.len() {
            return Err(vm.index_error("no such group"));
        }
        if let Some((a, b)) = regs[*g] {
            push_part(vm, out, s, a, b)?;
        }
        push_text(vm, out, literal, is_str)?;
    }
    Ok(())
}

/// `match.expand(template)`.
pub(crate) fn expand(vm: &Vm, m: &Ref<Match>, repl: &Value) -> PyResult<Value> {
    let t = compiled_template(vm, m.pattern.as_value(), repl)?;
    let Some(t) = t.downcast::<Template>() else {
        return Ok(t);
    };
    let is_str = m.string.downcast::<Str>().is_some();
    let mut out = Vec::new();
    push_template(vm, &mut out, t, &m.string, &m.regs, is_str)?;
    finish(vm, out, is_str)
}

fn sub(vm: &Vm, v: &Value, a: Args, name: &str) -> PyResult<(Value, i64)> {
    let p = vm.this::<Pattern>(v)?;
    let [Some(repl), Some(s), count] = a.bind(vm, name, ["repl", "string", "count"], 2)? else {
        return Err(vm.type_error("missing arguments"));
    };
    check_kind(vm, p, s)?;
    let max = count.map_or(Ok(0), |c| vm.to_i64(c))?;
    let is_str = s.downcast::<Str>().is_some();
    let len = text_len(s, &Text::of(vm, s)?);
    let callable = repl.downcast::<Str>().is_none() && vm.type_of(repl).slots.call.get().is_some();
    let mut literal = repl.clone();
    let mut template = None;
    if !callable && has_backslash(vm, repl) {
        let t = compiled_template(vm, v, repl)?;
        match t.downcast::<Template>() {
            // A template without groups is a literal.
            Some(x) if x.rest.is_empty() => literal = x.first.clone(),
            Some(_) => template = Some(t),
            None => literal = t,
        }
    }
    let mut out = Vec::new();
    let (mut last, mut n) = (0, 0);
    each_match(vm, p, s, (0, len), |engine| {
        let (start, stop) = (engine.start, engine.cursor.position);
        push_part(vm, &mut out, s, last, start)?;
        if callable {
            let m = new_match(vm, p, s, 0, len, engine);
            let r = vm.call(repl, &[m])?;
            push_text(vm, &mut out, &r, is_str)?;
        } else if let Some(t) = template.as_ref().and_then(|t| t.downcast::<Template>()) {
            let (regs, _) = found(engine, p.groups);
            push_template(vm, &mut out, t, s, &regs, is_str)?;
        } else {
            push_text(vm, &mut out, &literal, is_str)?;
        }
        last = stop;
        n += 1;
        Ok(max <= 0 || n < max)
    })?;
    if n == 0 {
        return Ok((part(vm, s, 0, len)?, 0));
    }
    push_part(vm, &mut out, s, last, len)?;
    Ok((finish(vm, out, is_str)?, n))
}

// ---- Pattern ----

fn pattern_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Pattern>(
        "re.Pattern",
        &vm.types.object,
        TypeFlags::NO_NEW | TypeFlags::WEAKREF,
    );
    vm.add_methods(&t, PATTERN_TYPE_METHODS);
    vm.getset(
        &t,
        "pattern",
        |vm, v| Ok(vm.this::<Pattern>(v)?.pattern.clone()),
        None,
    );
    vm.getset(
        &t,
        "flags",
        |vm, v| Ok(vm.new_int(vm.this::<Pattern>(v)?.flags)),
        None,
    );
    vm.getset(
        &t,
        "groups",
        |vm, v| Ok(vm.new_int(vm.this::<Pattern>(v)?.groups as i64)),
        None,
    );
    vm.getset(
        &t,
        "groupindex",
        |vm, v| {
            let mapping = vm.this::<Pattern>(v)?.groupindex.value();
            Ok(vm
                .heap
                .alloc(&vm.types.mappingproxy, MappingProxy { mapping })
                .into())
        },
        None,
    );
    t.slots.hash.set(Some(|vm, v| {
        let p = vm.this::<Pattern>(v)?;
        Ok(vm.hash(&p.pattern)? ^ (p.flags as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }));
    t.slots.richcmp.set(Some(|vm, a, b, op| {
        let (Some(x), Some(y)) = (a.downcast::<Pattern>(), b.downcast::<Pattern>()) else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let same = x.flags == y.flags
            && x.is_bytes == y.is_bytes
            && x.code == y.code
            && vm.same(&x.pattern, &y.pattern)?;
        Ok(Value::bool(same == (op == CmpOp::Eq)))
    }));
    t.slots.repr.set(Some(pattern_repr));
    vm.ready_type(&t);
    t
}

lasti_core::methods! { PATTERN_TYPE_METHODS =
    "match" "match($self, /, string, pos=0, endpos=sys.maxsize)\n--\n\n" |vm, v, a| one(vm, v, a, "match", How::Match);
    "fullmatch" "fullmatch($self, /, string, pos=0, endpos=sys.maxsize)\n--\n\n" |vm, v, a| one(vm, v, a, "fullmatch", How::Full);
    "search" "search($self, /, string, pos=0, endpos=sys.maxsize)\n--\n\n" |vm, v, a| one(vm, v, a, "search", How::Search);
    "findall" "findall($self, /, string, pos=0, endpos=sys.maxsize)\n--\n\n" findall;
    "split" "split($self, /, string, maxsplit=0)\n--\n\n" split;
    "sub" "sub($self, /, repl, string, count=0)\n--\n\n" |vm, v, a| Ok(sub(vm, v, a, "sub")?.0);
    "subn" "subn($self, /, repl, string, count=0)\n--\n\n" subn;
    "finditer" "finditer($self, /, string, pos=0, endpos=sys.maxsize)\n--\n\n" |vm, v, a| new_scanner(vm, v, a, "finditer", &types(vm).find_iter);
    "scanner" "scanner($self, /, string, pos=0, endpos=sys.maxsize)\n--\n\n" |vm, v, a| new_scanner(vm, v, a, "scanner", &types(vm).scanner);
    "__copy__" "__copy__($self, /)\n--\n\n" itself;
    "__deepcopy__" "__deepcopy__($self, unused, /)\n--\n\n" itself;
    class "__class_getitem__" "__class_getitem__($type, object, /)\n--\n\n" class_getitem;
}

fn subn(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let (r, n) = sub(vm, v, a, "subn")?;
    Ok(vm.tuple_value([r, vm.new_int(n)]))
}

fn itself(_: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(v.clone())
}

fn pattern_repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    const NAMES: &[(&str, i64)] = &[
        ("re.IGNORECASE", 2),
        ("re.LOCALE", 4),
        ("re.MULTILINE", 8),
        ("re.DOTALL", 16),
        ("re.VERBOSE", 64),
        ("re.DEBUG", 128),
        ("re.ASCII", 256),
    ];
    let p = vm.this::<Pattern>(v)?;
    let mut flags = p.flags;
    // Text patterns are Unicode unless they say otherwise.
    if !p.is_bytes && flags & (4 | 32 | 256) == 32 {
        flags &= !32;
    }
    let mut words: Vec<String> = Vec::new();
    for (name, bit) in NAMES {
        if flags & bit != 0 {
            words.push((*name).into());
            flags &= !bit;
        }
    }
    if flags != 0 {
        words.push(format!("{flags:#x}"));
    }
    let text = vm.repr_string(&p.pattern)?;
    let text: String = text.chars().take(200).collect();
    Ok(vm.str_value(&if words.is_empty() {
        format!("re.compile({text})")
    } else {
        format!("re.compile({text}, {})", words.join("|"))
    }))
}

// ---- scanners ----

fn new_scanner(vm: &Vm, v: &Value, a: Args, name: &str, class: &Ref<Type>) -> PyResult<Value> {
    let p = vm.this::<Pattern>(v)?;
    let (s, pos, end) = subject_args(vm, p, a, name)?;
    let sc = Scanner {
        pattern: p.clone(),
        string: s.clone(),
        start: Cell::new(pos),
        end,
        must_advance: Cell::new(false),
        done: Cell::new(false),
        engine: RefCell::default(),
    };
    Ok(vm.heap.alloc(class, sc).into())
}

fn scan(vm: &Vm, v: &Value, how: How) -> PyResult<Option<Value>> {
    let sc = vm.this::<Scanner>(v)?;
    let (start, end) = (sc.start.get(), sc.end);
    if sc.done.get() || start > end {
        return Ok(None);
    }
    let text = Text::of(vm, &sc.string)?;
    let mut engine = sc.engine.borrow_mut();
    if matches!(text, Text::Copy(_) | Text::Lossy(_)) {
        // A copy's bytes stand somewhere else each time.
        *engine = Engine::default();
    }
    let p = &sc.pattern;
    if !on_text!(&text, t => run(vm, &mut engine, t, &p.code, start, end, how, sc.must_advance.get())?)
    {
        sc.done.set(true);
        return Ok(None);
    }
    let stop = engine.cursor.position;
    sc.must_advance.set(stop == engine.start);
    sc.start.set(stop);
    Ok(Some(new_match(vm, p, &sc.string, start, end, &engine)))
}

fn scanner_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Scanner>("_sre.SRE_Scanner", &vm.types.object, TypeFlags::NO_NEW);
    vm.add_methods(&t, SCANNER_TYPE_METHODS);
    vm.getset(
        &t,
        "pattern",
        |vm, v| Ok(vm.this::<Scanner>(v)?.pattern.value()),
        None,
    );
    vm.ready_type(&t);
    t
}

lasti_core::methods! { SCANNER_TYPE_METHODS =
    "match" "match($self, /, string, pos=0, endpos=sys.maxsize)\n--\n\n" match_method;
    "search" "search($self, /, string, pos=0, endpos=sys.maxsize)\n--\n\n" search;
}

fn match_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(scan(vm, v, How::Match)?.unwrap_or(Value::NONE))
}

fn search(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    Ok(scan(vm, v, How::Search)?.unwrap_or(Value::NONE))
}

fn find_iter_type(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Scanner>(
        "builtins.callable_iterator",
        &vm.types.object,
        TypeFlags::NO_NEW,
    );
    t.slots.iter.set(Some(self_iter));
    t.slots.next.set(Some(|vm, v| scan(vm, v, How::Search)));
    vm.ready_type(&t);
    t
}

impl Match {
    pub(crate) fn string(&self) -> &Value {
        &self.string
    }
    pub(crate) fn pattern(&self) -> &Ref<Pattern> {
        &self.pattern
    }
    pub(crate) fn range(&self) -> (usize, usize) {
        (self.pos, self.endpos)
    }
    pub(crate) fn lastindex(&self) -> Option<usize> {
        self.lastindex
    }
    pub(crate) fn regs(&self) -> &[Option<(usize, usize)>] {
        &self.regs
    }
}
impl Pattern {
    pub(crate) fn groupindex(&self) -> &Ref<Dict> {
        &self.groupindex
    }
    pub(crate) fn indexgroup(&self) -> &Ref<Tuple> {
        &self.indexgroup
    }
}
