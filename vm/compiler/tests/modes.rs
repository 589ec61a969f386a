//! Modes, options and side data.
use lasti_bytecode::code::Const;
use lasti_compiler::{ErrorKind, Mode, Options, compile, compile_bytes};

#[test]
fn eval_and_single() {
    let options = Options::default();
    let names = |code: &lasti_bytecode::code::CodeData| lasti_bytecode::dis::dis(code);
    let code = compile("(1,\n x)\n", "x", Mode::Eval, &options).expect("an expression");
    assert!(names(&code).contains("BUILD_TUPLE"));
    let code = compile("f(x)\n", "x", Mode::Single, &options).expect("a statement");
    assert!(names(&code).contains("PRINT_EXPR"));
    assert!(compile("x = 1\ny = 2\n", "x", Mode::Single, &options).is_err());
    assert!(compile("x = 1", "x", Mode::Eval, &options).is_err());
}

#[test]
fn incomplete_input() {
    let options = Options {
        allow_incomplete_input: true,
        ..Options::default()
    };
    for source in ["if x:\n", "f(1,\n", "'''abc\n", "def f():\n"] {
        let error = compile(source, "x", Mode::Single, &options).expect_err("not whole");
        assert_eq!(error.kind, ErrorKind::Incomplete, "{source}");
    }
    let error = compile("x = )", "x", Mode::Single, &options).expect_err("wrong");
    assert_eq!(error.kind, ErrorKind::Syntax);
}

#[test]
fn encodings() {
    let options = Options::default();
    let code = compile_bytes(
        b"# coding: latin-1\nx = '\xe9'\n",
        "x",
        Mode::Exec,
        &options,
    )
    .expect("decodes");
    assert!(matches!(&code.consts[0], Const::Str(s) if &s.0[..] == "é".as_bytes()));
    let error =
        compile_bytes(b"x = 1\ny = '\xe9'\n", "x", Mode::Exec, &options).expect_err("not UTF-8");
    assert!(
        error
            .msg
            .starts_with("Non-UTF-8 code starting with '\\xe9' on line 2"),
        "{}",
        error.msg
    );
    assert!(compile_bytes(b"\xef\xbb\xbfx = 1\r\ny = 2\r\n", "x", Mode::Exec, &options).is_ok());
}

#[test]
fn side_data() {
    let source = "class A:\n    \"\"\"Doc.\n\n    More.\n    \"\"\"\n    def f(self):\n        self.x = self.y = 1\n";
    let code = compile(source, "x", Mode::Exec, &Options::default()).expect("compiles");
    let Some(Const::Code(class)) = code.consts.iter().find(|c| matches!(c, Const::Code(_))) else {
        panic!("the class body is a constant");
    };
    assert!(class.has_docstring);
    let clean = class.clean_doc.as_ref().expect("it is indented");
    assert_eq!(&clean.0[..], b"Doc.\n\nMore.\n");
    assert_eq!(class.static_attributes.join(","), "x,y");
    assert_eq!(&*class.qualname, "A");
}
