//! `zlib` (CPython's Modules/zlibmodule.c) over miniz_oxide, which does raw deflate. Headers, check sums and preset
//! dictionaries are done here, for all of the three formats.
use crate::binascii::crc32;
use crate::util::*;
use miniz_oxide::deflate::core::{CompressionStrategy, CompressorOxide};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use miniz_oxide::{DataFormat, MZFlush};

/// How far back deflate may refer.
const WINDOW: usize = 32 * 1024;
/// Output made in one go.
const OUTPUT_STEP_BYTES: usize = 64 * 1024;

const ERROR: &str = "zlib.error";

fn error(vm: &Vm, msg: impl AsRef<str>) -> Exc {
    module_error(vm, ERROR, &vm.exc.exception, msg)
}

fn adler32(data: &[u8], start: u32) -> u32 {
    let (mut a, mut b) = (start & 0xFFFF, start >> 16);
    // The sums stay below 2^32 for this many bytes.
    for part in data.chunks(5552) {
        for x in part {
            a += *x as u32;
            b += a;
        }
        a %= 65521;
        b %= 65521;
    }
    b << 16 | a
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Raw,
    Zlib,
    Gzip,
    /// zlib or gzip, as the first bytes say (decompression only).
    Either,
}

/// Format and window of a `wbits` argument; none when it is out of range.
fn format_of(wbits: i64, reading: bool) -> Option<(Format, u8)> {
    Some(match wbits {
        -15..=-8 => (Format::Raw, -wbits as u8),
        0 if reading => (Format::Zlib, 15),
        8..=15 => (Format::Zlib, wbits as u8),
        16 if reading => (Format::Gzip, 15),
        24..=31 => (Format::Gzip, (wbits - 16) as u8),
        32 if reading => (Format::Either, 15),
        40..=47 if reading => (Format::Either, (wbits - 32) as u8),
        _ => return None,
    })
}

// ---- compression ----

#[derive(Clone)]
struct Deflater {
    format: Format,
    raw: Box<CompressorOxide>,
    /// What goes out first.
    header: Vec<u8>,
    check: u32,
    length: u32,
    done: bool,
}

impl Deflater {
    /// None when an argument is out of range.
    fn new(level: i64, wbits: i64, strategy: i64, dictionary: Option<&[u8]>) -> Option<Deflater> {
        let (format, window) = format_of(wbits, false)?;
        let level = match level {
            -1 => 6,
            0..=9 => level as u8,
            _ => return None,
        };
        let strategy = match strategy {
            0 => CompressionStrategy::Default,
            1 => CompressionStrategy::Filtered,
            2 => CompressionStrategy::HuffmanOnly,
            3 => CompressionStrategy::RLE,
            4 => CompressionStrategy::Fixed,
            _ => return None,
        };
        let header = match format {
            Format::Zlib => {
                let window = window.max(9);
                let speed = match level {
                    0 | 1 => 0,
                    2..=5 => 1,
                    6 => 2,
                    _ => 3,
                };
                // The reader is told of a preset dictionary, though no use is made of it.
                let preset = (dictionary.is_some() as u16) << 5;
                let mut head = ((window as u16 - 8) << 4 | 8) << 8 | speed << 6 | preset;
                head += 31 - head % 31;
                let mut out = head.to_be_bytes().to_vec();
                if let Some(d) = dictionary {
                    out.extend(adler32(d, 1).to_be_bytes());
                }
                out
            }
            Format::Gzip => {
                let extra = match level {
                    9 => 2,
                    1 => 4,
                    _ => 0,
                };
                vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, extra, 3]
            }
            _ => Vec::new(),
        };
        let raw = CompressorOxide::with_params(DataFormat::Raw, level, strategy, window.max(9));
        Some(Deflater {
            format,
            raw: Box::new(raw),
            header,
            check: (format == Format::Zlib) as u32,
            length: 0,
            done: false,
        })
    }

    fn write(&mut self, data: &[u8], flush: MZFlush, out: &mut Vec<u8>) {
        out.append(&mut self.header);
        match self.format {
            Format::Zlib => self.check = adler32(data, self.check),
            Format::Gzip => self.check = crc32(data, self.check),
            _ => {}
        }
        self.length = self.length.wrapping_add(data.len() as u32);
        let mut rest = data;
        let mut buffer = vec![0; OUTPUT_STEP_BYTES.min(data.len() / 2 + 256)];
        loop {
            let r = deflate(&mut self.raw, rest, &mut buffer, flush);
            rest = &rest[r.bytes_consumed..];
            out.extend_from_slice(&buffer[..r.bytes_written]);
            let full = r.bytes_written == buffer.len();
            if r.status.is_err() || !full && rest.is_empty() {
                break;
            }
        }
        if flush == MZFlush::Finish {
            self.done = true;
            match self.format {
                Format::Zlib => out.extend(self.check.to_be_bytes()),
                Format::Gzip => {
                    out.extend(self.check.to_le_bytes());
                    out.extend(self.length.to_le_bytes());
                }
                _ => {}
            }
        }
    }
}

// ---- decompression ----

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Header,
    Body,
    Trailer,
    Done,
}

#[derive(Clone)]
struct Inflater {
    format: Format,
    window: u8,
    stage: Stage,
    raw: Box<DecompressorOxide>,
    /// Bytes of an unfinished header or trailer.
    held: Vec<u8>,
    /// The last output, for references back into it.
    history: Vec<u8>,
    dictionary: Option<Vec<u8>>,
    check: u32,
    length: u32,
}

/// zlib's code for a lack of memory.
const NO_MEMORY: i32 = -4;

/// Why a stream cannot be read: zlib's code and words.
struct Bad(i32, &'static str);

impl Inflater {
    fn new(wbits: i64, dictionary: Option<Vec<u8>>) -> Option<Inflater> {
        let (format, window) = format_of(wbits, true)?;
        let raw = format == Format::Raw;
        Some(Inflater {
            format,
            window,
            stage: if raw { Stage::Body } else { Stage::Header },
            raw: Box::default(),
            held: Vec::new(),
            history: match &dictionary {
                Some(d) if raw => d[d.len().saturating_sub(WINDOW)..].to_vec(),
                _ => Vec::new(),
            },
            dictionary,
            check: 0,
            length: 0,
        })
    }

    /// Reads from `input`, to at most `limit` bytes of output; how many bytes it took.
    fn read(&mut self, input: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<usize, Bad> {
        let mut at = 0;
        while self.stage == Stage::Header && at < input.len() {
            self.held.push(input[at]);
            at += 1;
            self.try_header()?;
        }
        if self.stage == Stage::Body {
            at += self.body(&input[at..], limit, out)?;
        }
        while self.stage == Stage::Trailer {
            let wanted = match self.format {
                Format::Zlib => 4,
                Format::Gzip => 8,
                _ => 0,
            };
            if self.held.len() == wanted {
                self.check_trailer()?;
                self.stage = Stage::Done;
            } else if at < input.len() {
                self.held.push(input[at]);
                at += 1;
            } else {
                break;
            }
        }
        Ok(at)
    }

    fn try_header(&mut self) -> Result<(), Bad> {
        let h = &self.held;
        if h.len() < 2 {
            return Ok(());
        }
        let gzip = h[0] == 0x1F && h[1] == 0x8B;
        if self.format == Format::Either {
            self.format = if gzip { Format::Gzip } else { Format::Zlib };
        }
        let complete = if self.format == Format::Gzip {
            if !gzip {
                return Err(Bad(-3, "incorrect header check"));
            }
            if h.len() > 2 && h[2] != 8 {
                return Err(Bad(-3, "unknown compression method"));
            }
            if h.len() > 3 && h[3] & 0xE0 != 0 {
                return Err(Bad(-3, "unknown header flags set"));
            }
            gzip_header_end(h)
        } else {
            self.zlib_header()?
        };
        if complete {
            self.held.clear();
            self.check = (self.format == Format::Zlib) as u32;
            self.stage = Stage::Body;
        }
        Ok(())
    }

    fn zlib_header(&mut self) -> Result<bool, Bad> {
        let h = &self.held;
        if !u16::from_be_bytes([h[0], h[1]]).is_multiple_of(31) {
            return Err(Bad(-3, "incorrect header check"));
        }
        if h[0] & 15 != 8 {
            return Err(Bad(-3, "unknown compression method"));
        }
        if (h[0] >> 4) + 8 > self.window {
            return Err(Bad(-3, "invalid window size"));
        }
        if h[1] & 0x20 == 0 {
            return Ok(true);
        }
        let [_, _, a, b, c, d] = h[..] else {
            return Ok(false);
        };
        let Some(dictionary) = &self.dictionary else {
            return Err(Bad(2, ""));
        };
        if adler32(dictionary, 1) != u32::from_be_bytes([a, b, c, d]) {
            return Err(Bad(-3, "set dictionary"));
        }
        let from = dictionary.len().saturating_sub(WINDOW);
        self.history = dictionary[from..].to_vec();
        Ok(true)
    }

    fn body(&mut self, input: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<usize, Bad> {
        use inflate_flags::*;
        let flags = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let mut at = 0;
        let mut given = 0;
        loop {
            // The window, and room behind it.
            let room = OUTPUT_STEP_BYTES
                .min(limit - given)
                .min((input.len() - at) * 16 + 512);
            let start = self.history.len();
            self.history.resize(start + room, 0);
            let (status, taken, made) =
                decompress(&mut self.raw, &input[at..], &mut self.history, start, flags);
            at += taken;
            given += made;
            self.history.truncate(start + made);
            let new = &self.history[start..];
            match self.format {
                Format::Zlib => self.check = adler32(new, self.check),
                Format::Gzip => self.check = crc32(new, self.check),
                _ => {}
            }
            self.length = self.length.wrapping_add(made as u32);
            if out.capacity() - out.len() < new.len() && out.try_reserve(new.len()).is_err() {
                return Err(Bad(NO_MEMORY, ""));
            }
            out.extend_from_slice(new);
            let old = self.history.len().saturating_sub(WINDOW);
            self.history.drain(..old);
            match status {
                TINFLStatus::Done => {
                    self.stage = Stage::Trailer;
                    return Ok(at);
                }
                TINFLStatus::HasMoreOutput if given < limit => {}
                TINFLStatus::HasMoreOutput => return Ok(at),
                TINFLStatus::NeedsMoreInput | TINFLStatus::FailedCannotMakeProgress => {
                    return Ok(at);
                }
                _ => return Err(Bad(-3, "invalid deflate data")),
            }
        }
    }

    fn check_trailer(&mut self) -> Result<(), Bad> {
        let h = std::mem::take(&mut self.held);
        match (self.format, &h[..]) {
            (Format::Zlib, &[a, b, c, d]) if u32::from_be_bytes([a, b, c, d]) != self.check => {
                Err(Bad(-3, "incorrect data check"))
            }
            (Format::Gzip, &[a, b, c, d, e, f, g, h]) => {
                if u32::from_le_bytes([a, b, c, d]) != self.check {
                    Err(Bad(-3, "incorrect data check"))
                } else if u32::from_le_bytes([e, f, g, h]) != self.length {
                    Err(Bad(-3, "incorrect length check"))
                } else {
                    Ok(())
                }
            }
            _ => Ok(()),
        }
    }
}

/// Whether all of a gzip header is there (RFC 1952).
fn gzip_header_end(h: &[u8]) -> bool {
    if h.len() < 10 {
        return false;
    }
    let flags = h[3];
    let mut at = 10;
    if flags & 4 != 0 {
        let Some(n) = h.get(at..at + 2) else {
            return false;
        };
        at += 2 + u16::from_le_bytes([n[0], n[1]]) as usize;
    }
    for bit in [8, 16] {
        if flags & bit != 0 {
            match h.get(at..).and_then(|r| r.iter().position(|b| *b == 0)) {
                Some(n) => at += n + 1,
                None => return false,
            }
        }
    }
    if flags & 2 != 0 {
        at += 2;
    }
    h.len() >= at
}

// ---- the objects ----

struct Compress(RefCell<Deflater>);
impl Payload for Compress {
    const NAME: &'static str = "zlib.Compress";
}

struct Decompress {
    stream: RefCell<Inflater>,
    unused: RefCell<Vec<u8>>,
    tail: RefCell<Vec<u8>>,
}
impl Payload for Decompress {
    const NAME: &'static str = "zlib.Decompress";
}

/// `_ZlibDecompressor`: keeps what it has not read yet.
struct Decompressor {
    stream: RefCell<Inflater>,
    waiting: RefCell<Vec<u8>>,
    needs_input: Cell<bool>,
}
impl Payload for Decompressor {
    const NAME: &'static str = "zlib._ZlibDecompressor";
}

struct Types {
    compress: Ref<Type>,
    decompress: Ref<Type>,
}

fn int_or(vm: &Vm, v: Option<&Value>, default: i64) -> PyResult<i64> {
    v.map_or(Ok(default), |v| vm.to_c_int(v).map(i64::from))
}

/// A number of bytes.
fn size_or(vm: &Vm, v: Option<&Value>, default: i64) -> PyResult<i64> {
    v.map_or(Ok(default), |v| vm.to_i64(v))
}

fn dictionary(vm: &Vm, v: Option<&Value>) -> PyResult<Option<Vec<u8>>> {
    match v {
        Some(v) if !v.is_none() => match vm.buffer(v) {
            Ok(b) => Ok(Some(b)),
            Err(_) => Err(vm.type_error("zdict argument must support the buffer protocol")),
        },
        _ => Ok(None),
    }
}

fn failed(vm: &Vm, doing: &str, bad: Bad) -> Exc {
    let Bad(code, words) = bad;
    if code == NO_MEMORY {
        return vm.memory_error();
    }
    if words == "set dictionary" {
        return error(vm, "Error -3 while setting zdict: invalid input data");
    }
    let colon = if words.is_empty() { "" } else { ": " };
    error(vm, format!("Error {code} while {doing}{colon}{words}"))
}

fn positive(vm: &Vm, n: i64, what: &str) -> PyResult<usize> {
    match n {
        0 => Ok(usize::MAX),
        n if n > 0 => Ok(n as usize),
        _ => Err(vm.value_error(format!("{what} must be non-negative"))),
    }
}

/// Memory for what a stream becomes that cannot be made smaller.
fn room_to_compress(vm: &Vm, data: &[u8]) -> PyResult<()> {
    vm.room(
        data.len()
            .saturating_add(data.len() / 1000 + OUTPUT_STEP_BYTES)
            .saturating_mul(3),
    )
}

fn compress(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [data, level, wbits] = a.bind(vm, "compress", ["/data", "level", "wbits"], 1)?;
    let data = vm.buffer(data.unwrap_or(&Value::NONE))?;
    let level = int_or(vm, level, -1)?;
    let wbits = int_or(vm, wbits, 15)?;
    let Some(mut d) = Deflater::new(level, wbits, 0, None) else {
        return Err(error(vm, "Bad compression level"));
    };
    let mut out = Vec::new();
    room_to_compress(vm, &data)?;
    d.write(&data, MZFlush::Finish, &mut out);
    vm.try_new_bytes(out)
}

fn decompress_all(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [data, wbits, size] = a.bind(vm, "decompress", ["/data", "wbits", "bufsize"], 1)?;
    let data = vm.buffer(data.unwrap_or(&Value::NONE))?;
    let wbits = int_or(vm, wbits, 15)?;
    if size_or(vm, size, 1)? < 0 {
        return Err(vm.value_error("bufsize must be non-negative"));
    }
    let Some(mut d) = Inflater::new(wbits, None) else {
        return Err(error(
            vm,
            "Error -2 while preparing to decompress data: inconsistent stream state",
        ));
    };
    let mut out = Vec::new();
    d.read(&data, usize::MAX, &mut out)
        .map_err(|e| failed(vm, "decompressing data", e))?;
    if d.stage != Stage::Done {
        return Err(error(
            vm,
            "Error -5 while decompressing data: incomplete or truncated stream",
        ));
    }
    vm.try_new_bytes(out)
}

fn compressobj(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let names = ["level", "method", "wbits", "memLevel", "strategy", "zdict"];
    let [level, method, wbits, mem, strategy, zdict] = a.bind(vm, "compressobj", names, 0)?;
    let dictionary = dictionary(vm, zdict)?;
    let (level, wbits) = (int_or(vm, level, -1)?, int_or(vm, wbits, 15)?);
    let usual = int_or(vm, method, 8)? == 8 && (1..=9).contains(&int_or(vm, mem, 8)?);
    match Deflater::new(
        level,
        wbits,
        int_or(vm, strategy, 0)?,
        dictionary.as_deref(),
    ) {
        Some(d) if usual => {
            let t = types(vm);
            Ok(vm.heap.alloc(&t.compress, Compress(RefCell::new(d))).into())
        }
        _ => Err(vm.value_error("Invalid initialization option")),
    }
}

fn decompressobj(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [wbits, zdict] = a.bind(vm, "decompressobj", ["wbits", "zdict"], 0)?;
    let dictionary = dictionary(vm, zdict)?;
    let Some(stream) = Inflater::new(int_or(vm, wbits, 15)?, dictionary) else {
        return Err(vm.value_error("Invalid initialization option"));
    };
    Ok(new_decompress(vm, stream, Vec::new(), Vec::new()))
}

fn new_decompress(vm: &Vm, stream: Inflater, unused: Vec<u8>, tail: Vec<u8>) -> Value {
    let d = Decompress {
        stream: RefCell::new(stream),
        unused: RefCell::new(unused),
        tail: RefCell::new(tail),
    };
    vm.heap.alloc(&types(vm).decompress, d).into()
}

impl Decompress {
    fn feed(&self, vm: &Vm, data: &[u8], limit: usize) -> PyResult<Value> {
        let mut out = Vec::new();
        let mut stream = self.stream.borrow_mut();
        let taken = stream
            .read(data, limit, &mut out)
            .map_err(|e| failed(vm, "decompressing data", e))?;
        let rest = &data[taken..];
        let had_tail = !std::mem::take(&mut *self.tail.borrow_mut()).is_empty();
        let done = stream.stage == Stage::Done;
        if done {
            vm.extend(&mut self.unused.borrow_mut(), rest)?;
        }
        // At the end, CPython's tail shows the rest too where there was a tail before.
        if !done || had_tail {
            vm.extend(&mut self.tail.borrow_mut(), rest)?;
        }
        vm.try_new_bytes(out)
    }
}

fn types(vm: &Vm) -> std::rc::Rc<Types> {
    vm.module_state(|| Types {
        compress: compress_type(vm),
        decompress: decompress_type(vm),
    })
}

fn compress_type(vm: &Vm) -> Ref<Type> {
    let no_new = TypeFlags::NO_NEW;
    let t = vm.new_native_type::<Compress>("zlib.Compress", &vm.types.object, no_new);
    vm.add_methods(&t, COMPRESS_TYPE_METHODS);
    for name in ["copy", "__copy__", "__deepcopy__"] {
        vm.method(&t, name, "(memo=None, /)\n--\n\n", |vm, v, _| {
            let d = vm.this::<Compress>(v)?.0.borrow();
            if d.done {
                return Err(vm.value_error("Inconsistent stream state"));
            }
            let copy = Compress(RefCell::new(d.clone()));
            Ok(vm.heap.alloc(&types(vm).compress, copy).into())
        });
    }
    vm.ready_type(&t);
    t
}

lasti_core::methods! { COMPRESS_TYPE_METHODS =
    "compress" "compress($self, data, /)\n--\n\n" compress_method;
    "flush" "flush($self, mode=zlib.Z_FINISH, /)\n--\n\n" flush;
}

fn compress_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [data] = a.exactly::<1>(vm, "compress")?;
    let data = vm.buffer(data)?;
    let mut out = Vec::new();
    let mut d = vm.this::<Compress>(v)?.0.borrow_mut();
    if d.done {
        return Err(error(
            vm,
            "Error -2 while compressing data: inconsistent stream state",
        ));
    }
    room_to_compress(vm, &data)?;
    d.write(&data, MZFlush::None, &mut out);
    vm.try_new_bytes(out)
}

fn flush(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [mode] = a.bind(vm, "flush", ["mode"], 0)?;
    let mode = match int_or(vm, mode, 4)? {
        0 => return vm.try_new_bytes(Vec::new()),
        1 => MZFlush::Partial,
        2 | 5 | 6 => MZFlush::Sync,
        3 => MZFlush::Full,
        4 => MZFlush::Finish,
        _ => {
            return Err(error(
                vm,
                "Error -2 while flushing: inconsistent stream state",
            ));
        }
    };
    let mut out = Vec::new();
    let mut d = vm.this::<Compress>(v)?.0.borrow_mut();
    if d.done {
        return Err(error(
            vm,
            "Error -2 while flushing: inconsistent stream state",
        ));
    }
    d.write(&[], mode, &mut out);
    vm.try_new_bytes(out)
}

fn decompress_type(vm: &Vm) -> Ref<Type> {
    let no_new = TypeFlags::NO_NEW;
    let t = vm.new_native_type::<Decompress>("zlib.Decompress", &vm.types.object, no_new);
    vm.add_methods(&t, DECOMPRESS_TYPE_METHODS);
    for name in ["copy", "__copy__", "__deepcopy__"] {
        vm.method(&t, name, "(memo=None, /)\n--\n\n", |vm, v, _| {
            let d = vm.this::<Decompress>(v)?;
            let stream = d.stream.borrow().clone();
            if stream.stage == Stage::Done {
                return Err(vm.value_error("Inconsistent stream state"));
            }
            Ok(new_decompress(
                vm,
                stream,
                d.unused.borrow().clone(),
                d.tail.borrow().clone(),
            ))
        });
    }
    vm.getset(
        &t,
        "unused_data",
        |vm, v| vm.try_new_bytes(vm.this::<Decompress>(v)?.unused.borrow().clone()),
        None,
    );
    vm.getset(
        &t,
        "unconsumed_tail",
        |vm, v| vm.try_new_bytes(vm.this::<Decompress>(v)?.tail.borrow().clone()),
        None,
    );
    vm.getset(
        &t,
        "eof",
        |vm, v| {
            let d = vm.this::<Decompress>(v)?.stream.borrow();
            Ok(Value::bool(d.stage == Stage::Done))
        },
        None,
    );
    vm.ready_type(&t);
    t
}

lasti_core::methods! { DECOMPRESS_TYPE_METHODS =
    "decompress" "decompress($self, data, /, max_length=0)\n--\n\n" decompress_chunk;
    "flush" "flush($self, length=zlib.DEF_BUF_SIZE, /)\n--\n\n" flush_method;
}

fn decompress_chunk(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [data, limit] = a.bind(vm, "decompress", ["/data", "max_length"], 1)?;
    let data = vm.buffer(data.unwrap_or(&Value::NONE))?;
    let limit = positive(vm, size_or(vm, limit, 0)?, "max_length")?;
    let d = vm.this::<Decompress>(v)?;
    if d.stream.borrow().stage == Stage::Done {
        d.unused.borrow_mut().extend(data);
        return vm.try_new_bytes(Vec::new());
    }
    d.feed(vm, &data, limit)
}

fn flush_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "flush", 0, 1)?;
    if size_or(vm, pos.first(), 1)? <= 0 {
        return Err(vm.value_error("length must be greater than zero"));
    }
    let d = vm.this::<Decompress>(v)?;
    let rest = d.tail.borrow().clone();
    if d.stream.borrow().stage == Stage::Done {
        return vm.try_new_bytes(Vec::new());
    }
    d.feed(vm, &rest, usize::MAX)
}

fn add_decompressor(vm: &Vm, m: &Ref<Module>) {
    let name = "zlib._ZlibDecompressor";
    let t = vm.new_native_type::<Decompressor>(name, &vm.types.object, TypeFlags::BASE);
    t.slots.new.set(Some(|vm, class, a| {
        let [wbits, zdict] = a.bind(vm, "_ZlibDecompressor", ["wbits", "zdict"], 0)?;
        let dictionary = dictionary(vm, zdict)?;
        let Some(stream) = Inflater::new(int_or(vm, wbits, 15)?, dictionary) else {
            return Err(vm.value_error("Invalid initialization option"));
        };
        let d = Decompressor {
            stream: RefCell::new(stream),
            waiting: RefCell::default(),
            needs_input: Cell::new(true),
        };
        Ok(vm.heap.alloc(class, d).into())
    }));
    vm.add_methods(&t, DECOMPRESSOR_METHODS);
    vm.getset(
        &t,
        "unused_data",
        |vm, v| {
            let d = vm.this::<Decompressor>(v)?;
            vm.try_new_bytes(match d.stream.borrow().stage {
                Stage::Done => d.waiting.borrow().clone(),
                _ => Vec::new(),
            })
        },
        None,
    );
    vm.getset(
        &t,
        "needs_input",
        |vm, v| Ok(Value::bool(vm.this::<Decompressor>(v)?.needs_input.get())),
        None,
    );
    vm.getset(
        &t,
        "eof",
        |vm, v| {
            let d = vm.this::<Decompressor>(v)?.stream.borrow();
            Ok(Value::bool(d.stage == Stage::Done))
        },
        None,
    );
    add_type(vm, m, "_ZlibDecompressor", &t);
}

lasti_core::methods! { DECOMPRESSOR_METHODS =
    "decompress" "decompress($self, /, data, max_length=-1)\n--\n\n" decompress_method;
}

fn decompress_method(vm: &Vm, v: &Value, a: Args) -> PyResult<Value> {
    let [data, limit] = a.bind(vm, "decompress", ["data", "max_length"], 1)?;
    let data = vm.buffer(data.unwrap_or(&Value::NONE))?;
    let limit = usize::try_from(size_or(vm, limit, -1)?).unwrap_or(usize::MAX);
    let d = vm.this::<Decompressor>(v)?;
    let mut stream = d.stream.borrow_mut();
    if stream.stage == Stage::Done {
        return Err(vm.new_exception(&vm.exc.eof_error, "End of stream already reached"));
    }
    let mut input = d.waiting.take();
    input.extend(data);
    let mut out = Vec::new();
    let taken = stream
        .read(&input, limit, &mut out)
        .map_err(|e| failed(vm, "decompressing data", e))?;
    input.drain(..taken);
    // With the limit reached, more may come of what was read already.
    let done = stream.stage == Stage::Done;
    d.needs_input
        .set(!done && input.is_empty() && out.len() < limit);
    d.waiting.replace(input);
    vm.try_new_bytes(out)
}

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("zlib");
    vm.add_value(&m, "error", exception_class(vm, ERROR, &vm.exc.exception)?);
    vm.add_functions(&m, FUNCTIONS);
    add_decompressor(vm, &m);
    for (name, n) in [
        ("MAX_WBITS", 15),
        ("DEFLATED", 8),
        ("DEF_MEM_LEVEL", 8),
        ("DEF_BUF_SIZE", 16384),
        ("Z_BEST_SPEED", 1),
        ("Z_BEST_COMPRESSION", 9),
        ("Z_NO_COMPRESSION", 0),
        ("Z_DEFAULT_COMPRESSION", -1),
        ("Z_DEFAULT_STRATEGY", 0),
        ("Z_FILTERED", 1),
        ("Z_HUFFMAN_ONLY", 2),
        ("Z_RLE", 3),
        ("Z_FIXED", 4),
        ("Z_NO_FLUSH", 0),
        ("Z_PARTIAL_FLUSH", 1),
        ("Z_SYNC_FLUSH", 2),
        ("Z_FULL_FLUSH", 3),
        ("Z_FINISH", 4),
        ("Z_BLOCK", 5),
        ("Z_TREES", 6),
    ] {
        vm.add_value(&m, name, Value::small_int(n));
    }
    // What programs compare with is zlib's version, whose formats these are.
    for name in ["ZLIB_VERSION", "ZLIB_RUNTIME_VERSION"] {
        vm.add_value(&m, name, vm.str_value("1.3.1"));
    }
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "compress" "compress($module, data, /, level=Z_DEFAULT_COMPRESSION, wbits=MAX_WBITS)\n--\n\n" compress;
    "decompress" "decompress($module, data, /, wbits=MAX_WBITS, bufsize=DEF_BUF_SIZE)\n--\n\n" decompress_all;
    "compressobj" "compressobj($module, /, level=Z_DEFAULT_COMPRESSION, method=DEFLATED, wbits=MAX_WBITS, memLevel=DEF_MEM_LEVEL, strategy=Z_DEFAULT_STRATEGY, zdict=<unrepresentable>)\n--\n\n" compressobj;
    "decompressobj" "decompressobj($module, /, wbits=MAX_WBITS, zdict=b'')\n--\n\n" decompressobj;
    "adler32" "adler32($module, data, value=1, /)\n--\n\n" adler32_function;
    "crc32" "crc32($module, data, value=0, /)\n--\n\n" crc32_function;
}

fn adler32_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "adler32", 1, 2)?;
    let data = vm.buffer(&pos[0])?;
    let start = pos
        .get(1)
        .map_or(Ok(1), |v| crate::binascii::start_of(vm, v))?;
    Ok(vm.new_int(adler32(&data, start) as i64))
}

fn crc32_function(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "crc32", 1, 2)?;
    let data = vm.buffer(&pos[0])?;
    let start = pos
        .get(1)
        .map_or(Ok(0), |v| crate::binascii::start_of(vm, v))?;
    Ok(vm.new_int(crc32(&data, start) as i64))
}
