//! `open`, `open_code`, `text_encoding` (CPython's Modules/_io/_iomodule.c).
use super::fileio::FileIo;
use super::{BUFFER_SIZE, io};
use lasti_core::objects::{Module, Str};
use lasti_core::{Args, Exc, PyResult, Ref, Value, Vm};

pub(super) fn add(vm: &Vm, m: &Ref<Module>) {
    // What `open` of the builtins, which is also this module's, does.
    let open_builtin = vm.dict_get(&vm.builtins, "open").unwrap_or(Value::NONE);
    vm.add_value(m, "open", open_builtin);
    vm.add_functions(m, ADD_FUNCTIONS);
}

lasti_core::methods! { ADD_FUNCTIONS =
    "_open" "open($module, /, file, mode='r', buffering=-1, encoding=None,\n     errors=None, newline=None, closefd=True, opener=None)\n--\n\n" |vm, _, a| open(vm, a);
    "open_code" "open_code($module, /, path)\n--\n\n" open_code;
    "text_encoding" "text_encoding($module, encoding, stacklevel=2, /)\n--\n\n" text_encoding;
}

fn open_code(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [path] = a.bind(vm, "open_code", ["path"], 1)?;
    let Some(path) = path.filter(|p| p.downcast::<Str>().is_some()) else {
        return Err(vm.type_error(format!(
            "open_code() argument 'path' must be str, not {}",
            vm.type_name(path.unwrap_or(&Value::NONE))
        )));
    };
    open(vm, Args::pos(&[path.clone(), vm.str_value("rb")]))
}

fn text_encoding(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let pos = a.between(vm, "text_encoding", 1, 2)?;
    let given = &pos[0];
    let level = pos.get(1).map_or(Ok(2), |l| vm.to_c_int(l))?;
    if !given.is_none() {
        return Ok(given.clone());
    }
    let flags = sys_flags(vm)?;
    warn_default(vm, level as i64)?;
    let utf8 = vm.is_true(&vm.getattr_str(&flags, "utf8_mode")?)?;
    Ok(vm.str_value(if utf8 { "utf-8" } else { "locale" }))
}

fn sys_flags(vm: &Vm) -> PyResult<Value> {
    vm.getattr_str(&vm.import("sys")?, "flags")
}

/// EncodingWarning where no encoding was named, for those who asked for it.
pub(super) fn warn_default(vm: &Vm, level: i64) -> PyResult<()> {
    if vm.is_true(&vm.getattr_str(&sys_flags(vm)?, "warn_default_encoding")?)? {
        let msg = "'encoding' argument not specified";
        vm.warn(&vm.exc.encoding_warning, msg, level, None)?;
    }
    Ok(())
}

/// What a mode string asks for.
#[derive(Default)]
struct Mode {
    kind: Option<char>,
    plus: bool,
    text: bool,
    binary: bool,
}

fn parse(vm: &Vm, mode: &str) -> PyResult<Mode> {
    let invalid = || vm.value_error(format!("invalid mode: '{mode}'"));
    let mut m = Mode::default();
    let mut kinds = 0;
    for (i, c) in mode.chars().enumerate() {
        if mode.chars().take(i).any(|d| d == c) {
            return Err(invalid());
        }
        match c {
            'x' | 'r' | 'w' | 'a' => {
                m.kind = Some(c);
                kinds += 1;
            }
            '+' => m.plus = true,
            't' => m.text = true,
            'b' => m.binary = true,
            _ => return Err(invalid()),
        }
    }
    if m.text && m.binary {
        return Err(vm.value_error("can't have text and binary mode at once"));
    }
    // None at all is for FileIO to refuse.
    if kinds > 1 {
        return Err(vm.value_error("must have exactly one of create/read/write/append mode"));
    }
    Ok(m)
}

fn open(vm: &Vm, a: Args) -> PyResult<Value> {
    let names = [
        "file",
        "mode",
        "buffering",
        "encoding",
        "errors",
        "newline",
        "closefd",
        "opener",
    ];
    let [
        file,
        mode,
        buffering,
        encoding,
        errors,
        newline,
        close_fd,
        opener,
    ] = a.bind(vm, "open", names, 1)?;
    let given = |v: Option<&Value>| v.filter(|v| !v.is_none()).cloned();
    let text = |v: Option<&Value>, name: &str| -> PyResult<Option<Value>> {
        match given(v) {
            Some(x) if x.downcast::<Str>().is_none() => Err(vm.type_error(format!(
                "open() argument '{name}' must be str or None, not {}",
                vm.type_name(&x)
            ))),
            x => Ok(x),
        }
    };
    let mode = match mode {
        Some(m) => match m.downcast::<Str>() {
            Some(s) => s.to_string_lossy().into_owned(),
            None => {
                return Err(vm.type_error(format!(
                    "open() argument 'mode' must be str, not {}",
                    vm.type_name_or_none(m)
                )));
            }
        },
        None => "r".into(),
    };
    let buffering = buffering.map_or(Ok(-1), |b| vm.to_i64(b))?;
    let encoding = text(encoding, "encoding")?;
    let errors = text(errors, "errors")?;
    let newline = text(newline, "newline")?;
    let file = file.cloned().unwrap_or(Value::NONE);
    let number = vm.is_int(&file);
    let file = match number {
        true => file,
        false => vm.call_method(&vm.import("posix")?, "fspath", &[file])?,
    };
    let m = parse(vm, &mode)?;
    if m.binary {
        for (given, what) in [
            (&encoding, "an encoding"),
            (&errors, "an errors"),
            (&newline, "a newline"),
        ] {
            if given.is_some() {
                return Err(vm.value_error(format!("binary mode doesn't take {what} argument")));
            }
        }
        if buffering == 1 {
            vm.warn(
                &vm.exc.runtime_warning,
                "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used",
                1,
                None,
            )?;
        }
    }
    let kind = m.kind.unwrap_or('r');
    let mut raw_mode = String::from_iter(m.kind);
    raw_mode += if m.plus { "+" } else { "" };
    let io = io(vm);
    let close_fd = close_fd.cloned().unwrap_or(Value::TRUE);
    let opener = opener.cloned().unwrap_or(Value::NONE);
    let raw = vm.call(
        io.file.as_value(),
        &[file, vm.str_value(&raw_mode), close_fd, opener],
    )?;
    let mut outermost = raw.clone();
    let mut wrap = || -> PyResult<()> {
        let f = vm.this::<FileIo>(&raw)?;
        let line_buffering = buffering == 1 && !m.binary || buffering < 0 && f.is_tty(vm);
        let size = match buffering {
            n if n > 1 => n,
            0 | 1 if buffering == 0 => 0,
            _ => f.block_size().clamp(BUFFER_SIZE as i64, 8192 << 10),
        };
        if buffering < -1 && size == 0 {
            return Err(vm.value_error("invalid buffering size"));
        }
        if size == 0 {
            return match m.binary {
                true => Ok(()),
                false => Err(vm.value_error("can't have unbuffered text I/O")),
            };
        }
        let class = match (m.plus, kind) {
            (true, _) => &io.random,
            (false, 'r') => &io.reader,
            _ => &io.writer,
        };
        outermost = vm.call(class.as_value(), &[raw.clone(), vm.new_int(size)])?;
        if m.binary {
            return Ok(());
        }
        let or_none = |v: &Option<Value>| v.clone().unwrap_or(Value::NONE);
        let args = [
            outermost.clone(),
            or_none(&encoding),
            or_none(&errors),
            or_none(&newline),
            Value::bool(line_buffering),
        ];
        outermost = vm.call(io.text.as_value(), &args)?;
        vm.setattr(&outermost, &vm.intern("mode"), Some(&vm.str_value(&mode)))
    };
    if let Err(e) = wrap() {
        let closed = vm.call_method(&outermost, "close", &[]);
        return super::both(vm, Err::<Value, Exc>(e), || closed.map(|_| ()));
    }
    Ok(outermost)
}
