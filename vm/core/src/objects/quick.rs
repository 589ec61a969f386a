//! The quickened instruction set: the wordcode's opcodes, and the specialized and fused forms that replace them in place.
use lasti_bytecode::for_each_op;
use lasti_bytecode::opcode::Op;

/// Calls `$callback` with `{specialized rows} {fused rows}`.
///
/// A specialized form stands for one wordcode opcode, with what was learned about its operands: `number Variant of Opcode "doc";`.
/// A fused form is put on the first of a run of units when the array is made, and does them all: `number Variant = [run] First "doc";`. Of
/// several runs that fit, the first in the list counts. (With a 0 among the numbers the dispatch needs no subtraction.)
#[rustfmt::skip]
macro_rules! with_forms {
    ($callback:ident) => {
        for_each_op! { $callback {
            {
                170 LoadGlobalModule of LoadGlobal "A global found in the module's dict at a known entry.";
                171 LoadGlobalBuiltin of LoadGlobal "A global found in builtins while the module's keys stay as they are.";
                172 LoadAttrSlot of LoadAttr "An instance attribute in a known slot.";
                173 LoadAttrModule of LoadAttr "A module attribute at a known entry.";
                169 LoadAttrProperty of LoadAttr "A property of the class whose getter is a plain Python function: enters its frame.";
                174 StoreAttrSlot of StoreAttr "As LoadAttrSlot, storing into a slot that exists.";
                181 StoreAttrNew of StoreAttr "A store that adds an attribute: leads from a known layout to the next.";
                175 LoadMethodCached of LoadMethod "A method found on the class and not hidden by the instance.";
                180 LoadMethodModule of LoadMethod "LOAD_METHOD of a module's function at a known entry.";
                176 LoadNameCached of LoadName "A name of a module found in its namespace at a known entry.";
                177 StoreNameCached of StoreName "As LoadNameCached, storing at an entry that exists.";
                185 CallAndYield of CallFunction "A call whose result is awaited at once, of a function that may give a coroutine that only yields once (`Vm::set_yields_once`). The second operand says whether it stands for a CALL_METHOD.";
            }
            {
                183 LoadFastConstCompareJump = [LoadFast, LoadConst, CompareOp, PopJumpIfFalse | PopJumpIfTrue] LoadFast "LOAD_FAST, LOAD_CONST, an ordering and the jump on its outcome.";
                184 LoadFastFastCompareJump = [LoadFast, LoadFast, CompareOp, PopJumpIfFalse | PopJumpIfTrue] LoadFast "Two LOAD_FAST, an ordering and the jump on its outcome.";
                179 LoadFastConstAdd = [LoadFast, LoadConst, BinaryAdd | InplaceAdd, _] LoadFast "LOAD_FAST, LOAD_CONST and an addition.";
                182 LoadFastConstSubtract = [LoadFast, LoadConst, BinarySubtract | InplaceSubtract, _] LoadFast "LOAD_FAST, LOAD_CONST and a subtraction.";
                192 LoadFastConstMultiply = [LoadFast, LoadConst, BinaryMultiply | InplaceMultiply, _] LoadFast "LOAD_FAST, LOAD_CONST and a multiplication.";
                193 LoadFastConstModulo = [LoadFast, LoadConst, BinaryModulo | InplaceModulo, _] LoadFast "LOAD_FAST, LOAD_CONST and a remainder.";
                191 LoadFastFastAdd = [LoadFast, LoadFast, BinaryAdd | InplaceAdd, _] LoadFast "Two LOAD_FAST and an addition.";
                188 LoadFastFastStoreAttr = [LoadFast, LoadFast, StoreAttr, _] LoadFast "Two LOAD_FAST and STORE_ATTR.";
                0 LoadFastLoadConst = [LoadFast, LoadConst, _, _] LoadFast "LOAD_FAST, then LOAD_CONST.";
                178 LoadFastLoadFast = [LoadFast, LoadFast, _, _] LoadFast "Two LOAD_FAST.";
                186 LoadFastLoadAttr = [LoadFast, LoadAttr, _, _] LoadFast "LOAD_FAST and LOAD_ATTR.";
                187 LoadFastLoadMethod = [LoadFast, LoadMethod, _, _] LoadFast "LOAD_FAST and LOAD_METHOD.";
                190 LoadFastReturn = [LoadFast, ReturnValue, _, _] LoadFast "LOAD_FAST and RETURN_VALUE.";
                189 LoadConstReturn = [LoadConst, ReturnValue, _, _] LoadConst "LOAD_CONST and RETURN_VALUE.";
            }
        } }
    };
}

macro_rules! define_quick {
    (
        {
            {$($snum:literal $special:ident of $sop:ident $sdoc:literal;)*}
            {$($fnum:literal $fused:ident = [$a:pat, $b:pat, $c:pat, $d:pat] $first:ident $fdoc:literal;)*}
        }
        |$arg:ident|
        $($num:literal $variant:ident $name:literal $origin:ident $path:ident $kind:ident $effect:tt $doc:literal;)*
    ) => {
        /// What a quickened unit does. Numbers of wordcode opcodes are theirs.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Quick {
            $(#[doc = $doc] $variant = $num,)*
            $(#[doc = $sdoc] $special = $snum,)*
            $(#[doc = $fdoc] $fused = $fnum,)*
        }

        impl Quick {
            /// The largest number, on which the dispatch rests; the smallest is 0.
            pub const LAST: u8 = {
                let (numbers, mut last, mut i) = ([$($num,)* $($snum,)* $($fnum,)*], 0u8, 0);
                while i < numbers.len() {
                    if numbers[i] > last {
                        last = numbers[i];
                    }
                    i += 1;
                }
                last
            };
            /// The wordcode opcode that a unit stands for: of a fused one its own, the first of the run. ([`Quick::CallAndYield`] stands
            /// for two; the call's kind is in the unit.)
            const OPS: [Op; Quick::LAST as usize + 1] = {
                let mut ops = [Op::Nop; Quick::LAST as usize + 1];
                $(ops[$num] = Op::$variant;)*
                $(ops[$snum] = Op::$sop;)*
                $(ops[$fnum] = Op::$first;)*
                ops
            };
            /// The general form of an opcode.
            pub const fn from_op(op: Op) -> Quick {
                match op {
                    $(Op::$variant => Quick::$variant,)*
                }
            }
            /// The fused form of plain units that stand one behind the other, as many of them as there is a form for.
            pub fn fused(ops: [Quick; 4]) -> Option<Quick> {
                use Quick::*;
                match ops {
                    $([$a, $b, $c, $d] => Some($fused),)*
                    _ => None,
                }
            }
        }
    };
}

with_forms!(define_quick);

impl Quick {
    /// The wordcode opcode that a unit stands for; see [`Quick::OPS`].
    #[inline(always)]
    pub fn op(self) -> Op {
        Quick::OPS[self as usize]
    }
    /// A fused form that ends in a jump.
    pub fn jumps(self) -> bool {
        matches!(
            self,
            Quick::LoadFastConstCompareJump | Quick::LoadFastFastCompareJump
        )
    }
}

/// The pattern of the units that the loop leaves to the general path: the rows of the table with `slow`.
macro_rules! slow_units {
    ({} |$arg:ident| $($rows:tt)*) => {
        slow_units! { @ [] $($rows)* }
    };
    (@ [$($found:tt)*] $num:literal $variant:ident $name:literal $origin:ident slow $kind:ident $effect:tt $doc:literal; $($rows:tt)*) => {
        slow_units! { @ [$($found)* | Quick::$variant] $($rows)* }
    };
    (@ [$($found:tt)*] $num:literal $variant:ident $name:literal $origin:ident fast $kind:ident $effect:tt $doc:literal; $($rows:tt)*) => {
        slow_units! { @ [$($found)*] $($rows)* }
    };
    (@ [$($found:tt)*]) => {
        $($found)*
    };
}
pub(crate) use slow_units;
