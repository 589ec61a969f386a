//! `_lasti_ast`: syntax trees as `ast` node objects, in both directions, for `compile()`.
use crate::util::{PyResult, Ref, Value, Vm, text, text_arg};
use lasti_compiler::{Mode, Options};
use lasti_core::objects::Module;

mod make;
mod read;

pub(crate) fn init(vm: &Vm) -> PyResult<Ref<Module>> {
    let m = vm.new_module("_lasti_ast");
    // parse(source, filename, mode, fold, allow_incomplete): a text's tree; `fold` is -1 or the level of -O.
    vm.add_function(&m, "parse", "", |vm, _, a| {
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
    });
    // compile(tree, filename, mode, optimize, future_flags, top_level_await): a tree's code object.
    vm.add_function(&m, "compile", "", |vm, _, a| {
        let [tree, filename, mode, optimize, futures, top_level] = a.exactly::<6>(vm, "compile")?;
        let filename = text_arg(vm, filename, "filename")?;
        let options = Options {
            optimize: vm.to_i64(optimize)? as u8,
            future_flags: vm.to_i64(futures)? as u32,
            allow_top_level_await: vm.is_true(top_level)?,
            ..Options::default()
        };
        let text = options.future_flags & lasti_compiler::FUTURE_ANNOTATIONS != 0;
        let reader = read::Reader::new(vm, text)?;
        let module = reader.module(tree, mode_of(mode))?;
        let depth = reader.max_depth.get();
        let code = lasti_compiler::compile_tree(module, depth, &filename, &options);
        Ok(vm.new_code(&code.map_err(|e| vm.syntax_error(&e))?).into())
    });
    Ok(m)
}

fn mode_of(v: &Value) -> Mode {
    match text(v).as_deref() {
        Some("eval") => Mode::Eval,
        Some("single") => Mode::Single,
        _ => Mode::Exec,
    }
}
