//! Code objects of random content go through [`dump`] and come back; damaged bytes give an error.
use super::*;
use crate::code::Position;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

fn cases(n: u32) -> TestRunner {
    let config = Config {
        cases: n,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]))
}

fn bytes() -> impl Strategy<Value = Box<[u8]>> {
    proptest::collection::vec(any::<u8>(), 0..20).prop_map(Into::into)
}

/// Text in which lone surrogates may stand.
fn wtf8() -> impl Strategy<Value = Wtf8> {
    let part = prop_oneof![
        4 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
        1 => Just(vec![0xED, 0xA0, 0x80]),
    ];
    proptest::collection::vec(part, 0..6).prop_map(|parts| Wtf8(parts.concat().into()))
}

fn name() -> impl Strategy<Value = Box<str>> {
    prop_oneof![
        Just("x".into()),
        Just("".into()),
        "[a-zé]{1,6}".prop_map(Into::into)
    ]
}

fn names() -> impl Strategy<Value = Box<[Box<str>]>> {
    proptest::collection::vec(name(), 0..5).prop_map(Into::into)
}

fn constant() -> impl Strategy<Value = Const> {
    let leaf = prop_oneof![
        Just(Const::None),
        Just(Const::True),
        Just(Const::False),
        Just(Const::Ellipsis),
        any::<i64>().prop_map(Const::Int),
        (-200..200_i64).prop_map(Const::Int),
        (any::<bool>(), bytes()).prop_map(|(sign, b)| Const::BigInt(sign, b)),
        any::<u64>().prop_map(|b| Const::Float(f64::from_bits(b))),
        (any::<f64>(), any::<f64>()).prop_map(|(a, b)| Const::Complex(a, b)),
        wtf8().prop_map(Const::Str),
        bytes().prop_map(Const::Bytes),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let items = proptest::collection::vec(inner.clone(), 0..5);
        let inner_code = proptest::collection::vec(inner, 0..3);
        prop_oneof![
            items.clone().prop_map(|v| Const::Tuple(v.into())),
            items.prop_map(|v| Const::FrozenSet(v.into())),
            (inner_code, simple_code()).prop_map(|(consts, mut c)| {
                c.consts = consts.into();
                Const::Code(Arc::new(c))
            }),
        ]
    })
}

fn positions() -> impl Strategy<Value = Vec<Position>> {
    let number = prop_oneof![0..300_u32, any::<u32>()];
    let one = (number.clone(), number.clone(), number.clone(), number);
    let one = one.prop_map(|(line, end_line, col, end_col)| Position {
        line,
        end_line,
        col,
        end_col,
    });
    proptest::collection::vec(one, 0..6)
}

/// A code object without constants.
fn simple_code() -> impl Strategy<Value = CodeData> {
    let numbers = proptest::collection::vec(prop_oneof![0..9_u32, any::<u32>()], 7);
    let lists = (names(), names(), names(), names(), names());
    let texts = (name(), name(), proptest::option::of(wtf8()));
    let raw = (bytes(), bytes(), positions());
    (numbers, lists, texts, raw, any::<bool>(), any::<bool>()).prop_map(
        |(n, lists, texts, raw, has_docstring, is_comprehension)| {
            let mut packed = Vec::new();
            Positions::pack(&raw.2, &mut packed);
            CodeData {
                argcount: n[0],
                posonlyargcount: n[1],
                kwonlyargcount: n[2],
                stacksize: n[3],
                flags: n[4],
                firstlineno: n[5],
                max_blocks: n[6],
                code: raw.0,
                lnotab: raw.1,
                positions: Positions::from_packed(&packed),
                consts: Box::default(),
                names: lists.0,
                varnames: lists.1,
                cellvars: lists.2,
                freevars: lists.3,
                static_attributes: lists.4,
                filename: "file.py".into(),
                name: texts.0,
                qualname: texts.1,
                clean_doc: texts.2,
                has_docstring,
                is_comprehension,
            }
        },
    )
}

fn code() -> impl Strategy<Value = CodeData> {
    let consts = proptest::collection::vec(constant(), 0..5);
    (simple_code(), consts).prop_map(|(mut c, consts)| {
        c.consts = consts.into();
        c
    })
}

#[test]
fn code_objects_come_back_as_they_were() {
    cases(400)
        .run(&code(), |c| {
            let dumped = dump(&c);
            let read = load(&dumped, "file.py");
            let read = read.map_err(|e| TestCaseError::fail(e.to_string()))?;
            // Constants have no `==`: floats are compared by their bits.
            prop_assert_eq!(dump(&read), dumped);
            prop_assert_eq!(format!("{read:?}"), format!("{c:?}"));
            Ok(())
        })
        .unwrap();
}

/// What reads an image, part by part.
fn read_parts(bytes: Vec<u8>, at: usize) {
    let kept: &'static [u8] = Box::leak(bytes.into_boxed_slice());
    if let Ok(image) = Image::open(kept, "file.py") {
        for place in [0, at] {
            let _ = (image.head(place), image.body(place), image.code(place));
        }
        for i in 0..image.count() as u32 + 2 {
            let _ = image.string(i);
        }
    }
}

#[test]
fn damaged_bytes_give_an_error_or_a_code_object() {
    let damage = proptest::collection::vec((any::<u16>(), any::<u8>(), 0..4_u8), 1..6);
    cases(1500)
        .run(&(code(), damage, any::<u16>()), |(c, damage, at)| {
            let mut bytes = dump(&c);
            for (place, with, how) in damage {
                let place = usize::from(place) % bytes.len().max(1);
                match how {
                    0 => bytes.truncate(place),
                    1 => bytes.insert(place.min(bytes.len()), with),
                    _ if bytes.is_empty() => {}
                    2 => bytes[place] = with,
                    _ => bytes[place] ^= 1 << (with % 8),
                }
            }
            // The first bytes are right more often than chance has it.
            for (b, m) in bytes.iter_mut().zip(MAGIC) {
                *b = m;
            }
            let _ = load(&bytes, "file.py");
            read_parts(bytes, at.into());
            Ok(())
        })
        .unwrap();
}

#[test]
fn random_bytes_give_an_error_or_a_code_object() {
    let any_bytes = proptest::collection::vec(any::<u8>(), 0..200);
    cases(2000)
        .run(&any_bytes, |tail| {
            let bytes = [&MAGIC[..], &tail].concat();
            let _ = load(&bytes, "file.py");
            read_parts(bytes, 3);
            Ok(())
        })
        .unwrap();
}

#[test]
fn positions_come_back_as_they_were() {
    cases(500)
        .run(&positions(), |p| {
            let mut packed = Vec::new();
            Positions::pack(&p, &mut packed);
            prop_assert_eq!(Positions::from_packed(&packed).unpack(p.len()), p);
            Ok(())
        })
        .unwrap();
}
