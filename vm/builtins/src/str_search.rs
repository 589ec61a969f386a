//! Methods of `str` that search, split and strip.
use super::search::{self, Searched, SplitAt, SplitWhitespace};
use super::str::{exact, this};
use super::str_methods::str_arg;
use super::util::{clip, raw_range, text};
use lasti_core::memory::{Ref, Value};
use lasti_core::objects::*;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use lasti_core::vm::{Ticks, Vm};
use lasti_text::split::{self, Ends, Unit};
use lasti_text::wtf8;

pub(crate) fn init(vm: &Vm) {
    let t = &vm.types.str;
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "find" "find($self, sub[, start[, end]], /)\n--\n\nReturn the lowest index in S where substring sub is found, or -1." search::find::<Text>;
    "rfind" "rfind($self, sub[, start[, end]], /)\n--\n\nReturn the highest index in S where substring sub is found, or -1." search::rfind::<Text>;
    "index" "index($self, sub[, start[, end]], /)\n--\n\nReturn the lowest index in S where substring sub is found." search::index::<Text>;
    "rindex" "rindex($self, sub[, start[, end]], /)\n--\n\nReturn the highest index in S where substring sub is found." search::rindex::<Text>;
    "count" "count($self, sub[, start[, end]], /)\n--\n\nReturn the number of non-overlapping occurrences of substring sub." count;
    "startswith" "startswith($self, prefix[, start[, end]], /)\n--\n\nReturn True if the string starts with the specified prefix, False otherwise." search::startswith::<Text>;
    "endswith" "endswith($self, suffix[, start[, end]], /)\n--\n\nReturn True if the string ends with the specified suffix, False otherwise." search::endswith::<Text>;
    "split" "split($self, /, sep=None, maxsplit=-1)\n--\n\nReturn a list of the substrings in the string, using sep as the separator string." search::split::<Text>;
    "rsplit" "rsplit($self, /, sep=None, maxsplit=-1)\n--\n\nReturn a list of the substrings in the string, using sep as the separator string." search::rsplit::<Text>;
    "splitlines" "splitlines($self, /, keepends=False)\n--\n\nReturn a list of the lines in the string, breaking at line boundaries." splitlines;
    "partition" "partition($self, sep, /)\n--\n\nPartition the string into three parts using the given separator." partition;
    "rpartition" "rpartition($self, sep, /)\n--\n\nPartition the string into three parts using the given separator." rpartition;
    "strip" "strip($self, chars=None, /)\n--\n\nReturn a copy of the string with leading and trailing whitespace removed." |vm, v, a| strip(vm, v, a, "strip", Ends::Both);
    "lstrip" "lstrip($self, chars=None, /)\n--\n\nReturn a copy of the string with leading whitespace removed." |vm, v, a| strip(vm, v, a, "lstrip", Ends::Left);
    "rstrip" "rstrip($self, chars=None, /)\n--\n\nReturn a copy of the string with trailing whitespace removed." |vm, v, a| strip(vm, v, a, "rstrip", Ends::Right);
    "removeprefix" "removeprefix($self, prefix, /)\n--\n\nReturn a str with the given prefix string removed if present." removeprefix;
    "removesuffix" "removesuffix($self, suffix, /)\n--\n\nReturn a str with the given suffix string removed if present." removesuffix;
}

fn count(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let a = a.between(vm, "count", 1, 3)?;
    let sub = str_arg(vm, &a[0], "count", 1)?;
    let Some((part, _)) = range(vm, this(vm, v)?, a)? else {
        return Ok(Value::small_int(0));
    };
    Ok(vm.new_int(wtf8::count_of(part, sub.as_bytes()) as i64))
}

fn splitlines(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [keep] = a.bind(vm, "splitlines", ["keepends"], 0)?;
    let keep = keep.map_or(Ok(false), |k| vm.is_true(k))?;
    let data = this(vm, v)?.as_bytes();
    let ends = data.iter().filter(|b| super::util::may_end_line(**b));
    super::util::room_for_pieces(vm, ends.count())?;
    list_of(vm, split::splitlines(data, Unit::Text, keep))
}

fn partition(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [sep] = a.exactly::<1>(vm, "str.partition")?;
    let (s, sep) = (this(vm, v)?, separator(vm, sep)?);
    Ok(match split::partition(s.as_bytes(), sep.as_bytes()) {
        Some((head, tail)) => vm.tuple_value([piece(vm, head), exact(vm, sep)?, piece(vm, tail)]),
        None => vm.tuple_value([
            exact(vm, s)?,
            vm.names.empty.value(),
            vm.names.empty.value(),
        ]),
    })
}

fn rpartition(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [sep] = a.exactly::<1>(vm, "str.rpartition")?;
    let (s, sep) = (this(vm, v)?, separator(vm, sep)?);
    Ok(match split::rpartition(s.as_bytes(), sep.as_bytes()) {
        Some((head, tail)) => vm.tuple_value([piece(vm, head), exact(vm, sep)?, piece(vm, tail)]),
        None => vm.tuple_value([
            vm.names.empty.value(),
            vm.names.empty.value(),
            exact(vm, s)?,
        ]),
    })
}

fn removeprefix(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [p] = a.exactly::<1>(vm, "str.removeprefix")?;
    let (s, p) = (this(vm, v)?, str_arg(vm, p, "removeprefix", 0)?);
    match s.as_bytes().strip_prefix(p.as_bytes()) {
        Some(rest) if !p.is_empty() => text(vm, rest),
        _ => exact(vm, s),
    }
}

fn removesuffix(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [p] = a.exactly::<1>(vm, "str.removesuffix")?;
    let (s, p) = (this(vm, v)?, str_arg(vm, p, "removesuffix", 0)?);
    match s.as_bytes().strip_suffix(p.as_bytes()) {
        Some(rest) if !p.is_empty() => text(vm, rest),
        _ => exact(vm, s),
    }
}

fn piece(vm: &Vm, bytes: &[u8]) -> Value {
    vm.new_wtf8(bytes).into()
}

fn list_of(vm: &Vm, pieces: Vec<&[u8]>) -> PyResult<Value> {
    let mut items = vm.try_vec(pieces.len())?;
    let mut ticks = Ticks::default();
    for p in pieces {
        ticks.tick(vm)?;
        items.push(if p.len() < 1024 {
            piece(vm, p)
        } else {
            vm.try_new_wtf8(p)?.into()
        });
    }
    Ok(vm.new_list(items))
}

/// The part of the text that start and end arguments (the second and third) leave, and its first index; `None` when
/// they leave less than nothing.
fn range<'a>(vm: &Vm, s: &'a Ref<Str>, a: &[Value]) -> PyResult<Option<(&'a [u8], usize)>> {
    let data = s.as_bytes();
    if a.len() < 2 {
        return Ok(Some((data, 0)));
    }
    let Some((start, stop)) = clip(raw_range(vm, a.get(1), a.get(2))?, s.char_len()) else {
        return Ok(None);
    };
    Ok(Some((s.part(start, stop), start)))
}

fn separator<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<Str>> {
    match v.as_ref::<Str>() {
        Some(s) if s.is_empty() => Err(vm.value_error("empty separator")),
        Some(s) => Ok(s),
        None => Err(vm.type_error(format!("must be str, not {}", vm.type_name(v)))),
    }
}

/// `str`.
struct Text;

impl Searched for Text {
    const NOT_FOUND: &'static str = "substring not found";

    fn find(
        vm: &Vm,
        v: &Value,
        args: Args,
        func: &str,
        search: fn(&[u8], &[u8]) -> Option<usize>,
    ) -> PyResult<Option<usize>> {
        let a = args.between(vm, func, 1, 3)?;
        let sub = str_arg(vm, &a[0], func, 1)?;
        let s = this(vm, v)?;
        let Some((part, start)) = range(vm, s, a)? else {
            return Ok(None);
        };
        let at = search(part, sub.as_bytes());
        Ok(at.map(|at| {
            start
                + if s.is_ascii() {
                    at
                } else {
                    wtf8::index_of(part, at)
                }
        }))
    }

    fn matches(
        vm: &Vm,
        v: &Value,
        args: Args,
        func: &str,
        test: fn(&[u8], &[u8]) -> bool,
    ) -> PyResult<Value> {
        let a = args.between(vm, func, 1, 3)?;
        let s = this(vm, v)?;
        let part = range(vm, s, a)?.map(|(p, _)| p);
        let holds = |p: &Str| part.is_some_and(|part| test(part, p.as_bytes()));
        if let Some(p) = a[0].downcast::<Str>() {
            return Ok(Value::bool(holds(p)));
        }
        let Some(list) = a[0].downcast::<Tuple>() else {
            return Err(vm.type_error(format!(
                "{func} first arg must be str or a tuple of str, not {}",
                vm.type_name(&a[0])
            )));
        };
        for item in list.iter() {
            match item.downcast::<Str>() {
                Some(p) if holds(p) => return Ok(Value::TRUE),
                Some(_) => {}
                None => {
                    return Err(vm.type_error(format!(
                        "tuple for {func} must only contain str, not {}",
                        vm.type_name(item)
                    )));
                }
            }
        }
        Ok(Value::FALSE)
    }

    fn cut(
        vm: &Vm,
        v: &Value,
        args: Args,
        func: &str,
        by_sep: SplitAt,
        by_white: SplitWhitespace,
    ) -> PyResult<Value> {
        let [sep, max] = args.bind(vm, func, ["sep", "maxsplit"], 0)?;
        let max = max.map_or(Ok(None), |n| vm.to_i64(n).map(|n| usize::try_from(n).ok()))?;
        let s = this(vm, v)?;
        let pieces = match sep {
            Some(sep) if !sep.is_none() => {
                let Some(sep) = sep.downcast::<Str>() else {
                    return Err(
                        vm.type_error(format!("must be str or None, not {}", vm.type_name(sep)))
                    );
                };
                if sep.is_empty() {
                    return Err(vm.value_error("empty separator"));
                }
                super::util::room_for_cuts(vm, s.as_bytes(), Some(sep.as_bytes()), max)?;
                by_sep(s.as_bytes(), sep.as_bytes(), max)
            }
            _ => {
                super::util::room_for_cuts(vm, s.as_bytes(), None, max)?;
                by_white(s.as_bytes(), Unit::Text, max)
            }
        };
        list_of(vm, pieces)
    }
}

fn strip(vm: &Vm, v: &Value, args: Args, func: &str, ends: Ends) -> PyResult<Value> {
    let chars = match args.between(vm, func, 0, 1)? {
        [c] if !c.is_none() => match c.downcast::<Str>() {
            Some(s) => Some(s.as_bytes()),
            None => return Err(vm.type_error(format!("{func} arg must be None or str"))),
        },
        _ => None,
    };
    let s = this(vm, v)?;
    let out = split::strip(s.as_bytes(), Unit::Text, chars, ends);
    if out.len() == s.as_bytes().len() {
        exact(vm, s)
    } else {
        text(vm, out)
    }
}
