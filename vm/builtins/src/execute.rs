//! Built-in functions about code and namespaces: `compile`, `exec`, `eval`, `globals`, `locals`, `vars`, `dir`,
//! `__import__` and `__build_class__`.
use lasti_compiler::{FUTURE_ANNOTATIONS, Mode, Options};
use lasti_core::frame_object::locals_of_current;
use lasti_core::memory::{Ref, RefSlot, Slot, Value};
use lasti_core::objects::*;
use lasti_core::vm::Vm;
use lasti_core::vm::args::Args;
use lasti_core::vm::error::PyResult;
use lasti_text::filename;
use std::cell::Cell;

pub(crate) fn init(vm: &Vm, m: &Ref<Module>) {
    vm.add_functions(m, FUNCTIONS);
}

lasti_core::methods! { FUNCTIONS =
    "compile" "compile($module, /, source, filename, mode, flags=0,\n        dont_inherit=False, optimize=-1, *, _feature_version=-1)\n--\n\nCompile source into a code object that can be executed by exec() or eval()." compile;
    tail "eval" "eval($module, source, /, globals=None, locals=None)\n--\n\nEvaluate the given source in the context of globals and locals." eval;
    tail "exec" "exec($module, source, /, globals=None, locals=None, *, closure=None)\n--\n\nExecute the given source in the context of globals and locals." exec;
    "globals" "globals($module, /)\n--\n\nReturn the dictionary containing the current scope's global variables." globals;
    "locals" "locals($module, /)\n--\n\nReturn a dictionary containing the current scope's local variables." locals;
    "vars" "(object=None, /)\n--\n\nvars([object]) -> dictionary\n\nWithout arguments, equivalent to locals().\nWith an argument, equivalent to object.__dict__." vars;
    "dir" "(object=None, /)\n--\n\ndir([object]) -> list of strings\n\nIf called without an argument, return the names in the current scope." dir;
    "__import__" "__import__($module, /, name, globals=None, locals=None, fromlist=(),\n           level=0)\n--\n\nImport a module." import;
    "__build_class__" "(func, name, /, *bases, **kwds)\n--\n\n__build_class__(func, name, /, *bases, [metaclass], **kwds) -> class\n\nInternal helper function used by the class statement." build_class;
}

fn globals(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "globals")?;
    Ok(vm.current_globals().map_or(Value::NONE, Value::from))
}

fn locals(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    a.exactly::<0>(vm, "locals")?;
    locals_of_current(vm)
}

fn vars(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let Some(v) = a.between(vm, "vars", 0, 1)?.first() else {
        return locals_of_current(vm);
    };
    let found = vm.lookup_attr(v, &vm.names.dict)?;
    found.ok_or_else(|| vm.type_error("vars() argument must have __dict__ attribute"))
}

fn build_class(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    vm.build_class(a)
}

/// Flags of `compile()` beside those of `__future__`.
mod flag {
    pub(super) const DONT_IMPLY_DEDENT: u32 = 0x200;
    pub(super) const ONLY_AST: u32 = 0x400;
    pub(super) const TYPE_COMMENTS: u32 = 0x1000;
    pub(super) const ALLOW_TOP_LEVEL_AWAIT: u32 = 0x2000;
    pub(super) const ALLOW_INCOMPLETE_INPUT: u32 = 0x4000;
    pub(super) const OPTIMIZED_AST: u32 = 0x8000 | ONLY_AST;
    /// Bits of all features `__future__` knows.
    pub(super) const FUTURES: u32 = 0x1FF_0000 | 0x10;
    pub(super) const ALL: u32 = DONT_IMPLY_DEDENT
        | OPTIMIZED_AST
        | TYPE_COMMENTS
        | ALLOW_TOP_LEVEL_AWAIT
        | ALLOW_INCOMPLETE_INPUT
        | FUTURES;
}

/// Future features of the code that runs, which what it compiles inherits.
fn inherited_futures(vm: &Vm) -> u32 {
    vm.current_code_flags() & FUTURE_ANNOTATIONS
}

fn default_options(vm: &Vm) -> Options {
    Options {
        optimize: vm.flags.optimize,
        future_flags: inherited_futures(vm),
        ..Options::default()
    }
}

/// Source text of a str or bytes-like argument.
fn source_bytes(vm: &Vm, v: &Value, what: &str) -> PyResult<Vec<u8>> {
    let bytes = match v.downcast::<Str>() {
        Some(s) => s.as_bytes().to_vec(),
        None => vm.buffer(v).map_err(|_| vm.type_error(what))?,
    };
    if bytes.contains(&0) {
        return Err(vm.new_exception(
            &vm.exc.syntax_error,
            "source code string cannot contain null bytes",
        ));
    }
    Ok(bytes)
}

fn compile(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let names = [
        "source",
        "filename",
        "mode",
        "flags",
        "dont_inherit",
        "optimize",
        "*_feature_version",
    ];
    let [source, filename, mode, flags, dont_inherit, optimize, _] =
        args.bind(vm, "compile", names, 3)?;
    let none = Value::NONE;
    let (source, filename, mode) = (
        source.unwrap_or(&none),
        filename.unwrap_or(&none),
        mode.unwrap_or(&none),
    );
    let filename = file_name(vm, filename)?;
    let flags = match flags {
        Some(f) => vm.to_i64(f)? as u32,
        None => 0,
    };
    if flags & !flag::ALL != 0 {
        return Err(vm.value_error("compile(): unrecognised flags"));
    }
    let inherit = match dont_inherit {
        Some(d) => !vm.is_true(d)?,
        None => true,
    };
    let optimize = match optimize {
        Some(o) => vm.to_i64(o)?,
        None => -1,
    };
    let optimize = match optimize {
        -1 => vm.flags.optimize,
        0..=2 => optimize as u8,
        _ => return Err(vm.value_error("compile(): invalid optimize value")),
    };
    let Some(mode) = mode.downcast::<Str>() else {
        return Err(vm.type_error(format!(
            "compile() argument 'mode' must be str, not {}",
            vm.type_name_or_none(mode)
        )));
    };
    let only_ast = flags & flag::ONLY_AST != 0;
    let mode_name = mode.to_string_lossy();
    let mode = match &*mode_name {
        "exec" => Mode::Exec,
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        "func_type" if only_ast => Mode::Eval,
        "func_type" => {
            return Err(vm.value_error("compile() mode 'func_type' requires flag PyCF_ONLY_AST"));
        }
        _ if only_ast => {
            return Err(
                vm.value_error("compile() mode must be 'exec', 'eval', 'single' or 'func_type'")
            );
        }
        _ => return Err(vm.value_error("compile() mode must be 'exec', 'eval' or 'single'")),
    };
    let futures = (flags & FUTURE_ANNOTATIONS) | if inherit { inherited_futures(vm) } else { 0 };
    let file_value = vm.name_value(&filename);
    let number = |n: u32| vm.new_int(n.into());
    if is_tree(vm, source)? {
        if only_ast {
            return Ok(source.clone());
        }
        // Node objects are a native module's of another crate.
        let args = [
            source.clone(),
            file_value,
            vm.str_value(&mode_name),
            number(optimize.into()),
            number(futures),
            Value::bool(flags & flag::ALLOW_TOP_LEVEL_AWAIT != 0),
        ];
        return vm.call_method(&vm.import("_lasti_ast")?, "compile", &args);
    }
    let text = source_bytes(
        vm,
        source,
        "compile() arg 1 must be a string, bytes or AST object",
    )?;
    if only_ast {
        let fold = flags & flag::OPTIMIZED_AST == flag::OPTIMIZED_AST;
        let (module, name) = match &*mode_name {
            "func_type" => ("_ast", "_func_type"),
            _ => ("_lasti_ast", "parse"),
        };
        let args = [
            vm.new_bytes(text),
            file_value,
            vm.str_value(&mode_name),
            vm.new_int(if fold { optimize.into() } else { -1 }),
            Value::bool(flags & flag::ALLOW_INCOMPLETE_INPUT != 0),
        ];
        return vm.call_method(&vm.import(module)?, name, &args);
    }
    let options = Options {
        optimize,
        future_flags: futures,
        allow_top_level_await: flags & flag::ALLOW_TOP_LEVEL_AWAIT != 0,
        allow_incomplete_input: flags & flag::ALLOW_INCOMPLETE_INPUT != 0,
        is_script: false,
    };
    Ok(vm.compile_with(&text, &filename, mode, options)?.into())
}

/// Whether it is a node of a syntax tree. Nodes exist only once `_ast` was imported.
fn is_tree(vm: &Vm, v: &Value) -> PyResult<bool> {
    if v.downcast::<Str>().is_some() || v.downcast::<Bytes>().is_some() {
        return Ok(false);
    }
    match vm.dict_get_str(&vm.modules, &vm.intern("_ast")) {
        Some(m) => vm.isinstance(v, &vm.getattr_str(&m, "AST")?),
        None => Ok(false),
    }
}

/// A file name as str, bytes or path object.
fn file_name(vm: &Vm, v: &Value) -> PyResult<String> {
    if let Some(s) = v.downcast::<Str>() {
        return Ok(filename::to_string(s.as_bytes()));
    }
    if let Some(b) = v.downcast::<Bytes>() {
        return Ok(filename::from_bytes(&b.data));
    }
    match vm.call_special(v, &vm.names.fspath, &[])? {
        Some(p) if p.downcast::<Str>().is_some() || p.downcast::<Bytes>().is_some() => {
            file_name(vm, &p)
        }
        _ => Err(vm.type_error(format!(
            "expected str, bytes or os.PathLike object, not {}",
            vm.type_name(v)
        ))),
    }
}

// ---- exec and eval ----

fn is_mapping(vm: &Vm, v: &Value) -> bool {
    let sequence = v.downcast::<List>().is_some()
        || v.downcast::<Tuple>().is_some()
        || v.downcast::<Str>().is_some();
    vm.type_of(v).slots.getitem.get().is_some() && !sequence
}

/// The namespaces that code runs in. Globals get `__builtins__`.
fn namespaces(
    vm: &Vm,
    globals: Option<&Value>,
    locals: Option<&Value>,
    func: &str,
) -> PyResult<(Ref<Dict>, Value)> {
    let globals = globals.filter(|g| !g.is_none());
    let locals = locals.filter(|l| !l.is_none());
    if let Some(l) = locals
        && !is_mapping(vm, l)
    {
        let msg = match func {
            "eval" => "locals must be a mapping".to_owned(),
            _ => format!("locals must be a mapping or None, not {}", vm.type_name(l)),
        };
        return Err(vm.type_error(msg));
    }
    let dict = match globals {
        Some(g) => match g.as_ref::<Dict>() {
            Some(d) => d.clone(),
            None => {
                let msg = match func {
                    "eval" if is_mapping(vm, g) => {
                        "globals must be a real dict; try eval(code, {}, mapping)".to_owned()
                    }
                    "eval" => "globals must be a dict".to_owned(),
                    _ => format!("exec() globals must be a dict, not {}", vm.type_name(g)),
                };
                return Err(vm.type_error(msg));
            }
        },
        None => vm.current_globals().ok_or_else(|| {
            vm.new_exception(&vm.exc.system_error, "globals and locals cannot be NULL")
        })?,
    };
    let locals = match (locals, globals) {
        (Some(l), _) => l.clone(),
        (None, Some(g)) => g.clone(),
        (None, None) => locals_of_current(vm)?,
    };
    if vm.dict_get_str(&dict, &vm.names.builtins).is_none() {
        vm.dict_set_str(&dict, &vm.names.builtins, vm.current_builtins().into());
    }
    Ok((dict, locals))
}

fn eval(vm: &Vm, _: &Value, args: Args) -> PyResult<Tail> {
    let [source, globals, locals] = bind_source(vm, args, "eval", ["source", "globals", "locals"])?;
    let source = source.cloned().unwrap_or(Value::NONE);
    let (globals, locals) = namespaces(vm, globals, locals, "eval")?;
    let code = match source.as_ref::<Code>() {
        Some(c) if c.nfree > 0 => {
            return Err(
                vm.type_error("code object passed to eval() may not contain free variables")
            );
        }
        Some(c) => c.clone(),
        None => {
            let text = source_bytes(
                vm,
                &source,
                "eval() arg 1 must be a string, bytes or code object",
            )?;
            let skip = text
                .iter()
                .take_while(|b| matches!(b, b' ' | b'\t'))
                .count();
            vm.compile_with(&text[skip..], "<string>", Mode::Eval, default_options(vm))?
        }
    };
    Ok(Tail::Run {
        function: vm.function_of_code(&code, &globals),
        locals,
    })
}

fn exec(vm: &Vm, _: &Value, args: Args) -> PyResult<Tail> {
    let names = ["source", "globals", "locals", "*closure"];
    let [source, globals, locals, closure] = bind_source(vm, args, "exec", names)?;
    let source = source.cloned().unwrap_or(Value::NONE);
    let (globals, locals) = namespaces(vm, globals, locals, "exec")?;
    let closure = closure.filter(|c| !c.is_none());
    let function = match source.as_ref::<Code>() {
        Some(c) => with_closure(vm, c, &globals, closure)?,
        None if closure.is_some() => {
            return Err(vm.type_error("closure can only be used when source is a code object"));
        }
        None => {
            let text = source_bytes(
                vm,
                &source,
                "exec() arg 1 must be a string, bytes or code object",
            )?;
            let code = vm.compile_with(&text, "<string>", Mode::Exec, default_options(vm))?;
            vm.function_of_code(&code, &globals)
        }
    };
    Ok(Tail::Run { function, locals })
}

/// Binds the arguments of `eval` and `exec`; the source is positional only.
fn bind_source<'a, const N: usize>(
    vm: &Vm,
    args: Args<'a>,
    func: &str,
    names: [&str; N],
) -> PyResult<[Option<&'a Value>; N]> {
    if args.pos.is_empty() {
        return Err(vm.type_error(format!(
            "{func}() takes at least 1 positional argument (0 given)"
        )));
    }
    args.bind(vm, func, names, 1)
}

/// A function over a code object with the cells `exec` was given for its free variables.
fn with_closure(
    vm: &Vm,
    code: &Ref<Code>,
    globals: &Ref<Dict>,
    closure: Option<&Value>,
) -> PyResult<Ref<Function>> {
    let free = code.nfree as usize;
    if free == 0 {
        if closure.is_some() {
            return Err(vm.type_error("cannot use a closure with this code object"));
        }
        return Ok(vm.function_of_code(code, globals));
    }
    let cells = closure.and_then(|c| c.as_ref::<Tuple>());
    let cells =
        cells.filter(|t| t.len() == free && t.iter().all(|c| c.downcast::<PyCell>().is_some()));
    let Some(cells) = cells else {
        return Err(vm.type_error(format!(
            "code object requires a closure of exactly length {free}"
        )));
    };
    let f = vm.function_of_code(code, globals);
    let f = Function {
        code: RefSlot::new(f.code.get()),
        globals: f.globals.clone(),
        builtins: f.builtins.clone(),
        closure: Some(cells.clone()),
        defaults: RefSlot::default(),
        kwdefaults: RefSlot::default(),
        name: Slot::new(f.name.get()),
        qualname: Slot::new(f.qualname.get()),
        doc: Slot::new(Value::NONE),
        module: Slot::new(Value::NONE),
        annotations: Slot::empty(),
        annotate: Slot::new(Value::NONE),
        type_params: Slot::new(f.type_params.get()),
        dict: RefSlot::default(),
        version: Cell::new(0),
    };
    Ok(vm.heap.alloc(&vm.types.function, f))
}

// ---- names ----

fn dir(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let names = match args.between(vm, "dir", 0, 1)?.first() {
        None => vm.call_method_args(&locals_of_current(vm)?, &vm.names.keys, Args::NONE)?,
        Some(v) => match vm.call_special(v, &vm.names.dir, &[])? {
            Some(names) => names,
            None => return Err(vm.type_error("object does not provide __dir__")),
        },
    };
    let mut names = vm.collect(&names)?;
    super::sorting::sort_values(vm, &mut names, None, false)?;
    Ok(vm.new_list(names))
}

fn import(vm: &Vm, _: &Value, args: Args) -> PyResult<Value> {
    let names = ["name", "globals", "locals", "fromlist", "level"];
    let [name, globals, _, fromlist, level] = args.bind(vm, "__import__", names, 1)?;
    let Some(name) = name.and_then(|n| n.downcast::<Str>()) else {
        return Err(vm.type_error("module name must be a string"));
    };
    let level = match level {
        Some(l) => vm.to_i64(l)?,
        None => 0,
    };
    if level < 0 {
        return Err(vm.value_error("level must be >= 0"));
    }
    let globals = globals.and_then(|g| g.downcast::<Dict>());
    vm.import_name(name, globals, fromlist.unwrap_or(&Value::NONE), level)
}
