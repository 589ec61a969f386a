//! Methods that `bytes` and `bytearray` share: searching, splitting and stripping.
use super::bytes::{byte_value, data, like};
use super::util::{clip, has_index, raw_range};
use lasti_core::memory::{Ref, Value};
use lasti_core::model::buffer::{Data, bytes_like, try_bytes_like};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use lasti_text::split::{self, Ends, Unit};
use lasti_text::wtf8;

pub(crate) fn init(vm: &Vm, t: &Ref<Type>) {
    vm.method(t, "find", "find($self, sub[, start[, end]], /)\n--\n\nReturn the lowest index in B where subsection 'sub' is found, or -1.", |vm, v, a| {
        Ok(vm.new_int(find(vm, v, a, "find", wtf8::find)?.map_or(-1, |i| i as i64)))
    });
    vm.method(t, "rfind", "rfind($self, sub[, start[, end]], /)\n--\n\nReturn the highest index in B where subsection 'sub' is found, or -1.", |vm, v, a| {
        Ok(vm.new_int(find(vm, v, a, "rfind", wtf8::rfind)?.map_or(-1, |i| i as i64)))
    });
    vm.method(t, "index", "index($self, sub[, start[, end]], /)\n--\n\nReturn the lowest index in B where subsection 'sub' is found.", |vm, v, a| {
        let at = find(vm, v, a, "index", wtf8::find)?;
        at.map(|i| vm.new_int(i as i64)).ok_or_else(|| vm.value_error("subsection not found"))
    });
    vm.method(t, "rindex", "rindex($self, sub[, start[, end]], /)\n--\n\nReturn the highest index in B where subsection 'sub' is found.", |vm, v, a| {
        let at = find(vm, v, a, "rindex", wtf8::rfind)?;
        at.map(|i| vm.new_int(i as i64)).ok_or_else(|| vm.value_error("subsection not found"))
    });
    vm.method(t, "count", "count($self, sub[, start[, end]], /)\n--\n\nReturn the number of non-overlapping occurrences of subsection 'sub' in bytes B[start:end].", |vm, v, a| {
        let a = a.between(vm, "count", 1, 3)?;
        let range = raw_range(vm, a.get(1), a.get(2))?;
        let sub = needle(vm, &a[0])?;
        let d = data(vm, v)?;
        let Some((start, stop)) = clip(range, d.len()) else { return Ok(Value::small_int(0)) };
        let n = if sub.is_empty() { stop - start + 1 } else { wtf8::count_of(&d[start..stop], &sub) };
        Ok(vm.new_int(n as i64))
    });
    vm.method(t, "startswith", "startswith($self, prefix[, start[, end]], /)\n--\n\nReturn True if the bytes starts with the specified prefix, False otherwise.", |vm, v, a| {
        matches(vm, v, a, "startswith", <[u8]>::starts_with)
    });
    vm.method(t, "endswith", "endswith($self, suffix[, start[, end]], /)\n--\n\nReturn True if the bytes ends with the specified suffix, False otherwise.", |vm, v, a| {
        matches(vm, v, a, "endswith", <[u8]>::ends_with)
    });
    vm.method(t, "split", "split($self, /, sep=None, maxsplit=-1)\n--\n\nReturn a list of the sections in the bytes, using sep as the delimiter.", |vm, v, a| {
        cut(vm, v, a, "split", split::split, split::split_whitespace)
    });
    vm.method(t, "rsplit", "rsplit($self, /, sep=None, maxsplit=-1)\n--\n\nReturn a list of the sections in the bytes, using sep as the delimiter.", |vm, v, a| {
        cut(vm, v, a, "rsplit", split::rsplit, split::rsplit_whitespace)
    });
    vm.method(t, "splitlines", "splitlines($self, /, keepends=False)\n--\n\nReturn a list of the lines in the bytes, breaking at line boundaries.", |vm, v, a| {
        let [keep] = a.bind(vm, "splitlines", ["keepends"], 0)?;
        let keep = keep.map_or(Ok(false), |k| vm.is_true(k))?;
        let d = data(vm, v)?;
        list_like(vm, v, split::splitlines(&d, Unit::Bytes, keep))
    });
    vm.method(t, "partition", "partition($self, sep, /)\n--\n\nPartition the bytes into three parts using the given separator.", |vm, v, a| {
        let [sep] = a.exactly::<1>(vm, "partition")?;
        let s = separator(vm, sep)?;
        let d = data(vm, v)?;
        Ok(match split::partition(&d, &s) {
            Some((head, tail)) => three(vm, v, [head, &s, tail])?,
            None => three(vm, v, [&d, b"", b""])?,
        })
    });
    vm.method(t, "rpartition", "rpartition($self, sep, /)\n--\n\nPartition the bytes into three parts using the given separator.", |vm, v, a| {
        let [sep] = a.exactly::<1>(vm, "rpartition")?;
        let s = separator(vm, sep)?;
        let d = data(vm, v)?;
        Ok(match split::rpartition(&d, &s) {
            Some((head, tail)) => three(vm, v, [head, &s, tail])?,
            None => three(vm, v, [b"", b"", &d])?,
        })
    });
    vm.method(t, "strip", "strip($self, bytes=None, /)\n--\n\nStrip leading and trailing bytes contained in the argument.", |vm, v, a| strip(vm, v, a, "strip", Ends::Both));
    vm.method(
        t,
        "lstrip",
        "lstrip($self, bytes=None, /)\n--\n\nStrip leading bytes contained in the argument.",
        |vm, v, a| strip(vm, v, a, "lstrip", Ends::Left),
    );
    vm.method(
        t,
        "rstrip",
        "rstrip($self, bytes=None, /)\n--\n\nStrip trailing bytes contained in the argument.",
        |vm, v, a| strip(vm, v, a, "rstrip", Ends::Right),
    );
    vm.method(t, "removeprefix", "removeprefix($self, prefix, /)\n--\n\nReturn a bytes object with the given prefix string removed if present.", |vm, v, a| {
        let [p] = a.exactly::<1>(vm, "removeprefix")?;
        let p = bytes_like(vm, p)?;
        let d = data(vm, v)?;
        like(vm, v, d.strip_prefix(&*p).unwrap_or(&d).to_vec())
    });
    vm.method(t, "removesuffix", "removesuffix($self, suffix, /)\n--\n\nReturn a bytes object with the given suffix string removed if present.", |vm, v, a| {
        let [p] = a.exactly::<1>(vm, "removesuffix")?;
        let p = bytes_like(vm, p)?;
        let d = data(vm, v)?;
        like(vm, v, d.strip_suffix(&*p).unwrap_or(&d).to_vec())
    });
}

fn three(vm: &Vm, v: &Value, parts: [&[u8]; 3]) -> PyResult<Value> {
    let [a, b, c] = parts.map(|p| like(vm, v, p.to_vec()));
    Ok(vm.tuple_value([a?, b?, c?]))
}

fn list_like(vm: &Vm, v: &Value, pieces: Vec<&[u8]>) -> PyResult<Value> {
    let items = pieces
        .into_iter()
        .map(|p| like(vm, v, p.to_vec()))
        .collect::<PyResult<Vec<Value>>>()?;
    Ok(vm.new_list(items))
}

/// What find and its relatives look for: a buffer, or an int that stands for one byte.
fn needle(vm: &Vm, v: &Value) -> PyResult<Vec<u8>> {
    if let Some(d) = try_bytes_like(vm, v)? {
        return Ok(d.into_vec());
    }
    if has_index(vm, v) {
        return Ok(vec![byte_value(vm, v, "byte must be in range(0, 256)")?]);
    }
    Err(vm.type_error(format!(
        "argument should be integer or bytes-like object, not '{}'",
        vm.type_name(v)
    )))
}

fn find(
    vm: &Vm,
    v: &Value,
    args: Args,
    func: &str,
    search: fn(&[u8], &[u8]) -> Option<usize>,
) -> PyResult<Option<usize>> {
    let a = args.between(vm, func, 1, 3)?;
    let range = raw_range(vm, a.get(1), a.get(2))?;
    let sub = needle(vm, &a[0])?;
    let d = data(vm, v)?;
    let Some((start, stop)) = clip(range, d.len()) else {
        return Ok(None);
    };
    Ok(search(&d[start..stop], &sub).map(|at| at + start))
}

fn matches(
    vm: &Vm,
    v: &Value,
    args: Args,
    func: &str,
    test: fn(&[u8], &[u8]) -> bool,
) -> PyResult<Value> {
    let a = args.between(vm, func, 1, 3)?;
    let range = raw_range(vm, a.get(1), a.get(2))?;
    let holds = |p: &[u8]| -> PyResult<bool> {
        let d = data(vm, v)?;
        Ok(clip(range, d.len()).is_some_and(|(start, stop)| test(&d[start..stop], p)))
    };
    if let Some(list) = a[0].downcast::<Tuple>() {
        for item in list.iter() {
            let p = bytes_like(vm, item)?;
            if holds(&p)? {
                return Ok(Value::TRUE);
            }
        }
        return Ok(Value::FALSE);
    }
    match try_bytes_like(vm, &a[0])? {
        Some(p) => Ok(Value::bool(holds(&p)?)),
        None => Err(vm.type_error(format!(
            "{func} first arg must be bytes or a tuple of bytes, not {}",
            vm.type_name(&a[0])
        ))),
    }
}

fn separator(vm: &Vm, v: &Value) -> PyResult<Vec<u8>> {
    let s = bytes_like(vm, v)?.into_vec();
    if s.is_empty() {
        Err(vm.value_error("empty separator"))
    } else {
        Ok(s)
    }
}

type BySep = for<'a> fn(&'a [u8], &[u8], Option<usize>) -> Vec<&'a [u8]>;
type ByWhite = fn(&[u8], Unit, Option<usize>) -> Vec<&[u8]>;

fn cut(
    vm: &Vm,
    v: &Value,
    args: Args,
    func: &str,
    by_sep: BySep,
    by_white: ByWhite,
) -> PyResult<Value> {
    let [sep, max] = args.bind(vm, func, ["sep", "maxsplit"], 0)?;
    let max = max.map_or(Ok(None), |n| vm.to_i64(n).map(|n| usize::try_from(n).ok()))?;
    let sep = match sep {
        Some(s) if !s.is_none() => Some(separator(vm, s)?),
        _ => None,
    };
    let d = data(vm, v)?;
    let pieces = match &sep {
        Some(s) => by_sep(&d, s, max),
        None => by_white(&d, Unit::Bytes, max),
    };
    list_like(vm, v, pieces)
}

fn strip(vm: &Vm, v: &Value, args: Args, func: &str, ends: Ends) -> PyResult<Value> {
    let chars = match args.between(vm, func, 0, 1)? {
        [c] if !c.is_none() => Some(bytes_like(vm, c).map(Data::into_vec)?),
        _ => None,
    };
    let d = data(vm, v)?;
    let out = split::strip(&d, Unit::Bytes, chars.as_deref(), ends);
    if out.len() == d.len() && vm.type_of(v).is(&vm.types.bytes) {
        return Ok(v.clone());
    }
    like(vm, v, out.to_vec())
}
