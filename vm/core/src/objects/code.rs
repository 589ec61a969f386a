//! Code objects: the compiler's data with its constants on the heap, and the quickened instructions beside it.
//!
//! What a frozen module holds is read in parts: what making a function needs at once, the body when the function is
//! first called or looked into (`Vm::load_code`), the compiler's data when somebody asks for columns and the like.
//!
//! The quickened array has one [`Instr`] per wordcode unit, so that an index is `f_lasti / 2`. Specialization
//! rewrites it in place; `co_code` never changes.
use crate::memory::{Kind, Payload, Ref, RefSlot, Slot, Value};
use crate::objects::{Quick, Str, Tuple};
use lasti_bytecode::code::CodeData;
use lasti_bytecode::marshal::Image;
use std::cell::{Cell, OnceCell, RefCell};
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;

/// One quickened instruction.
#[repr(C, align(16))]
pub struct Instr {
    pub op: Cell<Quick>,
    /// How often the instruction was specialized. One that meets ever new layouts is left alone in the end.
    pub respecializations: Cell<u8>,
    /// Second operand of fused instructions.
    pub oparg2: Cell<u16>,
    /// The operand with EXTENDED_ARG folded in; for jumps the target unit.
    pub arg: Cell<u32>,
    cache: Cell<InlineCache>,
}
const _: () = assert!(size_of::<Instr>() == 16);

/// What an instruction remembers. Which of the two it is belongs to the instruction.
#[repr(C)]
#[derive(Clone, Copy)]
union InlineCache {
    /// Two versions, or a version and a slot number.
    numbers: (u32, u32),
    /// The word of a constant, or the place of a global's value.
    pointer: *const (),
}

impl Instr {
    pub(crate) fn new(op: Quick, arg: u32) -> Instr {
        Instr {
            op: Cell::new(op),
            respecializations: Cell::new(0),
            oparg2: Cell::new(0),
            arg: Cell::new(arg),
            cache: Cell::new(InlineCache { numbers: (0, 0) }),
        }
    }
    /// Keeps in the cache of a jump how far it is to the unit in front of its target.
    pub(crate) fn cache_jump(&self, unit: usize, target: u32) {
        self.set_cache((target as usize).wrapping_sub(unit + 1) as u32, 0);
    }
    /// See [`Instr::cache_jump`].
    #[inline(always)]
    pub(crate) fn jump_distance(&self) -> i32 {
        self.cache().0 as i32
    }
    /// Keeps the word of a constant in the cache of the LOAD_CONST that pushes it. The code object owns the constant.
    pub(crate) fn cache_const(&self, constant: &Value) {
        self.cache.set(InlineCache {
            pointer: constant.word(),
        });
    }
    /// Keeps where the value of a module's global stands: valid while the dict has this version. The name's number goes
    /// to `oparg2`, the version in its place. False: the number is too large for that.
    pub(crate) fn cache_global(&self, version: NonZeroU32, value: *const Value) -> bool {
        let Ok(name) = u16::try_from(self.arg.get()) else {
            return false;
        };
        self.oparg2.set(name);
        self.arg.set(version.get());
        self.cache.set(InlineCache {
            pointer: value.cast(),
        });
        true
    }
    /// Undoes [`Instr::cache_global`].
    pub(crate) fn uncache_global(&self) {
        self.arg.set(self.oparg2.get() as u32);
    }
    /// Two versions, or a version and a slot number.
    #[inline(always)]
    pub(crate) fn cache(&self) -> (u32, u32) {
        // SAFETY: all bytes of a cache are initialised, and any are two numbers.
        unsafe { self.cache.get().numbers }
    }
    /// See [`Instr::cache`].
    pub(crate) fn set_cache(&self, first: u32, second: u32) {
        self.cache.set(InlineCache {
            numbers: (first, second),
        });
    }
    /// The place of the pointer in the cache.
    #[inline(always)]
    pub(crate) fn cached_pointer(&self) -> *const *const () {
        // SAFETY: only the address of the field is computed.
        unsafe { &raw const (*self.cache.as_ptr()).pointer }
    }
}

/// Flags of a code object that a call looks at, worked out once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallKind {
    /// Positional parameters only; no star, no keyword-only; a plain function.
    Simple,
    /// As Simple, but calling makes a generator, coroutine or async generator.
    SimpleGenerator,
    /// As Simple, with a [`Intrinsic`].
    Intrinsic,
    /// Anything else.
    General,
}

/// The strings of a frozen module as objects, made as they are needed and shared by its code objects.
pub(crate) struct Library {
    pub(crate) image: Image,
    pub(crate) strings: Box<[RefSlot<Str>]>,
}

/// Where a code object comes from.
pub(crate) enum Origin {
    Data(Arc<CodeData>),
    Frozen {
        library: Rc<Library>,
        at: usize,
        data: OnceCell<Arc<CodeData>>,
    },
}

/// What a frame needs of its code.
pub struct Body {
    pub consts: Box<[Value]>,
    pub names: Box<[Ref<Str>]>,
    /// Locals, then cells, then free variables.
    pub varnames: Box<[Ref<Str>]>,
    /// For each cell variable the argument that fills it.
    pub cell_args: Box<[Option<u32>]>,
    pub quick: Box<[Instr]>,
    /// `co_lnotab` of frozen code; other code has it in its data.
    pub(crate) lnotab: Option<&'static [u8]>,
}

pub struct Code {
    pub(crate) origin: Origin,
    pub(crate) body: OnceCell<Body>,
    /// The body's first instruction: calls go there without asking whether there is a body. Null until it is there.
    pub(crate) start: Cell<*const Instr>,
    pub name: Ref<Str>,
    pub qualname: Ref<Str>,
    pub filename: Ref<Str>,
    pub flags: u32,
    pub firstlineno: u32,
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    pub is_comprehension: bool,
    pub nlocals: u32,
    pub ncells: u32,
    pub nfree: u32,
    pub stacksize: u32,
    pub max_blocks: u32,
    /// Locals, cells and free variables: slots in front of the value stack.
    pub fixed: u32,
    /// All slots of a frame.
    pub slots: u32,
    /// A frame with its slots.
    pub frame_bytes: u32,
    /// General until the body is there, so that the quick ways of calling leave it to the one that loads it.
    pub shape: Cell<CallKind>,
    /// Arguments of a Simple code without cells; a number that no call has for any other.
    pub simple_args: Cell<u32>,
    /// Values that inline caches hold on to, by number.
    pub(crate) cached: RefCell<Vec<Value>>,
    /// LayoutCache that stores of new attributes lead to, by number.
    pub(crate) shapes: RefCell<Vec<std::rc::Rc<crate::objects::Shape>>>,
    pub const_tuple: RefSlot<Tuple>,
    pub tuples: [RefSlot<Tuple>; 4],
    pub(crate) extra: Slot,
    /// See [`Intrinsic`].
    pub(crate) intrinsic: Cell<Option<Intrinsic>>,
    /// Of a coroutine function with an intrinsic: what `await` of the call gives, where that need not wait. None: make the coroutine.
    pub(crate) ready_intrinsic: Cell<Option<Intrinsic>>,
    /// The fewest arguments that the intrinsic is called with.
    pub(crate) intrinsic_min_args: Cell<usize>,
    /// Whether a call with these arguments gives an awaitable that only yields once; see [`Vm::set_yields_once`](crate::Vm::set_yields_once).
    pub(crate) yields_once: Cell<Option<YieldsOnce>>,
}

/// Says of the arguments of a call whether the coroutine that it gives yields None once and then returns None.
pub type YieldsOnce = fn(&[Value]) -> bool;

/// Does what calling a function does, in its place and with the same outcome; None leaves the call to the function's code,
/// which stays what Python sees of it.
pub type Intrinsic = fn(
    &crate::vm::Vm,
    &Ref<crate::objects::Function>,
    &[Value],
) -> crate::vm::error::PyResult<Option<Value>>;

impl Payload for Code {
    const KIND: Kind = Kind::Code;
    const CONTAINER: bool = true;
    const NAME: &'static str = "code";
    fn traverse(&self, visit: &mut dyn FnMut(&Value)) {
        if let Some(body) = self.body.get() {
            body.consts.iter().for_each(&mut *visit);
            for n in body.names.iter().chain(body.varnames.iter()) {
                visit(n.as_value());
            }
        }
        for s in [&self.name, &self.qualname, &self.filename] {
            visit(s.as_value());
        }
        self.const_tuple.visit(visit);
        for t in &self.tuples {
            t.visit(visit);
        }
        self.extra.visit(visit);
    }
    fn clear(&self) {
        let old = self.cached.take();
        drop(old);
    }
}

impl std::ops::Deref for Code {
    type Target = Body;
    #[inline(always)]
    fn deref(&self) -> &Body {
        self.body
            .get()
            .expect("code is loaded before it is called or looked into")
    }
}

impl Code {
    /// The compiler's data.
    pub fn data(&self) -> &Arc<CodeData> {
        match &self.origin {
            Origin::Data(data) => data,
            Origin::Frozen { library, at, data } => data.get_or_init(|| {
                let code = library.image.code(*at);
                Arc::new(code.expect("the image was written by the same build"))
            }),
        }
    }
    /// Slots a frame of this code needs: locals, cells, stack and blocks.
    #[inline(always)]
    pub fn frame_slots(&self) -> usize {
        self.slots as usize
    }
    /// Number of local and cell slots in front of the value stack.
    #[inline(always)]
    pub fn fixed_slots(&self) -> usize {
        self.fixed as usize
    }
    pub fn flags(&self) -> u32 {
        self.flags
    }
    /// The line of wordcode unit `unit` (3.8's PyCode_Addr2Line over `co_lnotab`).
    pub fn line_of(&self, unit: usize) -> u32 {
        let mut line = self.firstlineno as i64;
        let mut addr = 0usize;
        let lnotab = match self.body.get().and_then(|b| b.lnotab) {
            Some(table) => table,
            None => &self.data().lnotab,
        };
        for pair in lnotab.chunks_exact(2) {
            addr += pair[0] as usize;
            if addr > unit * 2 {
                break;
            }
            line += pair[1] as i8 as i64;
        }
        line.max(0) as u32
    }
    /// Keeps a layout for an inline cache and returns its number; `old` is a number to give up for it.
    pub(crate) fn cache_shape(
        &self,
        shape: std::rc::Rc<crate::objects::Shape>,
        old: Option<u16>,
    ) -> Option<u16> {
        let mut shapes = self.shapes.borrow_mut();
        if let Some(old) = old {
            shapes[old as usize] = shape;
            return Some(old);
        }
        let n = u16::try_from(shapes.len()).ok()?;
        shapes.push(shape);
        Some(n)
    }
    #[inline(always)]
    pub(crate) fn cached_shape(&self, n: u16) -> std::rc::Rc<crate::objects::Shape> {
        // SAFETY: the reference goes before anything else happens; cloning a count runs nothing.
        let shapes = unsafe { self.shapes.try_borrow_unguarded() };
        shapes.expect("nothing runs while the list grows")[n as usize].clone()
    }
    /// Keeps a value alive for an inline cache and returns its number.
    pub(crate) fn cache_value(&self, v: Value) -> u32 {
        let mut cached = self.cached.borrow_mut();
        cached.push(v);
        cached.len() as u32 - 1
    }
    /// Shows what inline caches hold, which `traverse` leaves out: see the collector.
    pub(crate) fn show_cached(&self, visit: &mut dyn FnMut(&Value)) {
        self.cached.borrow().iter().for_each(visit);
    }
    /// Takes from inline caches the values that are `gone`. The places stay, and their guards never let them be read again.
    pub(crate) fn uncache(&self, taken: &mut Vec<Value>, gone: impl Fn(&Value) -> bool) {
        for v in self.cached.borrow_mut().iter_mut().filter(|v| gone(v)) {
            taken.push(std::mem::replace(v, Value::UNBOUND));
        }
    }
    pub(crate) fn set_cached(&self, n: u32, v: Value) {
        let old = std::mem::replace(&mut self.cached.borrow_mut()[n as usize], v);
        drop(old);
    }
    #[inline(always)]
    pub(crate) fn cached_value(&self, n: u32) -> Value {
        // SAFETY: the reference goes before anything else happens; cloning a value runs nothing.
        let cached = unsafe { self.cached.try_borrow_unguarded() };
        cached.expect("nothing runs while the list grows")[n as usize].clone()
    }
}
