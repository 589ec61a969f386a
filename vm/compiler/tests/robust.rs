//! Nothing makes the compiler panic or overflow the stack.
use lasti_compiler::{ErrorKind, Mode, Options, compile, compile_bytes};
use std::time::{Duration, Instant};

const SOURCE: &str = include_str!("golden/sample.py");

fn kind_of(source: &str) -> Result<(), ErrorKind> {
    compile(source, "x", Mode::Exec, &Options::default())
        .map(|_| ())
        .map_err(|e| e.kind)
}

/// Each shape nested `n` deep, by name.
fn nested(n: usize) -> Vec<(&'static str, String)> {
    let around = |open: &str, inner: &str, close: &str| open.repeat(n) + inner + &close.repeat(n);
    let strings: String = (0..n).map(|_| "'a' + ").collect();
    let blocks = |head: &str| -> String {
        let lines = (0..n).map(|i| " ".repeat(i.min(150)) + head + "\n");
        lines.collect::<String>() + &" ".repeat(n.min(151)) + "pass\n"
    };
    vec![
        ("parentheses", around("(", "x", ")")),
        ("tuples", around("(", "x", ",)")),
        ("lists", around("[", "x", "]")),
        ("dicts", around("{1:", "x", "}")),
        ("sets", around("{", "x", "}")),
        ("calls of calls", "f".to_owned() + &"(1)".repeat(n)),
        ("calls in calls", around("f(", "x", ")")),
        ("keywords in calls", around("f(a=", "x", ")")),
        ("subscripts of subscripts", "x".to_owned() + &"[1]".repeat(n)),
        ("subscripts in subscripts", around("x[", "1", "]")),
        ("attributes", "x".to_owned() + &".a".repeat(n)),
        ("minus", around("-", "x", "")),
        ("invert", around("~", "1", "")),
        ("not", around("not ", "x", "")),
        ("await", "async def f(): ".to_owned() + &around("await ", "x", "")),
        ("yield", "def f(): ".to_owned() + &around("(yield ", "x", ")")),
        ("operators", "1".to_owned() + &"+x".repeat(n)),
        ("powers", "x".to_owned() + &"**x".repeat(n)),
        ("comparisons", "x".to_owned() + &"<x".repeat(n)),
        ("or", "x".to_owned() + &" or x".repeat(n)),
        ("strings", strings + "'a'"),
        ("strings side by side", "'a' ".repeat(n)),
        ("lambda", around("lambda: ", "1", "")),
        ("lambda defaults", around("lambda x=", "1", ": x")),
        ("conditional", around("1 if x else ", "1", "")),
        ("comprehensions", around("[x for x in ", "y", "]")),
        ("elements of comprehensions", around("[", "x", " for x in y]")),
        ("walrus", around("(x := ", "1", ")")),
        ("starred", around("[*", "x", "]")),
        ("f-strings", around("f'{", "x", "}'")),
        ("f-string specs", "f'".to_owned() + &around("{x:", "", "}") + "'"),
        ("elif", "if x:\n  pass\n".to_owned() + &"elif x:\n  pass\n".repeat(n)),
        ("functions", blocks("def f():")),
        ("classes", blocks("class C:")),
        ("if", blocks("if x:")),
        ("try", "try: pass\nexcept x: pass\n".repeat(n)),
        ("decorators", "@f\n".repeat(n) + "def g(): pass\n"),
        ("targets", "x = ".repeat(n) + "1"),
        ("patterns", "match x:\n case ".to_owned() + &around("[", "a", "]") + ": pass"),
        ("or-patterns", "match x:\n case ".to_owned() + &"1 | ".repeat(n) + "2: pass"),
        ("class patterns", "match x:\n case ".to_owned() + &around("A(", "a", ")") + ": pass"),
        ("annotations", "x: ".to_owned() + &around("a[", "b", "]")),
        ("type parameters", "def f[T: ".to_owned() + &around("a[", "b", "]") + "](): pass"),
        ("with", "with ".to_owned() + &"a, ".repeat(n) + "b: pass"),
        ("continued lines", "x = \\\n".repeat(n)),
        ("open", "(".repeat(n)),
        ("open braces", "f{".repeat(n)),
        ("open f-strings", "f'{".repeat(n)),
        ("open lambda", "lambda x=".repeat(n)),
    ]
}

#[test]
fn nested_ten_thousand_deep() {
    let mut slow = Vec::new();
    for (what, source) in nested(10_000) {
        let start = Instant::now();
        for mode in [Mode::Exec, Mode::Eval, Mode::Single] {
            // A code object or an error, never a crash.
            let _ = compile(&source, "x", mode, &Options::default());
        }
        if start.elapsed() > Duration::from_secs(20) {
            slow.push((what, start.elapsed()));
        }
    }
    assert!(slow.is_empty(), "out of proportion: {slow:?}");
}

#[test]
fn deep_nesting_is_an_error_or_compiles() {
    let n = 100_000;
    let deep = [
        "-".repeat(n) + "1",
        "not ".repeat(n) + "1",
        "x".to_owned() + &".a".repeat(n),
        "x".to_owned() + &"(1)".repeat(n),
        "x".to_owned() + &"[1]".repeat(n),
        "1".to_owned() + &"+x".repeat(n),
        "x".to_owned() + &"**x".repeat(n),
        "lambda: ".repeat(n) + "1",
        "1 if x else ".repeat(n) + "1",
        "await ".repeat(n) + "1",
        "(".repeat(n) + &")".repeat(n),
        "[".repeat(n),
        "{".repeat(n),
        "f(".repeat(n),
        "if x:\n  pass\n".to_owned() + &"elif x:\n  pass\n".repeat(n / 10),
        "match x:\n case ".to_owned() + &"a | ".repeat(n / 10) + "b: pass",
        "x = ".repeat(n) + "1",
        "f'{".repeat(140) + &"}'".repeat(140),
        "async def f():\n with ".to_owned() + &"a, ".repeat(n / 100) + "b: pass",
    ];
    for source in &deep {
        let _ = kind_of(source);
    }
    let indents: String = (0..150).map(|i| " ".repeat(i) + "if x:\n").collect();
    assert_eq!(kind_of(&indents), Err(ErrorKind::Indentation));
    let brackets = "(".repeat(201) + &")".repeat(201);
    assert_eq!(kind_of(&brackets), Err(ErrorKind::Syntax));
}

#[test]
fn damaged_source_never_panics() {
    let bytes = SOURCE.as_bytes();
    let mut state = 1u64;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize
    };
    for _ in 0..1500 {
        let mut damaged = bytes.to_vec();
        for _ in 0..1 + next() % 3 {
            let at = next() % damaged.len();
            match next() % 4 {
                0 => drop(damaged.drain(at..(at + next() % 20).min(damaged.len()))),
                1 => damaged[at] = b"()[]{}'\"\\\n :,=*@#f"[next() % 18],
                2 => damaged.insert(at, b"()[]{}'\"\\\n \t;:=.0"[next() % 17]),
                _ => damaged.truncate(at.max(1)),
            }
        }
        let _ = compile_bytes(&damaged, "x", Mode::Exec, &Options::default());
        let _ = compile_bytes(&damaged, "x", Mode::Eval, &Options::default());
        let _ = compile_bytes(&damaged, "x", Mode::Single, &Options::default());
    }
}
