//! From the compiler's plain data to a heap code object: constants, names and the quickened array.
use crate::memory::{Ref, RefSlot, Slot, Value};
use crate::objects::*;
use crate::vm::Vm;
use dashu_int::{IBig, Sign, UBig};
use lasti_bytecode::code::{CodeData, Const, flags};
use lasti_bytecode::marshal::{Head, Image, Item};
use lasti_bytecode::opcode::{Op, Operand};
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// What a code object shows before its body is there.
struct Front {
    head: Head,
    name: Ref<Str>,
    qualname: Ref<Str>,
    filename: Ref<Str>,
    origin: Origin,
}

impl Vm {
    /// Puts a compiled code block on the heap, with all it nests.
    pub fn new_code(&self, data: &Arc<CodeData>) -> Ref<Code> {
        let d = &**data;
        let code = self.alloc_code(Front {
            head: Head {
                argcount: d.argcount,
                posonlyargcount: d.posonlyargcount,
                kwonlyargcount: d.kwonlyargcount,
                stacksize: d.stacksize,
                flags: d.flags,
                firstlineno: d.firstlineno,
                max_blocks: d.max_blocks,
                nlocals: d.varnames.len() as u32,
                ncells: d.cellvars.len() as u32,
                nfree: d.freevars.len() as u32,
                is_comprehension: d.is_comprehension,
                ..Head::default()
            },
            name: self.intern(&d.name),
            qualname: self.intern(&d.qualname),
            filename: self.intern_wtf8(&lasti_text::filename::to_wtf8(&d.filename)),
            origin: Origin::Data(data.clone()),
        });
        let names = [&d.varnames, &d.cellvars, &d.freevars];
        let varnames: Box<[Ref<Str>]> = names
            .into_iter()
            .flatten()
            .map(|s| self.intern(s))
            .collect();
        let consts: Box<[Value]> = d.consts.iter().map(|c| self.const_value(c)).collect();
        let body = Body {
            names: d.names.iter().map(|s| self.intern(s)).collect(),
            cell_args: cell_args(&code, &varnames),
            varnames,
            quick: quicken(&d.code, &consts),
            consts,
            lnotab: None,
        };
        set_body(&code, body);
        code
    }

    /// The code object of a frozen module. What it nests is read as it is used.
    pub fn new_frozen_code(&self, image: Image) -> Ref<Code> {
        let strings = (0..image.count()).map(|_| RefSlot::default()).collect();
        self.frozen_code(&Rc::new(Library { image, strings }), 0)
    }

    fn frozen_code(&self, library: &Rc<Library>, at: usize) -> Ref<Code> {
        let head = library.image.head(at).expect(SAME_BUILD);
        self.alloc_code(Front {
            name: self.library_string(library, head.name),
            qualname: self.library_string(library, head.qualname),
            filename: self.intern(library.image.filename()),
            origin: Origin::Frozen {
                library: library.clone(),
                at,
                data: OnceCell::new(),
            },
            head,
        })
    }

    fn alloc_code(&self, front: Front) -> Ref<Code> {
        let head = front.head;
        let fixed = head.nlocals + head.ncells + head.nfree;
        let slots = fixed + head.stacksize + head.max_blocks;
        let code = Code {
            origin: front.origin,
            body: OnceCell::new(),
            name: front.name,
            qualname: front.qualname,
            filename: front.filename,
            flags: head.flags,
            firstlineno: head.firstlineno,
            argcount: head.argcount,
            posonlyargcount: head.posonlyargcount,
            kwonlyargcount: head.kwonlyargcount,
            is_comprehension: head.is_comprehension,
            nlocals: head.nlocals,
            ncells: head.ncells,
            nfree: head.nfree,
            stacksize: head.stacksize,
            max_blocks: head.max_blocks,
            fixed,
            slots,
            frame_bytes: size_of::<crate::frame::Frame>() as u32 + slots * 8,
            shape: Cell::new(CallKind::General),
            simple_args: Cell::new(u32::MAX),
            start: Cell::new(std::ptr::null()),
            cached: RefCell::default(),
            shapes: RefCell::default(),
            const_tuple: RefSlot::default(),
            tuples: Default::default(),
            extra: Slot::empty(),
            intrinsic: Cell::new(None),
            ready_intrinsic: Cell::new(None),
            intrinsic_min_args: Cell::new(0),
            yields_once: Cell::new(None),
        };
        self.heap.alloc(&self.types.code, code)
    }

    /// Reads the body of frozen code, if that was not done yet.
    #[inline]
    pub fn load_code(&self, code: &Code) {
        if code.body.get().is_none() {
            self.load_body(code);
        }
    }

    #[cold]
    fn load_body(&self, code: &Code) {
        let Origin::Frozen { library, at, .. } = &code.origin else {
            return;
        };
        let body = library.image.body(*at).expect(SAME_BUILD);
        let strings = |numbers: &[u32]| -> Box<[Ref<Str>]> {
            numbers
                .iter()
                .map(|n| self.library_string(library, *n))
                .collect()
        };
        let varnames = strings(&body.varnames);
        let consts: Box<[Value]> = self.library_consts(library, &body.consts);
        let body = Body {
            names: strings(&body.names),
            cell_args: cell_args(code, &varnames),
            varnames,
            quick: quicken(body.code, &consts),
            consts,
            lnotab: Some(body.lnotab),
        };
        set_body(code, body);
    }

    /// A string of a frozen module, interned.
    fn library_string(&self, library: &Library, n: u32) -> Ref<Str> {
        let slot = library.strings.get(n as usize).expect(SAME_BUILD);
        slot.get().unwrap_or_else(|| {
            let s = self.intern_wtf8(library.image.string(n).expect(SAME_BUILD));
            slot.set(Some(s.clone()));
            s
        })
    }

    fn library_consts<T: FromIterator<Value>>(&self, library: &Rc<Library>, items: &[Item]) -> T {
        let one = |item: &Item| match item {
            Item::Plain(c) => self.const_value(c),
            Item::Str(n) => {
                let bytes = library.image.string(*n).expect(SAME_BUILD);
                match is_name(bytes) {
                    true => self.library_string(library, *n).into(),
                    false => self.new_wtf8(bytes).into(),
                }
            }
            Item::Tuple(items) => {
                let items: Vec<Value> = self.library_consts(library, items);
                self.new_tuple(items).into()
            }
            Item::FrozenSet(items) => {
                let items: Vec<Value> = self.library_consts(library, items);
                self.const_set(items)
            }
            Item::Code(at) => self.frozen_code(library, *at).into(),
        };
        items.iter().map(one).collect()
    }

    fn const_set(&self, items: Vec<Value>) -> Value {
        let s = self.new_frozenset();
        for v in items {
            // Constants hash without running Python.
            let _ = self.set_add(&s, v);
        }
        s.into()
    }

    /// The docstring that functions of this code get.
    pub fn doc_of(&self, code: &Code) -> Value {
        match &code.origin {
            Origin::Data(d) => match (&d.clean_doc, d.has_docstring, code.consts.first()) {
                (Some(clean), _, _) => self.new_wtf8(&clean.0).into(),
                (None, true, Some(doc)) => doc.clone(),
                _ => Value::NONE,
            },
            Origin::Frozen { library, at, .. } => {
                match library.image.head(*at).expect(SAME_BUILD).doc {
                    Some(n) => {
                        let text = library.image.string(n).expect(SAME_BUILD);
                        self.new_wtf8(text).into()
                    }
                    None => Value::NONE,
                }
            }
        }
    }

    pub fn const_value(&self, c: &Const) -> Value {
        match c {
            Const::None => Value::NONE,
            Const::True => Value::TRUE,
            Const::False => Value::FALSE,
            Const::Ellipsis => Value::ELLIPSIS,
            Const::Int(i) => self.new_int(*i),
            Const::BigInt(negative, bytes) => {
                let sign = if *negative {
                    Sign::Negative
                } else {
                    Sign::Positive
                };
                self.new_bigint(IBig::from_parts(sign, UBig::from_le_bytes(bytes)))
            }
            Const::Float(f) => self.new_float(*f),
            Const::Complex(re, im) => self.new_complex(*re, *im),
            Const::Str(s) => self.const_str(&s.0).into(),
            Const::Bytes(b) => self.new_bytes(b.clone()),
            Const::Tuple(items) => {
                let items: Vec<Value> = items.iter().map(|c| self.const_value(c)).collect();
                self.new_tuple(items).into()
            }
            Const::FrozenSet(items) => {
                self.const_set(items.iter().map(|c| self.const_value(c)).collect())
            }
            Const::Code(data) => self.new_code(data).into(),
        }
    }

    /// Strings that look like names are interned, as CPython's constants are.
    fn const_str(&self, bytes: &[u8]) -> Ref<Str> {
        if is_name(bytes) {
            self.intern_wtf8(bytes)
        } else {
            self.new_wtf8(bytes)
        }
    }
}

const SAME_BUILD: &str = "the image was written by the same build";

fn is_name(bytes: &[u8]) -> bool {
    bytes.len() <= 64
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// For each cell variable the argument that fills it.
fn cell_args(code: &Code, varnames: &[Ref<Str>]) -> Box<[Option<u32>]> {
    let stars = [flags::VARARGS, flags::VARKEYWORDS];
    let stars = stars.iter().filter(|f| code.flags & **f != 0).count();
    let nlocals = code.nlocals as usize;
    let nargs = (code.argcount + code.kwonlyargcount) as usize + stars;
    let (locals, rest) = varnames.split_at(nlocals);
    rest[..code.ncells as usize]
        .iter()
        .map(|c| {
            let args = &locals[..nargs.min(nlocals)];
            args.iter().position(|v| v.is(c)).map(|i| i as u32)
        })
        .collect()
}

fn set_body(code: &Code, body: Body) {
    let has = |bits: u32| code.flags & bits != 0;
    let generators =
        flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR | flags::ITERABLE_COROUTINE;
    let plain = !has(flags::VARARGS | flags::VARKEYWORDS)
        && code.kwonlyargcount == 0
        && has(flags::OPTIMIZED);
    code.shape.set(match (plain, has(generators)) {
        (true, false) => CallKind::Simple,
        (true, true) => CallKind::SimpleGenerator,
        _ => CallKind::General,
    });
    if code.shape.get() == CallKind::Simple && code.ncells + code.nfree == 0 {
        code.simple_args.set(code.argcount);
    }
    // The instructions stand in a box of their own, which stays where it is when the body moves in.
    code.start.set(body.quick.as_ptr());
    let _ = code.body.set(body);
}

/// One quickened unit per wordcode unit. Operands carry their EXTENDED_ARG prefixes; jump operands are units.
fn quicken(code: &[u8], consts: &[Value]) -> Box<[Instr]> {
    let mut extended = 0u32;
    let mut out = Vec::with_capacity(code.len() / 2);
    for (unit, pair) in code.chunks_exact(2).enumerate() {
        let op = Op::from_u8(pair[0]).unwrap_or(Op::Nop);
        let arg = extended << 8 | pair[1] as u32;
        extended = if op == Op::ExtendedArg { arg } else { 0 };
        let arg = match op.operand() {
            Operand::JumpAbs => arg / 2,
            Operand::JumpRel => unit as u32 + 1 + arg / 2,
            _ => arg,
        };
        let instr = Instr::new(Quick::from_op(op), arg);
        if op == Op::CompareOp {
            // Which of less (1), equal (2) and greater (4) the comparison takes: <, <=, ==, !=, >, >=.
            instr
                .oparg2
                .set([1, 3, 2, 5, 4, 6].get(arg as usize).copied().unwrap_or(0));
        }
        if matches!(op.operand(), Operand::JumpAbs | Operand::JumpRel) {
            instr.cache_jump(unit, arg);
        }
        if op == Op::LoadConst {
            // Code that does not come from this build was verified.
            if let Some(constant) = consts.get(arg as usize) {
                instr.cache_const(constant);
            }
        }
        out.push(instr);
    }
    for run in out.windows(3) {
        // `async for` goes on with a generator without these (`Vm::anext_suspended`).
        if run[0].op.get() == Quick::GetAnext
            && run[1].op.get() == Quick::LoadConst
            && run[2].op.get() == Quick::YieldFrom
        {
            run[0].oparg2.set(1);
        }
    }
    // Those behind the first keep their own form, for jumps that lead to them and for operands that are no small ints.
    let ops: Vec<Quick> = out.iter().map(|i| i.op.get()).collect();
    for (n, first) in out.iter().enumerate() {
        let at = |k: usize| ops.get(n + k).copied().unwrap_or(Quick::Nop);
        let Some(fused) = Quick::fused([at(0), at(1), at(2), at(3)]) else {
            continue;
        };
        first.op.set(fused);
        if fused.jumps() {
            // The outcomes on which it jumps.
            let taken = out[n + 2].oparg2.get();
            let all = 7 * (at(3) == Quick::PopJumpIfFalse) as u16;
            first.oparg2.set(taken ^ all);
            if taken == 0 {
                // `is` and `in` order nothing.
                first
                    .op
                    .set(Quick::fused([at(0), at(1), Quick::Nop, Quick::Nop]).unwrap_or(fused));
            }
        }
    }
    out.into_boxed_slice()
}
