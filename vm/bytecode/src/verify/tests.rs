//! One test for each rule.
use super::*;
use std::sync::Arc;

/// A generator's code with two constants, a name, a local, a cell and a free variable.
fn code(units: &[(Op, u8)]) -> CodeData {
    CodeData {
        code: units.iter().flat_map(|u| [u.0 as u8, u.1]).collect(),
        consts: [
            Const::None,
            Const::Tuple([Const::Str(Wtf8(b"k"[..].into()))].into()),
        ]
        .into(),
        names: ["n".into()].into(),
        varnames: ["a".into()].into(),
        cellvars: ["c".into()].into(),
        freevars: ["f".into()].into(),
        argcount: 1,
        stacksize: 20,
        max_blocks: 5,
        flags: flags::OPTIMIZED | flags::GENERATOR,
        ..CodeData::default()
    }
}

use crate::code::Wtf8;
use Op::*;

fn passes(units: &[(Op, u8)]) -> Needs {
    match verify(&code(units)) {
        Ok(needs) => needs,
        Err(flaw) => panic!("{flaw}: {units:?}"),
    }
}

fn fails(units: &[(Op, u8)], why: &str) {
    match verify(&code(units)) {
        Ok(_) => panic!("passes, but should fail by {why:?}: {units:?}"),
        Err(flaw) => assert_eq!(flaw.what(), why, "{flaw}: {units:?}"),
    }
}

const END: [(Op, u8); 2] = [(LoadConst, 0), (ReturnValue, 0)];

fn with_end(units: &[(Op, u8)]) -> Vec<(Op, u8)> {
    [units, &END].concat()
}

#[test]
fn code_has_whole_instructions_and_an_end() {
    assert_eq!(passes(&END).stack, 1);
    fails(&[], "co_code is malformed");
    fails(&[(Nop, 0)], "co_code is malformed");
    fails(&[(LoadConst, 0), (PopTop, 0)], "co_code is malformed");
    for bytes in [&[100, 0, 83][..], &[100, 0, 83, 0, 144, 0]] {
        let flaw = verify(&CodeData {
            code: bytes.into(),
            ..code(&[])
        });
        assert!(flaw.is_err(), "{bytes:?}");
    }
    let unknown = verify(&CodeData {
        code: [255, 0, 83, 0].into(),
        ..code(&[])
    });
    assert_eq!(unknown.map_err(|f| f.what()), Err("unknown opcode"));
    // What no path leads to has to be well formed too.
    fails(
        &[
            (LoadConst, 0),
            (ReturnValue, 0),
            (LoadConst, 9),
            (ReturnValue, 0),
        ],
        "constant out of range",
    );
}

#[test]
fn operands_are_in_range() {
    for (op, arg, what) in [
        (LoadConst, 2, "constant out of range"),
        (LoadName, 1, "name out of range"),
        (LoadFast, 1, "local out of range"),
        (DeleteFast, 1, "local out of range"),
        (LoadClosure, 2, "cell out of range"),
        (LoadDeref, 2, "cell out of range"),
        (CompareOp, 11, "comparison out of range"),
        (Copy, 0, "bad operand"),
        (Swap, 1, "bad operand"),
        (ListAppend, 0, "bad operand"),
        (SetAdd, 0, "bad operand"),
        (MapAdd, 0, "bad operand"),
        (CallIntrinsic1, 6, "bad operand"),
        (CallIntrinsic1, 12, "bad operand"),
        (CallIntrinsic2, 0, "bad operand"),
        (CallIntrinsic2, 6, "bad operand"),
        (LoadCommonConstant, 2, "bad operand"),
        (CallFunctionEx, 2, "bad operand"),
        (PopFinally, 2, "bad operand"),
        (RaiseVarargs, 3, "bad operand"),
        (MakeFunction, 32, "bad operand"),
        (BuildSlice, 1, "bad operand"),
        (BuildSlice, 4, "bad operand"),
        (FormatValue, 8, "bad operand"),
        (BuildInterpolation, 2, "bad operand"),
        (BuildInterpolation, 16, "bad operand"),
    ] {
        fails(&with_end(&[(op, arg)]), what);
    }
    passes(&with_end(&[(LoadDeref, 1), (PopTop, 0)]));
}

#[test]
fn extended_arguments_belong_to_an_operand() {
    fails(
        &with_end(&[(ExtendedArg, 1), (LoadConst, 0), (PopTop, 0)]),
        "constant out of range",
    );
    fails(
        &with_end(&[(ExtendedArg, 0), (Nop, 0)]),
        "EXTENDED_ARG without operand",
    );
    fails(
        &with_end(&[
            (ExtendedArg, 0),
            (ExtendedArg, 0),
            (ExtendedArg, 0),
            (ExtendedArg, 0),
            (LoadConst, 0),
            (PopTop, 0),
        ]),
        "operand of more than four bytes",
    );
    passes(&with_end(&[(ExtendedArg, 0), (LoadConst, 0), (PopTop, 0)]));
    // Into the middle of one.
    fails(
        &with_end(&[
            (JumpForward, 2),
            (ExtendedArg, 0),
            (LoadConst, 0),
            (PopTop, 0),
        ]),
        "bad jump target",
    );
}

#[test]
fn jumps_lead_to_instructions() {
    for (op, arg) in [
        (JumpAbsolute, 1),
        (JumpAbsolute, 8),
        (JumpForward, 1),
        (JumpForward, 250),
        (SetupFinally, 250),
        (ForIter, 250),
        (CallFinally, 250),
    ] {
        fails(&with_end(&[(op, arg)]), "bad jump target");
    }
    passes(&with_end(&[(JumpForward, 0)]));
    passes(&[(JumpAbsolute, 0)]);
}

#[test]
fn the_stack_keeps_within_its_bounds() {
    fails(&with_end(&[(PopTop, 0)]), "stack underflow");
    fails(&with_end(&[(RotThree, 0)]), "stack underflow");
    fails(&with_end(&[(LoadConst, 0), (Copy, 2)]), "stack underflow");
    fails(&with_end(&[(LoadConst, 0), (Swap, 2)]), "stack underflow");
    fails(
        &with_end(&[(LoadConst, 0), (BuildTuple, 2)]),
        "stack underflow",
    );
    fails(
        &with_end(&[(LoadConst, 0), (ListAppend, 1)]),
        "stack underflow",
    );
    fails(
        &with_end(&[(LoadConst, 0), (CallFunction, 1)]),
        "stack underflow",
    );
    fails(&[(ReturnValue, 0)], "stack underflow");
    fails(&[(LoadConst, 0), (JumpAbsolute, 0)], STACK_TOO_SMALL);
    fails(
        &with_end(&[(LoadConst, 0), (UnpackSequence, 200)]),
        STACK_TOO_SMALL,
    );
    fails(
        &with_end(&[(LoadConst, 0), (UnpackEx, 200)]),
        STACK_TOO_SMALL,
    );
    // Where paths join with depths of their own, each is followed.
    fails(
        &[
            (LoadFast, 0),
            (PopJumpIfTrue, 6),
            (LoadConst, 0),
            (PopTop, 0),
            (LoadConst, 0),
            (ReturnValue, 0),
        ],
        "stack underflow",
    );
    assert_eq!(
        passes(&with_end(&[
            (LoadConst, 0),
            (UnpackSequence, 9),
            (BuildList, 9),
            (PopTop, 0)
        ]))
        .stack,
        9
    );
}

#[test]
fn blocks_keep_within_their_bounds() {
    fails(&with_end(&[(PopBlock, 0)]), "POP_BLOCK without block");
    fails(
        &with_end(&[(PopExcept, 0)]),
        "no exception is being handled",
    );
    fails(&with_end(&[(EndAsyncFor, 0)]), "stack underflow");
    fails(
        &with_end(&[(LoadConst, 0), (EndFinally, 0)]),
        "END_FINALLY outside of a finally",
    );
    fails(
        &with_end(&[(LoadConst, 0), (WithCleanupStart, 0)]),
        "WITH_CLEANUP_START outside of a with",
    );
    fails(
        &with_end(&[(LoadConst, 0), (LoadConst, 0), (WithCleanupFinish, 0)]),
        "WITH_CLEANUP_FINISH outside of a with",
    );
    fails(
        &with_end(&[(LoadConst, 0), (PopFinally, 0)]),
        "POP_FINALLY outside of a finally",
    );
    // A block is taken along a loop.
    fails(
        &[(SetupFinally, 2), (JumpAbsolute, 0), (JumpAbsolute, 4)],
        "too many blocks",
    );
    // What a handler goes back to is not touched within the block.
    fails(
        &[
            (LoadConst, 0),
            (SetupFinally, 6),
            (PopTop, 0),
            (PopBlock, 0),
            (LoadConst, 0),
            (ReturnValue, 0),
            (JumpAbsolute, 10),
        ],
        "stack below its block",
    );
    fails(
        &[
            (SetupFinally, 4),
            (LoadConst, 0),
            (ReturnValue, 0),
            (JumpAbsolute, 6),
        ],
        "return within a block",
    );
    let deep = CodeData {
        max_blocks: 0,
        ..code(&TRY)
    };
    assert_eq!(
        verify_all(&deep).map_err(|f| f.what()),
        Err("too many blocks")
    );
}

/// `try: n` / `except: pass`.
const TRY: [(Op, u8); 12] = [
    (SetupFinally, 8),
    (LoadName, 0),
    (PopTop, 0),
    (PopBlock, 0),
    (JumpForward, 10),
    (PopTop, 0),
    (PopTop, 0),
    (PopTop, 0),
    (PopExcept, 0),
    (JumpForward, 0),
    (LoadConst, 0),
    (ReturnValue, 0),
];

#[test]
fn handlers_start_with_six_values() {
    assert_eq!(
        passes(&TRY),
        Needs {
            stack: 6,
            blocks: 1
        }
    );
    let small = CodeData {
        stacksize: 5,
        ..code(&TRY)
    };
    assert_eq!(verify(&small).map_err(|f| f.what()), Err(STACK_TOO_SMALL));
    let mut one_less = TRY;
    one_less[5].0 = Nop;
    // The return leaves more on the stack, which does no harm.
    passes(&one_less);
    let mut one_more = TRY;
    one_more[9] = (PopTop, 0);
    fails(&one_more, "stack underflow");
}

#[test]
fn a_finally_is_entered_in_three_ways() {
    // try: n / finally: n, and a return out of it.
    let all = [
        (SetupFinally, 12),
        (LoadFast, 0),
        (PopBlock, 0),
        (CallFinally, 6),
        (ReturnValue, 0),
        (PopBlock, 0),
        (BeginFinally, 0),
        (LoadName, 0),
        (PopTop, 0),
        (EndFinally, 0),
        (LoadConst, 0),
        (ReturnValue, 0),
    ];
    passes(&all);
    // Two addresses, then one is taken for a value.
    let mut bad = all;
    bad[8] = (Nop, 0);
    fails(&bad, "END_FINALLY outside of a finally");
    fails(
        &[(BeginFinally, 0), (ReturnValue, 0)],
        "NULL or an address as a value",
    );
    fails(
        &[(CallFinally, 0), (ReturnValue, 0)],
        "NULL or an address as a value",
    );
}

#[test]
fn with_ends_in_order() {
    let all = [
        (LoadFast, 0),
        (SetupWith, 6),
        (PopTop, 0),
        (PopBlock, 0),
        (BeginFinally, 0),
        (WithCleanupStart, 0),
        (WithCleanupFinish, 0),
        (EndFinally, 0),
        (LoadConst, 0),
        (ReturnValue, 0),
    ];
    assert_eq!(
        passes(&all),
        Needs {
            stack: 9,
            blocks: 1
        }
    );
    let mut bad = all;
    bad[6] = (Nop, 0);
    fails(&bad, "END_FINALLY outside of a finally");
}

#[test]
fn nulls_stay_where_they_belong() {
    passes(&with_end(&[
        (LoadFast, 0),
        (LoadMethod, 0),
        (CallMethod, 0),
        (PopTop, 0),
    ]));
    fails(
        &[
            (LoadFast, 0),
            (LoadMethod, 0),
            (BuildTuple, 2),
            (ReturnValue, 0),
        ],
        "NULL or an address as a value",
    );
    fails(
        &[
            (LoadFast, 0),
            (LoadMethod, 0),
            (PopTop, 0),
            (ReturnValue, 0),
        ],
        "NULL or an address as a value",
    );
}

#[test]
fn keyword_names_are_a_constant() {
    let call = |names, n| {
        [
            (LoadFast, 0),
            (LoadConst, 0),
            (LoadConst, names),
            (CallFunctionKw, n),
            (ReturnValue, 0),
        ]
    };
    passes(&call(1, 1));
    fails(&call(0, 1), "bad keyword names");
    fails(&call(1, 0), "bad keyword names");
}

#[test]
fn only_generators_yield() {
    let units = with_end(&[(LoadFast, 0), (YieldValue, 0), (PopTop, 0)]);
    passes(&units);
    let plain = CodeData {
        flags: flags::OPTIMIZED,
        ..code(&units)
    };
    let found = verify(&plain).map_err(|f| f.what());
    assert_eq!(found, Err("yield outside of a generator"));
    fails(
        &with_end(&[
            (LoadFast, 0),
            (LoadFast, 0),
            (YieldValue, 0),
            (YieldFrom, 0),
            (PopTop, 0),
        ]),
        "YIELD_FROM behind YIELD_VALUE",
    );
}

#[test]
fn variables_fit_the_counts() {
    let base = || code(&END);
    for (bad, what) in [
        (
            CodeData {
                argcount: 2,
                ..base()
            },
            "co_varnames is too small",
        ),
        (
            CodeData {
                kwonlyargcount: 1,
                ..base()
            },
            "co_varnames is too small",
        ),
        (
            CodeData {
                flags: base().flags | flags::VARARGS,
                ..base()
            },
            "co_varnames is too small",
        ),
        (
            CodeData {
                argcount: u32::MAX,
                ..base()
            },
            "co_varnames is too small",
        ),
        (
            CodeData {
                posonlyargcount: 2,
                ..base()
            },
            "co_posonlyargcount is too large",
        ),
        (
            CodeData {
                stacksize: 65_536,
                ..base()
            },
            "co_stacksize is too large",
        ),
        (
            CodeData {
                stacksize: 0,
                ..base()
            },
            STACK_TOO_SMALL,
        ),
    ] {
        assert_eq!(verify(&bad).map_err(|f| f.what()), Err(what));
    }
    let many = CodeData {
        max_blocks: 256,
        ..base()
    };
    assert_eq!(
        verify_all(&many).map_err(|f| f.what()),
        Err("too many blocks")
    );
}

#[test]
fn nested_code_is_checked() {
    let inner = Const::Code(Arc::new(code(&[(ReturnValue, 0)])));
    let tuple = Const::Tuple([inner.clone()].into());
    for c in [inner, tuple] {
        let outer = CodeData {
            consts: [Const::None, c].into(),
            ..code(&END)
        };
        assert!(verify(&outer).is_ok());
        assert!(verify_all(&outer).is_err());
    }
}

#[test]
fn code_with_very_many_paths_is_refused_in_time() {
    // Each of these leaves a value or none: the stacks at the end are many, and so are the ways.
    let mut units = Vec::new();
    for n in 0..60u8 {
        let to = u32::from(n) * 8 + 8;
        units.push((LoadFast, 0));
        units.push((ExtendedArg, (to >> 8) as u8));
        units.push((PopJumpIfTrue, to as u8));
        units.push((if n % 2 == 0 { BeginFinally } else { Nop }, 0));
    }
    units.extend(END);
    let _ = verify(&CodeData {
        stacksize: 60_000,
        ..code(&units)
    });
}
