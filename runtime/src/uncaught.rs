//! Printing exceptions that nobody caught, and what they mean for the exit code.
use lasti_core::objects::{Exception, Str};
use lasti_core::{Exc, Value, Vm};

/// Text to Python's stderr, or to the descriptor when that does not work.
pub fn write_stderr(vm: &Vm, text: &str) {
    write_text(vm, text.as_bytes());
}

/// The same for WTF-8.
fn write_text(vm: &Vm, text: &[u8]) {
    if let Some(sys) = vm.sys.get()
        && let Some(err) = vm.dict_get(&sys.dict, "stderr")
        && !err.is_none()
        && vm
            .call_method(&err, "write", &[vm.new_wtf8(text).into()])
            .is_ok()
    {
        let _ = vm.call_method(&err, "flush", &[]);
        return;
    }
    vm.host.write_stderr(&String::from_utf8_lossy(text));
}

/// Prints an exception with its traceback and chain as CPython 3.14 does, through the traceback module.
pub fn print(vm: &Vm, e: &Value) {
    flush_stdout(vm);
    if try_print(vm, e).is_err() {
        // The traceback module itself failed: there is no memory for it, or the stack is at its end.
        vm.host.write_stderr(&plain_report(vm, e));
    }
}

/// The traceback and the exception, without source lines and causes, made without running Python (CPython's
/// `_Py_DumpTraceback` has the same form).
fn plain_report(vm: &Vm, e: &Value) -> String {
    let mut text = String::new();
    let mut entry = e.downcast::<Exception>().and_then(|x| x.traceback.get());
    if entry.is_some() {
        text.push_str("Traceback (most recent call last):\n");
    }
    while let Some(tb) = entry {
        let code = &tb.frame.code;
        text.push_str(&format!(
            "  File \"{}\", line {}, in {}\n",
            code.filename.to_string_lossy(),
            tb.line,
            code.qualname.to_string_lossy()
        ));
        entry = tb.next.get();
    }
    let said = vm.display(e);
    let colon = if said.is_empty() { "" } else { ": " };
    text.push_str(&format!("{}{colon}{said}\n", vm.type_name(e)));
    text
}

fn try_print(vm: &Vm, e: &Value) -> Result<(), Exc> {
    let traceback = vm.import("traceback")?;
    let f = vm.getattr_str(&traceback, "format_exception")?;
    let lines = vm.call(&f, std::slice::from_ref(e))?;
    let mut out = Vec::new();
    for l in vm.collect(&lines)? {
        if let Some(s) = l.downcast::<Str>() {
            vm.extend(&mut out, s.as_bytes())?;
        }
    }
    write_text(vm, &out);
    Ok(())
}

pub fn flush_stdout(vm: &Vm) {
    let Some(sys) = vm.sys.get() else { return };
    if let Some(out) = vm.dict_get(&sys.dict, "stdout")
        && !out.is_none()
    {
        let _ = vm.call_method(&out, "flush", &[]);
    }
}

/// Flushes the standard streams for the last time. False: something that was written is lost, which is told.
pub fn flush_at_exit(vm: &Vm) -> bool {
    let Some(sys) = vm.sys.get() else { return true };
    let mut whole = true;
    for name in ["stdout", "stderr"] {
        let stream = vm.dict_get(&sys.dict, name).filter(|s| !s.is_none());
        let Some(stream) = stream else { continue };
        let closed = vm
            .getattr_str(&stream, "closed")
            .and_then(|c| vm.is_true(&c));
        if closed.unwrap_or(false) {
            continue;
        }
        if let Err(e) = vm.call_method(&stream, "flush", &[]) {
            whole = false;
            // Nobody can be told that stderr fails.
            if name == "stdout" {
                vm.unraisable(&e, "Exception ignored while flushing sys.stdout", None);
            }
        }
    }
    whole
}

/// Reports what ended a script and gives its exit code.
pub fn report(vm: &Vm, e: Exc) -> i32 {
    if vm.exc_is(&e, &vm.exc.system_exit) {
        return system_exit(vm, &e);
    }
    let hook = vm
        .sys
        .get()
        .and_then(|s| vm.dict_get(&s.dict, "excepthook"));
    match hook {
        Some(hook) => {
            let tb =
                e.0.downcast::<Exception>()
                    .map_or(Value::NONE, |x| x.traceback.value());
            let args = [vm.type_of(&e.0).value(), e.0.clone(), tb];
            if let Err(second) = vm.call(&hook, &args) {
                if vm.exc_is(&second, &vm.exc.system_exit) {
                    return system_exit(vm, &second);
                }
                write_stderr(vm, "Error in sys.excepthook:\n");
                print(vm, &second.0);
                write_stderr(vm, "\nOriginal exception was:\n");
                print(vm, &e.0);
            }
        }
        None => print(vm, &e.0),
    }
    if vm.exc_is(&e, &vm.exc.keyboard_interrupt) {
        130
    } else {
        1
    }
}

fn system_exit(vm: &Vm, e: &Exc) -> i32 {
    let code =
        e.0.downcast::<Exception>()
            .map_or(Value::NONE, |x| x.field(0));
    if code.is_none() {
        return 0;
    }
    if vm.is_int(&code) {
        return vm.to_i64(&code).unwrap_or(-1) as i32 & 0xFF;
    }
    flush_stdout(vm);
    write_stderr(vm, &format!("{}\n", vm.display(&code)));
    1
}
