//! The opcode table: CPython 3.8's opcodes with their numbers, and our own in numbers 3.8 leaves free.
//!
//! One table ([`for_each_op`](crate::for_each_op)) holds number, name, origin, operand kind, stack effect and meaning; all that
//! knows opcodes is made of it. In `( a, b -- c )` the top of the stack stands on the right. Opcodes below 90 ignore their operand.
//!
//! # Encodings the interpreter has to know
//!
//! **Lazy annotations (PEP 649).** A function with annotations is made with bit 16 of MAKE_FUNCTION: the
//! annotate function lies below the closure. Its code is named `__annotate__`, takes one positional-only
//! argument `.format`, raises NotImplementedError (through LOAD_COMMON_CONSTANT) for a format above 2 and
//! returns a fresh dict. A class body stores its annotate function under `__annotate_func__`, at its end; a
//! module stores `__annotate__` as its first instructions. Annotations that a module (or a class, in a
//! conditional block) reaches are noted by number in the set `__conditional_annotations__`.
//!
//! **Class namespace seen from inside.** Annotate functions, type-parameter scopes and lazy type
//! evaluators in a class look names up in the class's namespace first: the class body starts with
//! `LOAD_LOCALS; STORE_DEREF __classdict__`, ends by storing the cell itself under `__classdictcell__`
//! (type creation takes that name out of the namespace, and puts the new class's `__dict__` mapping
//! into the cell), and the inner code uses `LOAD_DEREF __classdict__; LOAD_FROM_DICT_OR_*`.
//!
//! **Type parameters.** `def f[T]` / `class C[T]` compile to a function `<generic parameters of f>` that is
//! made and called at once; it creates the parameters with CALL_INTRINSIC_1/2. Bounds, constraints,
//! defaults and the value of `type X = ...` are functions with one positional-only argument `.format`
//! (default 1).
//!
//! **except\*.** The handler keeps `(orig, list, rest)` on the stack. See CHECK_EG_MATCH, STAR_COLLECT,
//! `intrinsic2::PREP_RERAISE_STAR` and RERAISE.

/// What the operand of an opcode means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// No operand.
    None,
    /// A count, flags or a stack index.
    Arg,
    /// Index into `co_consts`.
    Const,
    /// Index into `co_names`.
    Name,
    /// Index into `co_varnames`.
    Local,
    /// Index into `co_cellvars + co_freevars`.
    Free,
    /// Bytes from the next instruction.
    JumpRel,
    /// Byte offset from the start.
    JumpAbs,
    /// Index into [`CMP_OP`].
    Compare,
}

/// Texts of COMPARE_OP's operands.
pub const CMP_OP: [&str; 12] = [
    "<",
    "<=",
    "==",
    "!=",
    ">",
    ">=",
    "in",
    "not in",
    "is",
    "is not",
    "exception match",
    "BAD",
];

/// Opcodes from this number on use their operand.
pub const HAVE_ARGUMENT: u8 = 90;

/// Operands of CALL_INTRINSIC_1 (3.14's numbers).
pub mod intrinsic1 {
    /// `TypeVar(TOS)`, the name as str.
    pub const TYPEVAR: u32 = 7;
    /// `ParamSpec(TOS)`.
    pub const PARAMSPEC: u32 = 8;
    /// `TypeVarTuple(TOS)`.
    pub const TYPEVARTUPLE: u32 = 9;
    /// `typing.Generic[unpacked TOS]`, TOS a tuple of parameters.
    pub const SUBSCRIPT_GENERIC: u32 = 10;
    /// TypeAliasType from the tuple `(name, type_params or None, evaluator)`.
    pub const TYPEALIAS: u32 = 11;
}

/// Operands of CALL_INTRINSIC_2 (3.14's numbers).
pub mod intrinsic2 {
    /// `(orig, list -- exc or None)`: what an `except*` still has to raise (list holds raised and
    /// unhandled exceptions and Nones).
    pub const PREP_RERAISE_STAR: u32 = 1;
    /// `(name, evaluator -- TypeVar)` with a lazily evaluated bound.
    pub const TYPEVAR_WITH_BOUND: u32 = 2;
    /// `(name, evaluator -- TypeVar)` with lazily evaluated constraints (the evaluator returns a tuple).
    pub const TYPEVAR_WITH_CONSTRAINTS: u32 = 3;
    /// `(function, tuple -- function)`: set `__type_params__`.
    pub const SET_FUNCTION_TYPE_PARAMS: u32 = 4;
    /// `(param, evaluator -- param)`: set the lazily evaluated default.
    pub const SET_TYPEPARAM_DEFAULT: u32 = 5;
}

/// Operands of LOAD_COMMON_CONSTANT (3.14's numbers).
pub mod common_constant {
    pub const ASSERTION_ERROR: u32 = 0;
    pub const NOT_IMPLEMENTED_ERROR: u32 = 1;
}

/// Bits of MAKE_FUNCTION's operand.
pub mod make_function {
    pub const DEFAULTS: u32 = 0x01;
    pub const KWDEFAULTS: u32 = 0x02;
    pub const ANNOTATIONS: u32 = 0x04;
    pub const CLOSURE: u32 = 0x08;
    /// Ours: a lazily evaluated annotate function.
    pub const ANNOTATE: u32 = 0x10;
}

/// Calls the macro `$callback` with `{$args}` and the table of all opcodes: `$callback! { {$args} |arg| rows }`.
///
/// A row is `number Variant "NAME" origin path operand (fall, jump) "doc";`:
/// - `origin`: `cpython` for an opcode of CPython 3.8, `own` for one of ours;
/// - `path`: `fast` where the interpreter's loop does it itself in every case, `slow` where it (also) leaves it to the general path;
/// - `(fall, jump)`: net effect on the stack depth in terms of `arg`, without and with the branch taken, as 3.8's compiler reckons it.
///
/// The enum [`Op`], the disassembler, the stack-depth pass, the interpreter's instruction set and the pattern of what its loop leaves to
/// the general path are made of this one table.
#[macro_export]
#[rustfmt::skip]
macro_rules! for_each_op {
    ($callback:ident {$($args:tt)*}) => {
        $callback! { {$($args)*} |arg|
            1 PopTop "POP_TOP" cpython fast None (-1, -1) "Drop TOS.";
            2 RotTwo "ROT_TWO" cpython fast None (0, 0) "Swap the two topmost values.";
            3 RotThree "ROT_THREE" cpython slow None (0, 0) "Lift the second and third value, put TOS below them.";
            4 DupTop "DUP_TOP" cpython fast None (1, 1) "Push TOS again.";
            5 DupTopTwo "DUP_TOP_TWO" cpython slow None (2, 2) "Push the two topmost values again, same order.";
            6 RotFour "ROT_FOUR" cpython slow None (0, 0) "Lift the second to fourth value, put TOS below them.";
            9 Nop "NOP" cpython fast None (0, 0) "Nothing.";
            10 UnaryPositive "UNARY_POSITIVE" cpython slow None (0, 0) "`TOS = +TOS`.";
            11 UnaryNegative "UNARY_NEGATIVE" cpython slow None (0, 0) "`TOS = -TOS`.";
            12 UnaryNot "UNARY_NOT" cpython fast None (0, 0) "`TOS = not TOS`.";
            15 UnaryInvert "UNARY_INVERT" cpython slow None (0, 0) "`TOS = ~TOS`.";
            16 BinaryMatrixMultiply "BINARY_MATRIX_MULTIPLY" cpython slow None (-1, -1) "`TOS1 @ TOS`.";
            17 InplaceMatrixMultiply "INPLACE_MATRIX_MULTIPLY" cpython slow None (-1, -1) "`TOS1 @= TOS`.";
            19 BinaryPower "BINARY_POWER" cpython slow None (-1, -1) "`TOS1 ** TOS`.";
            20 BinaryMultiply "BINARY_MULTIPLY" cpython fast None (-1, -1) "`TOS1 * TOS`.";
            22 BinaryModulo "BINARY_MODULO" cpython fast None (-1, -1) "`TOS1 % TOS`.";
            23 BinaryAdd "BINARY_ADD" cpython fast None (-1, -1) "`TOS1 + TOS`.";
            24 BinarySubtract "BINARY_SUBTRACT" cpython fast None (-1, -1) "`TOS1 - TOS`.";
            25 BinarySubscr "BINARY_SUBSCR" cpython fast None (-1, -1) "`TOS1[TOS]`.";
            26 BinaryFloorDivide "BINARY_FLOOR_DIVIDE" cpython slow None (-1, -1) "`TOS1 // TOS`.";
            27 BinaryTrueDivide "BINARY_TRUE_DIVIDE" cpython slow None (-1, -1) "`TOS1 / TOS`.";
            28 InplaceFloorDivide "INPLACE_FLOOR_DIVIDE" cpython slow None (-1, -1) "`TOS1 //= TOS`.";
            29 InplaceTrueDivide "INPLACE_TRUE_DIVIDE" cpython slow None (-1, -1) "`TOS1 /= TOS`.";
            30 GetLen "GET_LEN" own slow None (1, 1) "Push `len(TOS)`, keep TOS: `(s -- s, len)`.";
            31 MatchMapping "MATCH_MAPPING" own slow None (1, 1) "Push whether TOS is a mapping pattern's subject (Py_TPFLAGS_MAPPING): `(s -- s, bool)`.";
            32 MatchSequence "MATCH_SEQUENCE" own slow None (1, 1) "Push whether TOS is a sequence pattern's subject (Py_TPFLAGS_SEQUENCE): `(s -- s, bool)`.";
            33 MatchKeys "MATCH_KEYS" own slow None (1, 1) "`(s, keys -- s, keys, values)`: tuple of `s[key]` (through `s.get`) for the tuple of keys, or None when one is missing; duplicate keys raise ValueError.";
            34 CheckEgMatch "CHECK_EG_MATCH" own slow None (0, 0) "`(rest, type -- rest', match)`: one `except*` clause as 3.14's CHECK_EG_MATCH. `rest` may be None (then both None). Match is None or an exception group, and when not None it also becomes the exception being handled (what `sys.exc_info()` shows).";
            35 StarCollect "STAR_COLLECT" own slow None (-6, -6) "At the entry of an `except*` body's handler: `(list, rest, [old tb, val, type], tb, val, type -- list, rest)`. Append `val` to `list`, pop the EXCEPT_HANDLER block and restore the old exception as POP_EXCEPT does.";
            36 Reraise "RERAISE" own slow None (-1, -1) "Pop an exception instance and raise it with the traceback and context it has; no new entry of `__context__`.";
            37 LoadLocals "LOAD_LOCALS" own slow None (1, 1) "Push the namespace of the frame (the mapping in `f_locals`).";
            38 BuildTemplate "BUILD_TEMPLATE" own slow None (-1, -1) "`(strings, interpolations -- Template)`, both tuples.";
            50 GetAiter "GET_AITER" cpython slow None (0, 0) "`TOS = type(TOS).__aiter__(TOS)`.";
            51 GetAnext "GET_ANEXT" cpython slow None (1, 1) "Push the awaitable of `type(TOS).__anext__(TOS)`.";
            52 BeforeAsyncWith "BEFORE_ASYNC_WITH" cpython slow None (1, 1) "`(mgr -- aexit, aenter())`.";
            53 BeginFinally "BEGIN_FINALLY" cpython slow None (6, 6) "Push NULL for the finally code that follows (the table counts 6 so that it balances END_FINALLY).";
            54 EndAsyncFor "END_ASYNC_FOR" cpython slow None (-7, -7) "End of `async for`: swallow StopAsyncIteration (pop 7) or raise again.";
            55 InplaceAdd "INPLACE_ADD" cpython fast None (-1, -1) "`TOS1 += TOS`.";
            56 InplaceSubtract "INPLACE_SUBTRACT" cpython fast None (-1, -1) "`TOS1 -= TOS`.";
            57 InplaceMultiply "INPLACE_MULTIPLY" cpython fast None (-1, -1) "`TOS1 *= TOS`.";
            59 InplaceModulo "INPLACE_MODULO" cpython fast None (-1, -1) "`TOS1 %= TOS`.";
            60 StoreSubscr "STORE_SUBSCR" cpython fast None (-3, -3) "`TOS1[TOS] = TOS2`.";
            61 DeleteSubscr "DELETE_SUBSCR" cpython slow None (-2, -2) "`del TOS1[TOS]`.";
            62 BinaryLshift "BINARY_LSHIFT" cpython slow None (-1, -1) "`TOS1 << TOS`.";
            63 BinaryRshift "BINARY_RSHIFT" cpython slow None (-1, -1) "`TOS1 >> TOS`.";
            64 BinaryAnd "BINARY_AND" cpython slow None (-1, -1) "`TOS1 & TOS`.";
            65 BinaryXor "BINARY_XOR" cpython slow None (-1, -1) "`TOS1 ^ TOS`.";
            66 BinaryOr "BINARY_OR" cpython slow None (-1, -1) "`TOS1 | TOS`.";
            67 InplacePower "INPLACE_POWER" cpython slow None (-1, -1) "`TOS1 **= TOS`.";
            68 GetIter "GET_ITER" cpython slow None (0, 0) "`TOS = iter(TOS)`.";
            69 GetYieldFromIter "GET_YIELD_FROM_ITER" cpython slow None (0, 0) "`iter(TOS)` for `yield from`; a generator or (in coroutines) a coroutine stays.";
            70 PrintExpr "PRINT_EXPR" cpython slow None (-1, -1) "Interactive mode: hand TOS to `sys.displayhook`.";
            71 LoadBuildClass "LOAD_BUILD_CLASS" cpython slow None (1, 1) "Push `builtins.__build_class__`.";
            72 YieldFrom "YIELD_FROM" cpython slow None (-1, -1) "`(receiver, sent -- result)`: delegate; suspends until the receiver is finished.";
            73 GetAwaitable "GET_AWAITABLE" cpython fast None (0, 0) "`TOS = awaitable(TOS)`.";
            75 InplaceLshift "INPLACE_LSHIFT" cpython slow None (-1, -1) "`TOS1 <<= TOS`.";
            76 InplaceRshift "INPLACE_RSHIFT" cpython slow None (-1, -1) "`TOS1 >>= TOS`.";
            77 InplaceAnd "INPLACE_AND" cpython slow None (-1, -1) "`TOS1 &= TOS`.";
            78 InplaceXor "INPLACE_XOR" cpython slow None (-1, -1) "`TOS1 ^= TOS`.";
            79 InplaceOr "INPLACE_OR" cpython slow None (-1, -1) "`TOS1 |= TOS`.";
            81 WithCleanupStart "WITH_CLEANUP_START" cpython slow None (2, 2) "Call `__exit__`; pushes the exception type (or None) and the result (CPython's ceval.c, 3.8).";
            82 WithCleanupFinish "WITH_CLEANUP_FINISH" cpython slow None (-3, -3) "Act on the result of `__exit__`.";
            83 ReturnValue "RETURN_VALUE" cpython slow None (-1, -1) "Return TOS.";
            84 ImportStar "IMPORT_STAR" cpython slow None (-1, -1) "`from TOS import *` into the locals.";
            85 SetupAnnotations "SETUP_ANNOTATIONS" cpython slow None (0, 0) "Make `__annotations__` in the locals (never emitted: annotations are lazy here).";
            86 YieldValue "YIELD_VALUE" cpython slow None (0, 0) "Yield TOS; the value sent in takes its place.";
            87 PopBlock "POP_BLOCK" cpython fast None (0, 0) "Pop a block.";
            88 EndFinally "END_FINALLY" cpython slow None (-6, -6) "End of a finally: NULL falls through, an address jumps there, an exception is raised again.";
            89 PopExcept "POP_EXCEPT" cpython slow None (-3, -3) "Pop the EXCEPT_HANDLER block and restore the older exception.";
            90 StoreName "STORE_NAME" cpython slow Name (-1, -1) "`name = TOS` in the locals mapping.";
            91 DeleteName "DELETE_NAME" cpython slow Name (0, 0) "`del name` in the locals mapping.";
            92 UnpackSequence "UNPACK_SEQUENCE" cpython fast Arg (arg-1, arg-1) "Unpack TOS into `arg` values, leftmost on top.";
            93 ForIter "FOR_ITER" cpython fast JumpRel (1, -1) "Push `next(TOS)`, or pop the iterator and jump.";
            94 UnpackEx "UNPACK_EX" cpython slow Arg ((arg&0xff)+(arg>>8), (arg&0xff)+(arg>>8)) "Unpack with a star: low byte before, high byte after.";
            95 StoreAttr "STORE_ATTR" cpython slow Name (-2, -2) "`TOS.name = TOS1`.";
            96 DeleteAttr "DELETE_ATTR" cpython slow Name (-1, -1) "`del TOS.name`.";
            97 StoreGlobal "STORE_GLOBAL" cpython slow Name (-1, -1) "`name = TOS` in the globals.";
            98 DeleteGlobal "DELETE_GLOBAL" cpython slow Name (0, 0) "`del name` in the globals.";
            100 LoadConst "LOAD_CONST" cpython fast Const (1, 1) "Push `co_consts[arg]`.";
            101 LoadName "LOAD_NAME" cpython slow Name (1, 1) "Push `name` from locals, globals or builtins.";
            102 BuildTuple "BUILD_TUPLE" cpython slow Arg (1-arg, 1-arg) "Tuple of `arg` values.";
            103 BuildList "BUILD_LIST" cpython slow Arg (1-arg, 1-arg) "List of `arg` values.";
            104 BuildSet "BUILD_SET" cpython slow Arg (1-arg, 1-arg) "Set of `arg` values.";
            105 BuildMap "BUILD_MAP" cpython slow Arg (1-2*arg, 1-2*arg) "Dict of `arg` key/value pairs.";
            106 LoadAttr "LOAD_ATTR" cpython slow Name (0, 0) "`TOS = TOS.name`.";
            107 CompareOp "COMPARE_OP" cpython fast Compare (-1, -1) "Compare TOS1 with TOS (index into `CMP_OP`).";
            108 ImportName "IMPORT_NAME" cpython slow Name (-1, -1) "`(level, fromlist -- module)`.";
            109 ImportFrom "IMPORT_FROM" cpython slow Name (1, 1) "Push attribute `name` of the module TOS, keep TOS.";
            110 JumpForward "JUMP_FORWARD" cpython fast JumpRel (0, 0) "Jump by `arg` bytes.";
            111 JumpIfFalseOrPop "JUMP_IF_FALSE_OR_POP" cpython fast JumpAbs (-1, 0) "Jump when TOS is false, else pop it.";
            112 JumpIfTrueOrPop "JUMP_IF_TRUE_OR_POP" cpython fast JumpAbs (-1, 0) "Jump when TOS is true, else pop it.";
            113 JumpAbsolute "JUMP_ABSOLUTE" cpython fast JumpAbs (0, 0) "Jump to byte `arg`.";
            114 PopJumpIfFalse "POP_JUMP_IF_FALSE" cpython fast JumpAbs (-1, -1) "Pop; jump when false.";
            115 PopJumpIfTrue "POP_JUMP_IF_TRUE" cpython fast JumpAbs (-1, -1) "Pop; jump when true.";
            116 LoadGlobal "LOAD_GLOBAL" cpython slow Name (1, 1) "Push `name` from globals or builtins.";
            117 MatchClass "MATCH_CLASS" own slow Arg (-2, -2) "`(subject, class, names -- attrs)`: `arg` positional sub-patterns plus the tuple of keyword names; tuple of attributes, or None when it does not match.";
            118 Copy "COPY" own slow Arg (1, 1) "Push the `arg`-th value from the top (1 is TOS).";
            119 Swap "SWAP" own slow Arg (0, 0) "Swap TOS with the `arg`-th value from the top (2 is TOS1).";
            120 CallIntrinsic1 "CALL_INTRINSIC_1" own slow Arg (0, 0) "`TOS = f(TOS)`, see `intrinsic1`.";
            121 CallIntrinsic2 "CALL_INTRINSIC_2" own slow Arg (-1, -1) "`(a, b -- f(a, b))`, see `intrinsic2`.";
            122 SetupFinally "SETUP_FINALLY" cpython fast JumpRel (0, 6) "Push a block whose handler is `arg` bytes ahead.";
            124 LoadFast "LOAD_FAST" cpython fast Local (1, 1) "Push a local.";
            125 StoreFast "STORE_FAST" cpython fast Local (-1, -1) "Store a local.";
            126 DeleteFast "DELETE_FAST" cpython slow Local (0, 0) "Delete a local.";
            127 LoadCommonConstant "LOAD_COMMON_CONSTANT" own slow Arg (1, 1) "Push a builtin that no name can shadow, see `common_constant`.";
            128 LoadFromDictOrGlobals "LOAD_FROM_DICT_OR_GLOBALS" own slow Name (0, 0) "`(mapping -- value)`: `name` from the mapping, else from globals, else builtins.";
            129 LoadFromDictOrDeref "LOAD_FROM_DICT_OR_DEREF" own slow Free (0, 0) "`(mapping -- value)`: the cell's name from the mapping, else the cell's content.";
            130 RaiseVarargs "RAISE_VARARGS" cpython slow Arg (-arg, -arg) "Raise: 0 again, 1 exception, 2 exception and cause.";
            131 CallFunction "CALL_FUNCTION" cpython fast Arg (-arg, -arg) "Call with `arg` positional arguments.";
            132 MakeFunction "MAKE_FUNCTION" cpython slow Arg (-1-arg.count_ones() as i32, -1-arg.count_ones() as i32) "Make a function: `(defaults 1, kwdefaults 2, annotations 4, annotate function 16, closure 8, code, qualname -- function)`; only those whose bit is in `arg` are there, in this order.";
            133 BuildSlice "BUILD_SLICE" cpython slow Arg (if arg==3 {-2}else{-1}, if arg==3 {-2}else{-1}) "Slice of 2 or 3 values.";
            134 BuildInterpolation "BUILD_INTERPOLATION" own slow Arg (if arg&1==1 {-2}else{-1}, if arg&1==1 {-2}else{-1}) "`(value, source text, [format spec] -- Interpolation)`: a spec is there when bit 0 is set; `arg >> 2` is the conversion (0 none, 1 str, 2 repr, 3 ascii).";
            135 LoadClosure "LOAD_CLOSURE" cpython fast Free (1, 1) "Push the cell.";
            136 LoadDeref "LOAD_DEREF" cpython fast Free (1, 1) "Push the content of a cell.";
            137 StoreDeref "STORE_DEREF" cpython fast Free (-1, -1) "Store into a cell.";
            138 DeleteDeref "DELETE_DEREF" cpython slow Free (0, 0) "Empty a cell.";
            141 CallFunctionKw "CALL_FUNCTION_KW" cpython slow Arg (-arg-1, -arg-1) "Call; TOS is the tuple of keyword names.";
            142 CallFunctionEx "CALL_FUNCTION_EX" cpython slow Arg (-1 - (arg & 1), -1 - (arg & 1)) "Call with an argument tuple and (bit 0) a mapping.";
            143 SetupWith "SETUP_WITH" cpython slow JumpRel (1, 6) "`(mgr -- exit, enter())` and push a block.";
            144 ExtendedArg "EXTENDED_ARG" cpython fast Arg (0, 0) "Upper bytes of the next operand.";
            145 ListAppend "LIST_APPEND" cpython fast Arg (-1, -1) "Append TOS to the list at `arg` (after the pop).";
            146 SetAdd "SET_ADD" cpython slow Arg (-1, -1) "Add TOS to the set at `arg`.";
            147 MapAdd "MAP_ADD" cpython slow Arg (-2, -2) "Add TOS1: TOS to the dict at `arg`.";
            148 LoadClassderef "LOAD_CLASSDEREF" cpython slow Free (1, 1) "As LOAD_DEREF, but look into the class namespace first.";
            149 BuildListUnpack "BUILD_LIST_UNPACK" cpython slow Arg (1-arg, 1-arg) "List from `arg` iterables.";
            150 BuildMapUnpack "BUILD_MAP_UNPACK" cpython slow Arg (1-arg, 1-arg) "Dict from `arg` mappings.";
            151 BuildMapUnpackWithCall "BUILD_MAP_UNPACK_WITH_CALL" cpython slow Arg (1-arg, 1-arg) "As BUILD_MAP_UNPACK, with a call's errors; the callable is at `arg + 2`.";
            152 BuildTupleUnpack "BUILD_TUPLE_UNPACK" cpython slow Arg (1-arg, 1-arg) "Tuple from `arg` iterables.";
            153 BuildSetUnpack "BUILD_SET_UNPACK" cpython slow Arg (1-arg, 1-arg) "Set from `arg` iterables.";
            154 SetupAsyncWith "SETUP_ASYNC_WITH" cpython slow JumpRel (0, 5) "Push the block of `async with` (the result of `__aenter__` is TOS).";
            155 FormatValue "FORMAT_VALUE" cpython slow Arg (if arg&4==4 {-1}else{0}, if arg&4==4 {-1}else{0}) "Format TOS (`arg & 3` conversion, 4: a spec lies on top).";
            156 BuildConstKeyMap "BUILD_CONST_KEY_MAP" cpython slow Arg (-arg, -arg) "Dict of `arg` values; TOS is the tuple of keys.";
            157 BuildString "BUILD_STRING" cpython slow Arg (1-arg, 1-arg) "Join `arg` strings.";
            158 BuildTupleUnpackWithCall "BUILD_TUPLE_UNPACK_WITH_CALL" cpython slow Arg (1-arg, 1-arg) "As BUILD_TUPLE_UNPACK, with a call's errors.";
            160 LoadMethod "LOAD_METHOD" cpython slow Name (1, 1) "Push method and self, or NULL and the attribute.";
            161 CallMethod "CALL_METHOD" cpython fast Arg (-arg-1, -arg-1) "Call what LOAD_METHOD left.";
            162 CallFinally "CALL_FINALLY" cpython slow JumpRel (0, 1) "Push the next address and jump into the finally.";
            163 PopFinally "POP_FINALLY" cpython slow Arg (-6, -6) "Leave a finally: drop what it was entered with; `arg` 1 keeps a return value on top.";
        }
    };
}

macro_rules! define_op {
    ({} |$arg:ident| $($num:literal $variant:ident $name:literal $origin:ident $path:ident $kind:ident ($fall:expr, $jump:expr) $doc:literal;)*) => {
        /// One opcode.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Op {
            $(#[doc = $doc] $variant = $num,)*
        }

        impl Op {
            /// Every opcode, in order of number.
            pub const ALL: &'static [Op] = &[$(Op::$variant,)*];

            /// The opcode with this number.
            pub const fn from_u8(number: u8) -> Option<Op> {
                match number {
                    $($num => Some(Op::$variant),)*
                    _ => None,
                }
            }

            /// Name as `dis` prints it.
            pub const fn name(self) -> &'static str {
                match self { $(Op::$variant => $name,)* }
            }

            /// What the operand means.
            pub const fn operand(self) -> Operand {
                match self { $(Op::$variant => Operand::$kind,)* }
            }

            const fn origin(self) -> Origin {
                match self { $(Op::$variant => origin!($origin),)* }
            }

            /// Net effect on the stack depth, as 3.8's compiler reckons it: `jump` tells
            /// whether the branch is taken.
            pub fn stack_effect(self, $arg: u32, jump: bool) -> i32 {
                let $arg = $arg as i32;
                let _ = $arg;
                let (fall, taken): (i32, i32) = match self { $(Op::$variant => ($fall, $jump),)* };
                if jump { taken } else { fall }
            }

            /// One line on what it does.
            pub const fn doc(self) -> &'static str {
                match self { $(Op::$variant => $doc,)* }
            }
        }
    };
}

/// Where an opcode comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Cpython,
    Own,
}

macro_rules! origin {
    (cpython) => {
        Origin::Cpython
    };
    (own) => {
        Origin::Own
    };
}

for_each_op!(define_op {});

impl Op {
    /// Whether the operand is used.
    pub const fn has_arg(self) -> bool {
        self as u8 >= HAVE_ARGUMENT
    }

    /// A relative or absolute jump (SETUP_* included).
    pub const fn is_jump(self) -> bool {
        matches!(self.operand(), Operand::JumpRel | Operand::JumpAbs)
    }

    /// Operand counts bytes from the next instruction.
    pub const fn is_jump_rel(self) -> bool {
        matches!(self.operand(), Operand::JumpRel)
    }

    /// Operand is a byte offset.
    pub const fn is_jump_abs(self) -> bool {
        matches!(self.operand(), Operand::JumpAbs)
    }

    /// An opcode CPython 3.8 does not have.
    pub const fn is_own(self) -> bool {
        matches!(self.origin(), Origin::Own)
    }
}

#[cfg(test)]
mod tests;
