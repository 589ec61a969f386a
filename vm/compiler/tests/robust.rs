//! Nothing makes the compiler panic or overflow the stack.
use lasti_compiler::{ErrorKind, Mode, Options, compile, compile_bytes};

const SOURCE: &str = include_str!("golden/sample.py");

fn kind_of(source: &str) -> Result<(), ErrorKind> {
    compile(source, "x", Mode::Exec, &Options::default())
        .map(|_| ())
        .map_err(|e| e.kind)
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
