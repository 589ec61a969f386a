//! Universal newlines, and `IncrementalNewlineDecoder` over them (CPython's Modules/_io/textio.c).
use lasti_core::objects::{Str, Tuple, Type, TypeFlags};
use lasti_core::vm::args::Args;
use lasti_core::{Payload, PyResult, Ref, Slot, Value, Vm};
use std::cell::Cell;

const CR: u8 = 1;
const LF: u8 = 2;
const CRLF: u8 = 4;

/// Which newlines came by, and whether they become `\n`. A `\r` at the end of a part is kept back, since a `\n` may follow.
#[derive(Default)]
pub(super) struct Newlines {
    pub translate: Cell<bool>,
    pub pending: Cell<bool>,
    seen: Cell<u8>,
}

impl Newlines {
    pub(super) fn reset(&self) {
        self.seen.set(0);
        self.pending.set(false);
    }
    pub(super) fn apply(&self, mut text: Vec<u8>, last: bool) -> Vec<u8> {
        if self.pending.get() && (last || !text.is_empty()) {
            text.insert(0, b'\r');
            self.pending.set(false);
        }
        if !last && text.last() == Some(&b'\r') {
            text.pop();
            self.pending.set(true);
        }
        let Some(first) = memchr::memchr(b'\r', &text) else {
            if self.seen.get() & LF == 0 && memchr::memchr(b'\n', &text).is_some() {
                self.seen.set(self.seen.get() | LF);
            }
            return text;
        };
        let mut seen = self.seen.get();
        if memchr::memchr(b'\n', &text[..first]).is_some() {
            seen |= LF;
        }
        let mut out = Vec::with_capacity(text.len());
        out.extend_from_slice(&text[..first]);
        let mut at = first;
        while at < text.len() {
            let rest = &text[at..];
            match rest {
                [b'\r', b'\n', ..] => {
                    seen |= CRLF;
                    at += 2;
                    out.extend_from_slice(if self.translate.get() { b"\n" } else { b"\r\n" });
                }
                [b'\r', ..] => {
                    seen |= CR;
                    at += 1;
                    out.push(if self.translate.get() { b'\n' } else { b'\r' });
                }
                _ => {
                    let n = memchr::memchr(b'\r', rest).unwrap_or(rest.len());
                    if seen & LF == 0 && memchr::memchr(b'\n', &rest[..n]).is_some() {
                        seen |= LF;
                    }
                    out.extend_from_slice(&rest[..n]);
                    at += n;
                }
            }
        }
        self.seen.set(seen);
        out
    }
    /// The `newlines` attribute.
    pub(super) fn shown(&self, vm: &Vm) -> Value {
        let all = [(CR, "\r"), (LF, "\n"), (CRLF, "\r\n")];
        let mut seen: Vec<Value> = all
            .iter()
            .filter(|(bit, _)| self.seen.get() & bit != 0)
            .map(|(_, text)| vm.str_value(text))
            .collect();
        match seen.len() {
            0 => Value::NONE,
            1 => seen.remove(0),
            _ => vm.new_tuple(seen).into(),
        }
    }
}

struct Decoder {
    decoder: Slot,
    newlines: Newlines,
    ready: Cell<bool>,
}
impl Payload for Decoder {
    const CONTAINER: bool = true;
    const NAME: &'static str = "IncrementalNewlineDecoder";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        self.decoder.visit(visit);
    }
    fn clear(&self) {
        self.decoder.set(Value::NONE);
    }
}

fn ready<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<Decoder>> {
    let d = vm.this::<Decoder>(v)?;
    match d.ready.get() {
        true => Ok(d),
        false => Err(vm.value_error("IncrementalNewlineDecoder.__init__() not called")),
    }
}

/// What a decoder's `getstate` gave: bytes kept back, and flags.
pub(super) fn decoder_state(vm: &Vm, state: &Value) -> PyResult<(Value, u64)> {
    let wrong = || vm.type_error("illegal decoder state");
    let parts = state.downcast::<Tuple>().ok_or_else(wrong)?;
    let [held, flags] = &parts[..] else {
        return Err(wrong());
    };
    if !vm.is_int(flags) {
        return Err(wrong());
    }
    Ok((held.clone(), vm.to_i64(flags)? as u64))
}

pub(super) fn make(vm: &Vm) -> Ref<Type> {
    let t = vm.new_native_type::<Decoder>(
        "_io.IncrementalNewlineDecoder",
        &vm.types.object,
        TypeFlags::BASE | TypeFlags::WEAKREF,
    );
    t.slots.new.set(Some(|vm, class, _| {
        let d = Decoder {
            decoder: Slot::new(Value::NONE),
            newlines: Newlines::default(),
            ready: Cell::new(false),
        };
        Ok(vm.heap.alloc(class, d).into())
    }));
    t.slots.init.set(Some(|vm, v, a| {
        let names = ["decoder", "translate", "errors"];
        let [decoder, translate, _] = a.bind(vm, "IncrementalNewlineDecoder", names, 2)?;
        let d = vm.this::<Decoder>(v)?;
        d.decoder.set(decoder.cloned().unwrap_or(Value::NONE));
        let translate = translate.map_or(Ok(false), |t| vm.is_true(t))?;
        d.newlines.translate.set(translate);
        d.newlines.reset();
        d.ready.set(true);
        Ok(())
    }));
    vm.add_methods(&t, MAKE_METHODS);
    vm.getset(
        &t,
        "newlines",
        |vm, v| Ok(ready(vm, v)?.newlines.shown(vm)),
        None,
    );
    vm.ready_type(&t);
    t
}

lasti_core::methods! { MAKE_METHODS =
    "decode" "decode($self, input, final=False)\n--\n\n" decode;
    "getstate" "getstate($self, /)\n--\n\n" getstate;
    "setstate" "setstate($self, state, /)\n--\n\n" setstate;
    "reset" "reset($self, /)\n--\n\n" reset_method;
}

fn decode(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [input, last] = a.bind(vm, "decode", ["input", "final"], 1)?;
    let d = ready(vm, v)?;
    let last = last.map_or(Ok(false), |l| vm.is_true(l))?;
    let input = input.cloned().unwrap_or(Value::NONE);
    let decoder = d.decoder.get();
    let text = match decoder.is_none() {
        true => input,
        false => vm.call_method(&decoder, "decode", &[input, Value::bool(last)])?,
    };
    let Some(s) = text.downcast::<Str>() else {
        return Err(vm.type_error(format!(
            "decoder should return a string result, not '{}'",
            vm.type_name(&text)
        )));
    };
    Ok(vm
        .new_wtf8(&d.newlines.apply(s.as_bytes().to_vec(), last))
        .into())
}

fn getstate(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let d = ready(vm, v)?;
    let decoder = d.decoder.get();
    let (held, flags) = match decoder.is_none() {
        true => (vm.new_bytes([]), 0),
        false => decoder_state(vm, &vm.call_method(&decoder, "getstate", &[])?)?,
    };
    let flags = flags << 1 | u64::from(d.newlines.pending.get());
    Ok(vm.tuple_value([held, vm.new_uint(flags)]))
}

fn setstate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [state] = a.exactly::<1>(vm, "setstate")?;
    let d = ready(vm, v)?;
    if state.downcast::<Tuple>().is_none() {
        return Err(vm.type_error("state argument must be a tuple"));
    }
    let (held, flags) = decoder_state(vm, state)?;
    d.newlines.pending.set(flags & 1 != 0);
    let decoder = d.decoder.get();
    if decoder.is_none() {
        return Ok(Value::NONE);
    }
    let inner = vm.tuple_value([held, vm.new_uint(flags >> 1)]);
    vm.call_method(&decoder, "setstate", &[inner])
}

fn reset_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let d = ready(vm, v)?;
    d.newlines.reset();
    let decoder = d.decoder.get();
    if decoder.is_none() {
        return Ok(Value::NONE);
    }
    vm.call_method(&decoder, "reset", &[])
}
