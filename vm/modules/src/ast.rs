//! `_lasti_ast`: syntax trees as `ast` node objects, in both directions, for `compile()`.
use crate::util::{Args, PyResult, Ref, Value, Vm, text, text_arg};
use lasti_compiler::{Mode, Options};
use lasti_core::objects::Module;

mod make;
mod read;

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_lasti_ast");
    vm.add_functions(&m, FUNCTIONS);
    Ok(m)
}

lasti_core::methods! { FUNCTIONS =
    "parse" "(source, filename, mode, fold, allow_incomplete, /)\n--\n\n" parse;
    "compile" "(tree, filename, mode, optimize, future_flags, top_level_await, /)\n--\n\n" compile;
    "scopes" "(source, filename, mode, /)\n--\n\n" scopes;
}

/// A text's tree; `fold` is -1 or the level of -O.
fn parse(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [source, filename, mode, fold, incomplete] = a.exactly::<5>(vm, "parse")?;
    let source = vm.buffer(source)?;
    let filename = text_arg(vm, filename, "filename")?;
    let fold = u8::try_from(vm.to_i64(fold)?).ok();
    let options = Options {
        optimize: fold.unwrap_or(0),
        allow_incomplete_input: vm.is_true(incomplete)?,
        ..Options::default()
    };
    let look = |tree: &lasti_compiler::ast::Module, text: &str| make::module(vm, tree, text);
    let made = lasti_compiler::with_tree(
        &source,
        &filename,
        mode_of(mode),
        &options,
        fold.is_some(),
        look,
    );
    made.map_err(|e| vm.syntax_error(&e))?
}

/// A tree's code object.
fn compile(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [tree, filename, mode, optimize, futures, top_level] = a.exactly::<6>(vm, "compile")?;
    let filename = text_arg(vm, filename, "filename")?;
    let options = Options {
        optimize: vm.to_i64(optimize)? as u8,
        future_flags: vm.to_i64(futures)? as u32,
        allow_top_level_await: vm.is_true(top_level)?,
        ..Options::default()
    };
    let reader = read::Reader::new(vm)?;
    let module = reader.module(tree, mode_of(mode))?;
    let depth = reader.max_depth.get();
    let code = lasti_compiler::compile_tree(module, depth, &filename, &options);
    Ok(vm.new_code(&code.map_err(|e| vm.syntax_error(&e))?).into())
}

/// What `_symtable` is made from, one tuple a scope.
fn scopes(vm: &Vm, _: &Value, a: Args) -> PyResult<Value> {
    let [source, filename, mode] = a.exactly::<3>(vm, "scopes")?;
    let source = vm.buffer(source)?;
    let filename = text_arg(vm, filename, "filename")?;
    let found = lasti_compiler::scopes(&source, &filename, mode_of(mode));
    let found = found.map_err(|e| vm.syntax_error(&e))?;
    Ok(vm.new_list(found.iter().map(|s| scope(vm, s)).collect()))
}

/// (name, type, lineno, nested, symbols, varnames, children)
fn scope(vm: &Vm, s: &lasti_compiler::ScopeInfo) -> Value {
    use lasti_compiler::BlockType;
    let kind = match s.kind {
        BlockType::Function => 0,
        BlockType::Class => 1,
        BlockType::Module => 2,
        BlockType::Annotation => 3,
        BlockType::TypeAlias => 4,
        BlockType::TypeParams => 5,
        BlockType::TypeVariable => 6,
    };
    let symbol = |(name, flags): &(std::rc::Rc<str>, u32)| {
        vm.tuple_value([vm.str_value(name), vm.new_int(i64::from(*flags))])
    };
    let fields = [
        vm.str_value(&s.name),
        Value::small_int(kind),
        vm.new_int(i64::from(s.line)),
        Value::small_int(i64::from(s.nested) as _),
        vm.new_list(s.symbols.iter().map(symbol).collect()),
        vm.new_list(s.varnames.iter().map(|n| vm.str_value(n)).collect()),
        vm.new_list(s.children.iter().map(|&c| vm.new_int(c as i64)).collect()),
    ];
    vm.tuple_value(fields)
}

fn mode_of(v: &Value) -> Mode {
    match text(v).as_deref() {
        Some("eval") => Mode::Eval,
        Some("single") => Mode::Single,
        _ => Mode::Exec,
    }
}
