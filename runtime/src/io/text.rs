//! `TextIOWrapper` (CPython's Modules/_io/textio.c). UTF-8, ASCII and Latin-1 are decoded and encoded here, other
//! encodings by their incremental codecs; `newline.rs` sees to newlines.
//!
//! `tell` gives a cookie: where in the bytes the decoder stood before a chunk, its state there, how many bytes to feed it and
//! how many characters of what comes out to skip. The snapshot is that place for the chunk being read.
use super::newline::{Newlines, decoder_state};
use super::stringio::{newline_arg, translated};
use super::{
    base, both, buffered, bytes_arg, cannot_pickle, fileio, is_native, line_end, size_arg, text_of,
    truth, unsupported,
};
use dashu_int::IBig;
use lasti_builtins::encoding::{BuiltinCodec, decode_builtin, encode_builtin};
use lasti_core::objects::{Bytes, Str, Type, TypeFlags};
use lasti_core::{Args, Payload, PyResult, Ref, Slot, Value, Vm};
use lasti_text::codecs::Codec;
use lasti_text::wtf8;
use std::cell::{Cell, RefCell};

const DEFAULT_CHUNK_BYTES: usize = 8192;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Ready,
    Detached,
}

/// The decoder's state before a chunk, and all bytes that it was fed since: those it held and the chunk.
struct Snapshot {
    flags: u64,
    input: Vec<u8>,
}

struct TextIo {
    buffer: Slot,
    state: Cell<State>,
    encoding: Slot,
    errors: RefCell<String>,
    mode: Slot,
    line_buffering: Cell<bool>,
    write_through: Cell<bool>,
    /// As `newline` was given.
    newline: RefCell<Option<String>>,
    newlines: Newlines,
    /// Encodings that need no codec object.
    native: Cell<Option<Codec>>,
    /// Incremental codecs of the others.
    decoder: Slot,
    encoder: Slot,
    readable: Cell<bool>,
    writable: Cell<bool>,
    seekable: Cell<bool>,
    telling: Cell<bool>,
    has_read1: Cell<bool>,
    /// Bytes of a character that is not complete.
    held: RefCell<Vec<u8>>,
    decoded: RefCell<Vec<u8>>,
    used: Cell<usize>,
    snapshot: RefCell<Option<Snapshot>>,
    pending: RefCell<Vec<u8>>,
    chunk: Cell<usize>,
}
impl Payload for TextIo {
    const CONTAINER: bool = true;
    const NAME: &'static str = "TextIOWrapper";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        for s in [
            &self.buffer,
            &self.encoding,
            &self.mode,
            &self.decoder,
            &self.encoder,
        ] {
            s.visit(visit);
        }
    }
    fn clear(&self) {
        for s in [&self.buffer, &self.mode, &self.decoder, &self.encoder] {
            s.set(Value::NONE);
        }
    }
}

/// A wrapper that was made and not detached.
fn attached<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<TextIo>> {
    let t = vm.this::<TextIo>(v)?;
    match t.state.get() {
        State::Ready => Ok(t),
        State::New => Err(vm.value_error("I/O operation on uninitialized object")),
        State::Detached => Err(vm.value_error("underlying buffer has been detached")),
    }
}

fn open<'a>(vm: &Vm, v: &'a Value) -> PyResult<&'a Ref<TextIo>> {
    let t = attached(vm, v)?;
    let buffer = t.buffer.get();
    let closed = match buffered::exact(vm, &buffer) {
        Some(b) if is_native(vm, v) => b.is_closed(vm)?,
        _ => base::is_closed(vm, v)?,
    };
    match closed {
        true => Err(super::closed_file(vm)),
        false => Ok(t),
    }
}

impl TextIo {
    fn universal(&self) -> bool {
        matches!(self.newline.borrow().as_deref(), None | Some(""))
    }

    // ---- decoding ----

    fn reset_decoder(&self, vm: &Vm) -> PyResult<()> {
        self.held.borrow_mut().clear();
        self.newlines.pending.set(false);
        match self.decoder.get_bound() {
            Some(d) => vm.call_method(&d, "reset", &[]).map(|_| ()),
            None => Ok(()),
        }
    }
    /// What the decoder keeps back, and its flags (the lowest: a `\r` is kept back).
    fn decoder_state(&self, vm: &Vm) -> PyResult<(Vec<u8>, u64)> {
        let cr = u64::from(self.newlines.pending.get());
        let Some(d) = self.decoder.get_bound() else {
            return Ok((self.held.borrow().clone(), cr));
        };
        let (held, flags) = decoder_state(vm, &vm.call_method(&d, "getstate", &[])?)?;
        if held.downcast::<Bytes>().is_none() {
            return Err(vm.type_error(format!(
                "illegal decoder state: the first item should be a bytes object, not '{}'",
                vm.type_name(&held)
            )));
        }
        Ok((vm.buffer(&held)?, self.outer_flags(flags, cr)))
    }
    /// Flags of a codec object have the kept `\r` below them where newlines are looked for.
    fn outer_flags(&self, flags: u64, cr: u64) -> u64 {
        match self.universal() {
            true => flags << 1 | cr,
            false => flags,
        }
    }
    fn set_decoder_state(&self, vm: &Vm, held: &[u8], flags: u64, at_start: bool) -> PyResult<()> {
        let universal = self.universal();
        self.newlines.pending.set(universal && flags & 1 != 0);
        let Some(d) = self.decoder.get_bound() else {
            self.held.replace(held.to_vec());
            return Ok(());
        };
        if at_start && flags == 0 {
            return vm.call_method(&d, "reset", &[]).map(|_| ());
        }
        let inner = if universal { flags >> 1 } else { flags };
        let state = vm.tuple_value([vm.new_bytes(held), vm.new_uint(inner)]);
        vm.call_method(&d, "setstate", &[state]).map(|_| ())
    }
    fn decode(&self, vm: &Vm, input: Vec<u8>, last: bool) -> PyResult<Vec<u8>> {
        let text = match self.native.get() {
            Some(codec) => {
                let mut data = self.held.take();
                match data.is_empty() {
                    true => data = input,
                    false => vm.extend(&mut data, &input)?,
                }
                if codec == Codec::Utf8 && std::str::from_utf8(&data).is_ok()
                    || codec == Codec::Ascii && data.is_ascii()
                {
                    data
                } else {
                    let errors = self.errors.borrow().clone();
                    let codec = BuiltinCodec::Plain(codec);
                    let (text, used) = decode_builtin(vm, codec, &data, &errors, last)?;
                    self.held.replace(data.split_off(used.min(data.len())));
                    text
                }
            }
            None => {
                let Some(d) = self.decoder.get_bound() else {
                    return Err(unsupported(vm, "not readable"));
                };
                let args = [vm.new_bytes(input), Value::bool(last)];
                let text = vm.call_method(&d, "decode", &args)?;
                let Some(s) = text.downcast::<Str>() else {
                    return Err(vm.type_error(format!(
                        "decoder should return a string result, not '{}'",
                        vm.type_name(&text)
                    )));
                };
                s.as_bytes().to_vec()
            }
        };
        Ok(match self.universal() {
            true => self.newlines.apply(text, last),
            false => text,
        })
    }

    // ---- reading ----

    fn set_decoded(&self, text: Vec<u8>) {
        self.decoded.replace(text);
        self.used.set(0);
    }
    fn forget_read(&self) {
        self.set_decoded(Vec::new());
        self.snapshot.replace(None);
    }
    fn check_readable(&self, vm: &Vm) -> PyResult<()> {
        match self.readable.get() {
            true => Ok(()),
            false => Err(unsupported(vm, "not readable")),
        }
    }
    /// Reads and decodes the next chunk; false at the end.
    fn read_chunk(&self, vm: &Vm, hint: usize) -> PyResult<bool> {
        self.check_readable(vm)?;
        let before = match self.telling.get() {
            true => Some(self.decoder_state(vm)?),
            false => None,
        };
        let size = self.chunk.get().max(hint);
        let buffer = self.buffer.get();
        let input = match buffered::exact(vm, &buffer) {
            Some(b) => b.read_one(vm, &buffer, Some(size))?,
            None => {
                let method = if self.has_read1.get() {
                    "read1"
                } else {
                    "read"
                };
                let got = vm.call_method(&buffer, method, &[vm.new_int(size as i64)])?;
                let bytes = vm.buffer(&got);
                vm.catch(bytes, &vm.exc.type_error)?.ok_or_else(|| {
                    vm.type_error(format!(
                        "underlying {method}() should have returned a bytes-like object, not '{}'",
                        vm.type_name(&got)
                    ))
                })?
            }
        };
        let end = input.is_empty();
        if let Some((mut fed, flags)) = before {
            vm.extend(&mut fed, &input)?;
            self.snapshot.replace(Some(Snapshot { flags, input: fed }));
        }
        let text = self.decode(vm, input, end)?;
        let any = !text.is_empty();
        self.set_decoded(text);
        Ok(!end || any)
    }
    /// Takes up to `n` characters of what was decoded; how many they were.
    fn take(&self, n: usize, out: &mut Vec<u8>) -> usize {
        let decoded = self.decoded.borrow();
        let rest = &decoded[self.used.get()..];
        let (bytes, chars) = match wtf8::offset_of(rest, n) {
            Some(offset) if offset < rest.len() => (offset, n),
            _ => (rest.len(), wtf8::count(rest)),
        };
        out.extend_from_slice(&rest[..bytes]);
        self.used.set(self.used.get() + bytes);
        chars
    }
    fn read(&self, vm: &Vm, n: Option<usize>) -> PyResult<Value> {
        self.check_readable(vm)?;
        self.write_pending(vm)?;
        let mut out = Vec::new();
        let Some(n) = n else {
            let buffer = self.buffer.get();
            let bytes = vm.call_method(&buffer, "read", &[])?;
            if bytes.is_none() {
                return Err(vm.new_exception(&vm.exc.blocking_io_error, "Read returned None."));
            }
            let text = self.decode(vm, bytes_arg(vm, &bytes)?, true)?;
            self.take(usize::MAX, &mut out);
            let text = match out.is_empty() {
                true => text,
                false => [out, text].concat(),
            };
            // CPython keeps what it read where a finished stream can still be asked for its place.
            self.forget_read();
            return Ok(vm.try_new_wtf8(&text)?.into());
        };
        let mut missing = n - self.take(n, &mut out);
        while missing > 0 {
            if !self.read_chunk(vm, missing)? {
                break;
            }
            missing -= self.take(missing, &mut out);
        }
        Ok(vm.try_new_wtf8(&out)?.into())
    }
    /// Where a line ends in what was decoded, given what the line has so far.
    fn find_end(&self, line: &[u8], rest: &[u8]) -> Option<usize> {
        match self.newline.borrow().as_deref() {
            None | Some("\n") => line_end(rest),
            Some("") => memchr::memchr2(b'\n', b'\r', rest)
                .map(|i| i + 1 + usize::from(rest[i] == b'\r' && rest.get(i + 1) == Some(&b'\n'))),
            Some("\r\n") => match line.last() == Some(&b'\r') && rest.first() == Some(&b'\n') {
                true => Some(1),
                false => memchr::memmem::find(rest, b"\r\n").map(|i| i + 2),
            },
            Some(_) => memchr::memchr(b'\r', rest).map(|i| i + 1),
        }
    }
    fn readline(&self, vm: &Vm, limit: Option<usize>) -> PyResult<Value> {
        self.write_pending(vm)?;
        let mut line = Vec::new();
        let mut room = limit.unwrap_or(usize::MAX);
        loop {
            {
                let decoded = self.decoded.borrow();
                let rest = &decoded[self.used.get()..];
                let end = self.find_end(&line, rest);
                if limit.is_none()
                    && let Some(end) = end
                {
                    self.used.set(self.used.get() + end);
                    if line.is_empty() {
                        return Ok(vm.try_new_wtf8(&rest[..end])?.into());
                    }
                    vm.extend(&mut line, &rest[..end])?;
                    return Ok(vm.try_new_wtf8(&line)?.into());
                }
                let part = &rest[..end.unwrap_or(rest.len())];
                let cut = wtf8::offset_of(part, room).unwrap_or(part.len());
                vm.extend(&mut line, &part[..cut])?;
                self.used.set(self.used.get() + cut);
                room -= wtf8::count(&part[..cut]).min(room);
                if room == 0 || end.is_some() {
                    return Ok(vm.try_new_wtf8(&line)?.into());
                }
            }
            if !self.read_chunk(vm, 0)? {
                self.forget_read();
                return Ok(vm.try_new_wtf8(&line)?.into());
            }
        }
    }

    // ---- writing ----

    fn encode(&self, vm: &Vm, text: &Ref<Str>) -> PyResult<Vec<u8>> {
        if let Some(codec) = self.native.get() {
            let errors = self.errors.borrow().clone();
            return encode_builtin(vm, BuiltinCodec::Plain(codec), text, &errors);
        }
        let Some(e) = self.encoder.get_bound() else {
            return Err(unsupported(vm, "not writable"));
        };
        let bytes = vm.call_method(&e, "encode", &[text.value()])?;
        match bytes.downcast::<Bytes>() {
            Some(b) => Ok(b.data.to_vec()),
            None => Err(vm.type_error(format!(
                "encoder should return a bytes object, not '{}'",
                vm.type_name(&bytes)
            ))),
        }
    }
    fn write_pending(&self, vm: &Vm) -> PyResult<()> {
        if self.pending.borrow().is_empty() {
            return Ok(());
        }
        let data = self.pending.take();
        let buffer = self.buffer.get();
        match buffered::exact(vm, &buffer) {
            Some(b) => b.write(vm, &buffer, &data).map(|_| ()),
            None => vm
                .call_method(&buffer, "write", &[vm.new_bytes(data)])
                .map(|_| ()),
        }
    }
    fn write(&self, vm: &Vm, text: &Ref<Str>) -> PyResult<usize> {
        if !self.writable.get() {
            return Err(unsupported(vm, "not writable"));
        }
        let bytes = text.as_bytes();
        let newline = self.newline.borrow().clone();
        let changed = match newline.as_deref() {
            Some(newline @ ("\r" | "\r\n")) if line_end(bytes).is_some() => {
                Some(vm.new_wtf8(&translated(bytes, newline)))
            }
            _ => None,
        };
        let flush = self.line_buffering.get() && memchr::memchr2(b'\n', b'\r', bytes).is_some();
        let out = changed.as_ref().unwrap_or(text);
        let plain = match self.native.get() {
            Some(Codec::Utf8) => out.to_str().map(str::as_bytes),
            Some(_) if out.is_ascii() => Some(out.as_bytes()),
            _ => None,
        };
        let encoded;
        let data = match plain {
            Some(data) => data,
            None => {
                encoded = self.encode(vm, out)?;
                &encoded[..]
            }
        };
        let chunk = self.chunk.get();
        // A write of the stream below may write here, too.
        while !self.pending.borrow().is_empty() && self.pending.borrow().len() + data.len() > chunk
        {
            self.write_pending(vm)?;
        }
        self.pending.borrow_mut().extend_from_slice(data);
        if self.pending.borrow().len() >= chunk || flush || self.write_through.get() {
            self.write_pending(vm)?;
        }
        if flush {
            self.flush_buffer(vm)?;
        }
        if self.snapshot.borrow().is_some() {
            self.forget_read();
            self.reset_decoder(vm)?;
        }
        Ok(text.char_len())
    }
    fn flush_buffer(&self, vm: &Vm) -> PyResult<()> {
        let buffer = self.buffer.get();
        match buffered::exact(vm, &buffer) {
            Some(b) if b.kind() != buffered::Kind::Reader => b.flush(vm, &buffer),
            _ => vm.call_method(&buffer, "flush", &[]).map(|_| ()),
        }
    }

    // ---- seeking ----

    fn tell(&self, vm: &Vm, v: &Value) -> PyResult<Value> {
        if !self.seekable.get() {
            return Err(unsupported(vm, "underlying stream is not seekable"));
        }
        if !self.telling.get() {
            return Err(
                vm.new_exception(&vm.exc.os_error, "telling position disabled by next() call")
            );
        }
        self.write_pending(vm)?;
        vm.call_method(v, "flush", &[])?;
        let at = vm.call_method(&self.buffer.get(), "tell", &[])?;
        let snapshot = self.snapshot.take();
        let Some(snapshot) = snapshot.filter(|_| self.readable.get()) else {
            return Ok(at);
        };
        let start = vm.to_i64(&at)? - snapshot.input.len() as i64;
        let skip = {
            let decoded = self.decoded.borrow();
            wtf8::count(&decoded[..self.used.get()])
        };
        let r = match skip {
            0 => Ok(cookie(vm, start, snapshot.flags, 0, 0, false)),
            _ => self.place(vm, &snapshot, start, skip),
        };
        self.snapshot.replace(Some(snapshot));
        r
    }
    /// The cookie of the place `skip` characters into what a snapshot decodes to.
    fn place(&self, vm: &Vm, s: &Snapshot, start: i64, skip: usize) -> PyResult<Value> {
        if let Some(n) = self.bytes_of(s, skip) {
            return Ok(cookie(vm, start + n as i64, 0, 0, 0, false));
        }
        let now = self.decoder_state(vm)?;
        let r = (|| {
            self.set_decoder_state(vm, &[], s.flags, start == 0)?;
            // The last place where the decoder kept nothing back.
            let (mut safe, mut safe_chars, mut flags) = (0, 0, s.flags);
            let (mut fed, mut chars) = (0, 0);
            let mut at_end = false;
            while chars < skip {
                if fed == s.input.len() {
                    chars += wtf8::count(&self.decode(vm, Vec::new(), true)?);
                    at_end = true;
                    if chars < skip {
                        return Err(vm.new_exception(
                            &vm.exc.os_error,
                            "can't reconstruct logical file position",
                        ));
                    }
                    break;
                }
                chars += wtf8::count(&self.decode(vm, vec![s.input[fed]], false)?);
                fed += 1;
                let (held, now) = self.decoder_state(vm)?;
                if held.is_empty() && chars <= skip {
                    (safe, safe_chars, flags) = (fed, chars, now);
                }
            }
            Ok(cookie(
                vm,
                start + safe as i64,
                flags,
                fed - safe,
                skip - safe_chars,
                at_end,
            ))
        })();
        self.set_decoder_state(vm, &now.0, now.1, false)?;
        r
    }
    /// How many bytes the first characters of a snapshot took, where that can be seen from the bytes.
    fn bytes_of(&self, s: &Snapshot, skip: usize) -> Option<usize> {
        let valid = match self.native.get()? {
            Codec::Utf8 => std::str::from_utf8(&s.input).is_ok(),
            Codec::Ascii => s.input.is_ascii(),
            _ => return None,
        };
        let newlines = self.universal() && memchr::memchr(b'\r', &s.input).is_some();
        if !valid || newlines || s.flags != 0 {
            return None;
        }
        wtf8::offset_of(&s.input, skip)
    }
    fn seek(&self, vm: &Vm, v: &Value, target: &Value, how: i64) -> PyResult<Value> {
        if !self.seekable.get() {
            return Err(unsupported(vm, "underlying stream is not seekable"));
        }
        let buffer = self.buffer.get();
        let zero = vm.eq(target, &Value::small_int(0))?;
        let target = match how {
            1 if !zero => return Err(unsupported(vm, "can't do nonzero cur-relative seeks")),
            // The position is made sure of, since reading on forgets what was decoded.
            1 => self.tell(vm, v)?,
            2 if !zero => return Err(unsupported(vm, "can't do nonzero end-relative seeks")),
            2 => {
                vm.call_method(v, "flush", &[])?;
                self.forget_read();
                self.reset_decoder(vm)?;
                let end = vm.call_method(&buffer, "seek", &[vm.new_int(0), vm.new_int(2)])?;
                self.place_encoder(vm, vm.to_i64(&end)? == 0)?;
                return Ok(end);
            }
            0 => target.clone(),
            _ => {
                return Err(vm.value_error(format!("invalid whence ({how}, should be 0, 1 or 2)")));
            }
        };
        let number = vm.to_bigint(&target)?;
        if number < IBig::ZERO {
            return Err(vm.value_error(format!(
                "negative seek position {}",
                vm.repr_string(&target)?
            )));
        }
        vm.call_method(v, "flush", &[])?;
        let c = Cookie::read(vm, &number)?;
        vm.call_method(&buffer, "seek", &[vm.new_int(c.start)])?;
        self.forget_read();
        if self.readable.get() {
            self.set_decoder_state(vm, &[], c.flags, c.start == 0)?;
        }
        if c.skip > 0 {
            self.check_readable(vm)?;
            let input = vm.call_method(&buffer, "read", &[vm.new_int(c.feed)])?;
            let input = bytes_arg(vm, &input)?;
            self.snapshot.replace(Some(Snapshot {
                flags: c.flags,
                input: input.clone(),
            }));
            let text = self.decode(vm, input, c.at_end)?;
            self.set_decoded(text);
            if self.take(c.skip as usize, &mut Vec::new()) < c.skip as usize {
                return Err(
                    vm.new_exception(&vm.exc.os_error, "can't restore logical file position")
                );
            }
        } else {
            self.snapshot.replace(Some(Snapshot {
                flags: c.flags,
                input: Vec::new(),
            }));
        }
        self.place_encoder(vm, c.start == 0 && c.flags == 0)?;
        Ok(target)
    }
    /// An encoder that writes a byte order mark does so only at the start.
    fn place_encoder(&self, vm: &Vm, at_start: bool) -> PyResult<()> {
        let Some(e) = self.encoder.get_bound() else {
            return Ok(());
        };
        match at_start {
            true => vm.call_method(&e, "reset", &[]),
            false => vm.call_method(&e, "setstate", &[vm.new_int(0)]),
        }
        .map(|_| ())
    }

    // ---- making ----

    fn set_codec(&self, vm: &Vm, encoding: &Value, errors: &str) -> PyResult<()> {
        let name = text_of(encoding).unwrap_or_default();
        self.decoder.set(Value::UNBOUND);
        self.encoder.set(Value::UNBOUND);
        self.native.set(match BuiltinCodec::from_name(&name) {
            Some(BuiltinCodec::Plain(c @ (Codec::Utf8 | Codec::Ascii | Codec::Latin1))) => Some(c),
            _ => None,
        });
        self.errors.replace(errors.to_owned());
        self.encoding.set(encoding.clone());
        if self.native.get().is_some() {
            return Ok(());
        }
        let codecs = vm.import("codecs")?;
        let info = vm.call_method(&codecs, "lookup", std::slice::from_ref(encoding))?;
        let is_text = vm.lookup_attr(&info, &vm.intern("_is_text_encoding"))?;
        if let Some(is_text) = is_text
            && !vm.is_true(&is_text)?
        {
            return Err(vm.new_exception(
                &vm.exc.lookup_error,
                format!(
                    "'{name}' is not a text encoding; use codecs.open() to handle arbitrary codecs"
                ),
            ));
        }
        let errors = vm.str_value(errors);
        if self.readable.get() {
            let make = vm.getattr_str(&info, "incrementaldecoder")?;
            self.decoder
                .set(vm.call(&make, std::slice::from_ref(&errors))?);
        }
        if self.writable.get() {
            let make = vm.getattr_str(&info, "incrementalencoder")?;
            self.encoder
                .set(vm.call(&make, std::slice::from_ref(&errors))?);
        }
        Ok(())
    }
    /// What was written before goes on: no second byte order mark.
    fn continue_encoder(&self, vm: &Vm) -> PyResult<()> {
        if !self.seekable.get() || self.encoder.is_unbound() {
            return Ok(());
        }
        let at = vm.call_method(&self.buffer.get(), "tell", &[])?;
        match vm.to_i64(&at)? {
            0 => Ok(()),
            _ => self.place_encoder(vm, false),
        }
    }
    fn set_newline(&self, newline: Option<String>) {
        self.newlines.translate.set(newline.is_none());
        self.newline.replace(newline);
    }
}

/// The parts of a position.
struct Cookie {
    start: i64,
    flags: u64,
    feed: i64,
    skip: i64,
    at_end: bool,
}

fn cookie(vm: &Vm, start: i64, flags: u64, feed: usize, skip: usize, at_end: bool) -> Value {
    if flags == 0 && feed == 0 && skip == 0 && !at_end {
        return vm.new_int(start);
    }
    let parts = [
        IBig::from(start),
        IBig::from(flags) << 64,
        IBig::from(feed) << 128,
        IBig::from(skip) << 192,
        IBig::from(u8::from(at_end)) << 256,
    ];
    vm.new_bigint(parts.into_iter().fold(IBig::ZERO, |a, b| a + b))
}

impl Cookie {
    fn read(vm: &Vm, number: &IBig) -> PyResult<Cookie> {
        let part = |n: usize| -> PyResult<u64> {
            let low: IBig = (number >> n) & IBig::from(u64::MAX);
            u64::try_from(&low).map_err(|_| vm.overflow_error("cookie too large"))
        };
        let signed = |n: u64| {
            i64::try_from(n)
                .map_err(|_| vm.overflow_error("Python int too large to convert to C long"))
        };
        Ok(Cookie {
            start: signed(part(0)?)?,
            flags: part(64)?,
            feed: signed(part(128)?)?,
            skip: signed(part(192)?)?,
            at_end: part(256)? & 0xff != 0,
        })
    }
}

fn text_or_none(vm: &Vm, v: Option<&Value>, func: &str, name: &str) -> PyResult<Option<Value>> {
    match v {
        None => Ok(None),
        Some(v) if v.is_none() => Ok(None),
        Some(v) if v.downcast::<Str>().is_some() => {
            if let Some(s) = v.as_ref::<Str>() {
                if func != "reconfigure" && s.as_bytes().contains(&0) {
                    return Err(vm.value_error("embedded null character"));
                }
                // A name is UTF-8, or this tells why not.
                encode_builtin(vm, BuiltinCodec::Plain(Codec::Utf8), s, "strict")?;
            }
            Ok(Some(v.clone()))
        }
        Some(v) => Err(vm.type_error(format!(
            "{func}() argument '{name}' must be str or None, not {}",
            vm.type_name(v)
        ))),
    }
}

fn init(vm: &Vm, v: &Value, a: Args) -> PyResult<()> {
    let names = [
        "buffer",
        "encoding",
        "errors",
        "newline",
        "line_buffering",
        "write_through",
    ];
    let [
        buffer,
        encoding,
        errors,
        newline,
        line_buffering,
        write_through,
    ] = a.bind(vm, "TextIOWrapper", names, 1)?;
    let t = vm.this::<TextIo>(v)?;
    t.state.set(State::New);
    let buffer = buffer.cloned().unwrap_or(Value::NONE);
    let encoding = text_or_none(vm, encoding, "TextIOWrapper", "encoding")?;
    if encoding.is_none() {
        super::open::warn_default(vm, 1)?;
    }
    let encoding = encoding
        .filter(|e| text_of(e).as_deref() != Some("locale"))
        .unwrap_or_else(|| vm.str_value("utf-8"));
    let errors = text_or_none(vm, errors, "TextIOWrapper", "errors")?;
    if let Some(errors) = &errors
        && vm.flags.dev_mode
    {
        let codecs = vm.import("codecs")?;
        vm.call_method(&codecs, "lookup_error", std::slice::from_ref(errors))?;
    }
    let errors = errors.and_then(|e| text_of(&e)).unwrap_or("strict".into());
    if let Some(n) = newline
        && !n.is_none()
        && n.downcast::<Str>().is_none()
    {
        return Err(vm.type_error(format!(
            "TextIOWrapper() argument 'newline' must be str or None, not {}",
            vm.type_name(n)
        )));
    }
    let newline = newline_arg(vm, newline)?;
    let flag = |f: Option<&Value>| f.map_or(Ok(false), |f| vm.is_true(f));
    t.line_buffering.set(flag(line_buffering)?);
    t.write_through.set(flag(write_through)?);
    t.set_newline(newline);
    t.newlines.reset();
    t.held.borrow_mut().clear();
    t.pending.borrow_mut().clear();
    t.forget_read();
    let file = buffered::exact(vm, &buffer)
        .and_then(|b| b.with_file(vm, |f| f.is_seekable(vm)))
        .transpose();
    let kind = buffered::exact(vm, &buffer).map(|b| b.kind());
    t.readable.set(match kind {
        Some(kind) => kind != buffered::Kind::Writer,
        None => truth(vm, &buffer, "readable")?,
    });
    t.writable.set(match kind {
        Some(kind) => kind != buffered::Kind::Reader,
        None => truth(vm, &buffer, "writable")?,
    });
    t.buffer.set(buffer.clone());
    t.set_codec(vm, &encoding, &errors)?;
    let seekable = match file {
        Ok(Some(known)) => known,
        _ => truth(vm, &buffer, "seekable")?,
    };
    t.seekable.set(seekable);
    t.telling.set(seekable);
    t.has_read1
        .set(vm.lookup_attr(&buffer, &vm.intern("read1"))?.is_some());
    t.continue_encoder(vm)?;
    t.state.set(State::Ready);
    Ok(())
}

fn reconfigure(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let names = [
        "*encoding",
        "errors",
        "newline",
        "line_buffering",
        "write_through",
    ];
    let [encoding, errors, newline, line_buffering, write_through] =
        a.bind(vm, "reconfigure", names, 0)?;
    let t = attached(vm, v)?;
    let recode = [encoding, errors]
        .iter()
        .any(|x| x.is_some_and(|x| !x.is_none()));
    if (recode || newline.is_some())
        && (t.snapshot.borrow().is_some() || !t.decoded.borrow().is_empty())
    {
        return Err(unsupported(
            vm,
            "It is not possible to set the encoding or newline of stream after the first read",
        ));
    }
    let encoding = text_or_none(vm, encoding, "reconfigure", "encoding")?;
    let errors = text_or_none(vm, errors, "reconfigure", "errors")?;
    let new_newline = newline.map(|n| newline_arg(vm, Some(n))).transpose()?;
    let flag = |f: Option<&Value>, now: bool| match f {
        Some(f) if !f.is_none() => vm.is_true(f),
        _ => Ok(now),
    };
    let line_buffering = flag(line_buffering, t.line_buffering.get())?;
    let write_through = flag(write_through, t.write_through.get())?;
    vm.call_method(v, "flush", &[])?;
    if let Some(n) = new_newline {
        t.set_newline(n);
    }
    if recode {
        let errors = match (&errors, &encoding) {
            (Some(e), _) => text_of(e).unwrap_or_default(),
            // A new encoding begins with its own handling of errors.
            (None, Some(_)) => "strict".into(),
            (None, None) => t.errors.borrow().clone(),
        };
        let encoding = encoding
            .filter(|e| text_of(e).as_deref() != Some("locale"))
            .unwrap_or_else(|| t.encoding.get());
        t.set_codec(vm, &encoding, &errors)?;
        t.continue_encoder(vm)?;
    }
    t.line_buffering.set(line_buffering);
    t.write_through.set(write_through);
    Ok(Value::NONE)
}

fn repr(vm: &Vm, v: &Value) -> PyResult<Value> {
    let t = vm.this::<TextIo>(v)?;
    if t.state.get() == State::New {
        attached(vm, v)?;
    }
    let mut out = format!("<{}", vm.type_full_name(vm.type_of(v)));
    if let Some(name) = fileio::shown_name(vm, v)? {
        out += &format!(" name={name}");
    }
    if let Some(mode) = vm.lookup_attr(v, &vm.intern("mode"))? {
        out += &format!(" mode={}", vm.repr_string(&mode)?);
    }
    out += &format!(" encoding={}>", vm.repr_string(&t.encoding.get())?);
    Ok(vm.str_value(&out))
}

pub(super) fn make(vm: &Vm, base: &Ref<Type>) -> Ref<Type> {
    let t = vm.new_native_type::<TextIo>(
        "_io.TextIOWrapper",
        base,
        base::FLAGS | TypeFlags::TEXT_STREAM,
    );
    t.slots.new.set(Some(|vm, class, _| {
        let t = TextIo {
            buffer: Slot::empty(),
            state: Cell::new(State::New),
            encoding: Slot::new(Value::NONE),
            errors: RefCell::default(),
            mode: Slot::empty(),
            line_buffering: Cell::new(false),
            write_through: Cell::new(false),
            newline: RefCell::default(),
            newlines: Newlines::default(),
            native: Cell::new(None),
            decoder: Slot::empty(),
            encoder: Slot::empty(),
            readable: Cell::new(false),
            writable: Cell::new(false),
            seekable: Cell::new(false),
            telling: Cell::new(false),
            has_read1: Cell::new(false),
            held: RefCell::default(),
            decoded: RefCell::default(),
            used: Cell::new(0),
            snapshot: RefCell::default(),
            pending: RefCell::default(),
            chunk: Cell::new(DEFAULT_CHUNK_BYTES),
        };
        Ok(vm.heap.alloc(class, t).into())
    }));
    t.slots.init.set(Some(init));
    t.slots.repr.set(Some(repr));
    t.slots.next.set(Some(next));
    methods(vm, &t);
    asking(vm, &t);
    attributes(vm, &t);
    vm.ready_type(&t);
    t
}

fn next(vm: &Vm, v: &Value) -> PyResult<Option<Value>> {
    let t = attached(vm, v)?;
    t.telling.set(false);
    let line = match is_native(vm, v) {
        true => {
            open(vm, v)?;
            t.readline(vm, None)?
        }
        false => {
            let line = vm.call_method(v, "readline", &[])?;
            if line.downcast::<Str>().is_none() {
                return Err(vm.new_exception(
                    &vm.exc.os_error,
                    format!(
                        "readline() should have returned a str object, not '{}'",
                        vm.type_name(&line)
                    ),
                ));
            }
            line
        }
    };
    if vm.len(&line)? > 0 {
        return Ok(Some(line));
    }
    t.snapshot.replace(None);
    t.telling.set(t.seekable.get());
    Ok(None)
}

fn methods(vm: &Vm, t: &Ref<Type>) {
    vm.add_methods(t, METHODS);
}

lasti_core::methods! { METHODS =
    "detach" "detach($self, /)\n--\n\n" detach;
    "reconfigure" "reconfigure($self, /, *, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None)\n--\n\n" reconfigure;
    "write" "write($self, text, /)\n--\n\n" write_method;
    "read" "read($self, size=-1, /)\n--\n\n" read_method;
    "readline" "readline($self, size=-1, /)\n--\n\n" readline_method;
    "flush" "flush($self, /)\n--\n\n" flush;
    "close" "close($self, /)\n--\n\n" close;
    "seek" "seek($self, cookie, whence=0, /)\n--\n\n" seek_method;
    "tell" "tell($self, /)\n--\n\n" tell_method;
    "truncate" "truncate($self, pos=None, /)\n--\n\n" truncate;
    "_dealloc_warn" "_dealloc_warn($self, source, /)\n--\n\n" dealloc_warn;
    "__getstate__" "__getstate__($self, /)\n--\n\n" |vm, v, _| Err(cannot_pickle(vm, v));
}

fn detach(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let t = attached(vm, v)?;
    vm.call_method(v, "flush", &[])?;
    t.state.set(State::Detached);
    Ok(t.buffer.take())
}

fn write_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [x] = a.exactly::<1>(vm, "write")?;
    let t = attached(vm, v)?;
    let Some(s) = x.as_ref::<Str>() else {
        return Err(vm.type_error(format!(
            "write() argument must be str, not {}",
            vm.type_name(x)
        )));
    };
    open(vm, v)?;
    Ok(vm.new_int(t.write(vm, s)? as i64))
}

fn read_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let n = a.between(vm, "read", 0, 1)?.first();
    attached(vm, v)?;
    let n = size_arg(vm, n)?;
    open(vm, v)?.read(vm, n)
}

fn readline_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let n = a.between(vm, "readline", 0, 1)?.first();
    attached(vm, v)?;
    let n = size_arg(vm, n)?;
    open(vm, v)?.readline(vm, n)
}

fn flush(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let t = open(vm, v)?;
    t.telling.set(t.seekable.get());
    t.write_pending(vm)?;
    t.flush_buffer(vm)?;
    Ok(Value::NONE)
}

fn close(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    let t = attached(vm, v)?;
    let buffer = t.buffer.get();
    if base::is_closed(vm, v)? {
        return Ok(Value::NONE);
    }
    let flushed = vm.call_method(v, "flush", &[]);
    both(vm, flushed, || {
        vm.call_method(&buffer, "close", &[]).map(|_| ())
    })?;
    Ok(Value::NONE)
}

fn seek_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "seek", 1, 2)?;
    let how = pos.get(1).map_or(Ok(0), |h| vm.to_i64(h))?;
    open(vm, v)?.seek(vm, v, &pos[0], how)
}

fn tell_method(vm: &Vm, v: &Value, _: Args) -> PyResult<Value> {
    open(vm, v)?.tell(vm, v)
}

fn truncate(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "truncate", 0, 1)?.first();
    let t = attached(vm, v)?;
    vm.call_method(v, "flush", &[])?;
    let pos = pos.cloned().unwrap_or(Value::NONE);
    vm.call_method(&t.buffer.get(), "truncate", &[pos])
}

fn dealloc_warn(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [source] = a.exactly::<1>(vm, "_dealloc_warn")?;
    let t = vm.this::<TextIo>(v)?;
    let name = vm.intern("_dealloc_warn");
    if let Some(buffer) = t.buffer.get_bound()
        && let Some(warn) = vm.lookup_attr(&buffer, &name)?
    {
        vm.call(&warn, std::slice::from_ref(source))?;
    }
    Ok(Value::NONE)
}

fn asking(vm: &Vm, t: &Ref<Type>) {
    macro_rules! ask_buffer {
        ($($name:literal),*) => {$(
            vm.method(t, $name, concat!($name, "($self, /)\n--\n\n"), |vm, v, _| {
                let buffer = attached(vm, v)?.buffer.get();
                vm.call_method(&buffer, $name, &[])
            });
        )*};
    }
    ask_buffer!("fileno", "isatty", "seekable", "readable", "writable");
}

fn attributes(vm: &Vm, t: &Ref<Type>) {
    macro_rules! of_buffer {
        ($($name:literal),*) => {$(
            vm.getset(t, $name, |vm, v| {
                let buffer = attached(vm, v)?.buffer.get();
                vm.getattr_str(&buffer, $name)
            }, None);
        )*};
    }
    of_buffer!("name", "closed");
    vm.getset(
        t,
        "encoding",
        |vm, v| Ok(vm.this::<TextIo>(v)?.encoding.get()),
        None,
    );
    vm.getset(
        t,
        "errors",
        |vm, v| Ok(vm.str_value(&vm.this::<TextIo>(v)?.errors.borrow())),
        None,
    );
    vm.getset(
        t,
        "buffer",
        |vm, v| {
            let t = vm.this::<TextIo>(v)?;
            match t.state.get() {
                State::Detached => Ok(Value::NONE),
                _ => Ok(attached(vm, v)?.buffer.get()),
            }
        },
        None,
    );
    vm.getset(
        t,
        "newlines",
        |vm, v| {
            let t = attached(vm, v)?;
            Ok(match t.universal() {
                true => t.newlines.shown(vm),
                false => Value::NONE,
            })
        },
        None,
    );
    vm.getset(
        t,
        "line_buffering",
        |vm, v| Ok(Value::bool(vm.this::<TextIo>(v)?.line_buffering.get())),
        None,
    );
    vm.getset(
        t,
        "write_through",
        |vm, v| Ok(Value::bool(vm.this::<TextIo>(v)?.write_through.get())),
        None,
    );
    vm.getset(
        t,
        "mode",
        |vm, v| {
            let mode = vm.this::<TextIo>(v)?.mode.get_bound();
            mode.ok_or_else(|| vm.no_attribute(v, &vm.intern("mode")))
        },
        Some(|vm, v, x| {
            let mode = x.cloned().unwrap_or(Value::UNBOUND);
            vm.this::<TextIo>(v)?.mode.set(mode);
            Ok(())
        }),
    );
    vm.getset(
        t,
        "_CHUNK_SIZE",
        |vm, v| Ok(vm.new_int(attached(vm, v)?.chunk.get() as i64)),
        Some(|vm, v, x| {
            let t = attached(vm, v)?;
            let Some(x) = x else {
                return Err(vm.new_exception(&vm.exc.attribute_error, "cannot delete attribute"));
            };
            match usize::try_from(vm.to_i64(x)?) {
                Ok(n) if n > 0 => t.chunk.set(n),
                _ => return Err(vm.value_error("a strictly positive integer is required")),
            }
            Ok(())
        }),
    );
}
