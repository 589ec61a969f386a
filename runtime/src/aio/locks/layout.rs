//! Which objects are just as the library makes them, and where their attributes stand.
//!
//! A Lock stays an object of the library's Python class with its attributes. What is native reads and writes these in their slots;
//! it may do so where no method that the Python code would call is another one than the library's, on class or instance.
use lasti_core::objects::{Instance, Str, Type};
use lasti_core::{PyResult, Ref, Value, Vm};
use lasti_modules::Deque;
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::num::NonZeroU32;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockKind {
    Lock,
    Semaphore,
    BoundedSemaphore,
    Condition,
    Queue,
    LifoQueue,
}

/// Numbers of attributes, in the order of [`LockKind::fields`].
pub mod field {
    pub const LOOP: usize = 0;
    /// A lock's and a semaphore's.
    pub const WAITERS: usize = 1;
    pub const LOCKED: usize = 2;
    pub const VALUE: usize = 2;
    pub const BOUND: usize = 3;
    /// A condition's.
    pub const ACQUIRE: usize = 1;
    pub const RELEASE: usize = 2;
    /// A queue's.
    pub const MAXSIZE: usize = 1;
    pub const GETTERS: usize = 2;
    pub const PUTTERS: usize = 3;
    pub const UNFINISHED: usize = 4;
    pub const FINISHED: usize = 5;
    pub const ITEMS: usize = 6;
    pub const SHUTDOWN: usize = 7;
}

const FIELDS: usize = 8;
const ABSENT: u8 = u8::MAX;

impl LockKind {
    /// The attributes that are looked at. `_loop` stands on the class until the first wait.
    fn fields(self) -> &'static [&'static str] {
        match self {
            LockKind::Lock => &["_loop", "_waiters", "_locked"],
            LockKind::Semaphore => &["_loop", "_waiters", "_value"],
            LockKind::BoundedSemaphore => &["_loop", "_waiters", "_value", "_bound_value"],
            LockKind::Condition => &["_loop", "acquire", "release"],
            LockKind::Queue | LockKind::LifoQueue => &[
                "_loop",
                "_maxsize",
                "_getters",
                "_putters",
                "_unfinished_tasks",
                "_finished",
                "_queue",
                "_is_shutdown",
            ],
        }
    }
    /// The methods that Python code which is skipped would call.
    fn methods(self) -> &'static [&'static str] {
        match self {
            LockKind::Lock => &["acquire", "release", "_wake_up_first", "_get_loop"],
            LockKind::Semaphore | LockKind::BoundedSemaphore => {
                &["acquire", "release", "locked", "_wake_up_next", "_get_loop"]
            }
            LockKind::Condition => &["__aenter__", "__aexit__"],
            LockKind::Queue | LockKind::LifoQueue => &[
                "_get",
                "_put",
                "_wakeup_next",
                "_get_loop",
                "empty",
                "full",
                "qsize",
                "get_nowait",
                "put_nowait",
            ],
        }
    }
}

/// What is known of the objects of one shape.
#[derive(Clone, Copy)]
struct Layout {
    shape: u32,
    /// The class's version when it was looked at.
    version: Option<NonZeroU32>,
    /// None: their Python code has to run.
    kind: Option<LockKind>,
    at: [u8; FIELDS],
}

/// A class as the library made it.
struct Original {
    kind: LockKind,
    class: Ref<Type>,
    methods: Vec<(Ref<Str>, Value)>,
}

#[derive(Default)]
pub struct LayoutCache {
    originals: RefCell<Vec<Original>>,
    /// By shape.
    known: RefCell<FxHashMap<u32, Layout>>,
    /// Those used last, by the low bits of their shape.
    recent: [Cell<Option<Layout>>; RECENT_LEN],
}

const RECENT_LEN: usize = 8;

/// Shapes remembered; there are few unless a program makes classes all the time.
const MAX_KNOWN: usize = 256;

impl LayoutCache {
    /// Notes the methods of a class, which those of its subclasses have to be.
    pub fn register(&self, vm: &Vm, kind: LockKind, class: &Value) -> PyResult<()> {
        let class = vm.this::<Type>(class)?.clone();
        let found = kind.methods().iter().filter_map(|name| {
            let name = vm.intern(name);
            class.lookup(vm, &name).map(|f| (name, f))
        });
        let methods = found.collect();
        let new = Original {
            kind,
            class,
            methods,
        };
        let mut originals = self.originals.borrow_mut();
        let at = originals.iter().position(|o| o.kind == kind);
        let old = match at {
            Some(at) => Some(std::mem::replace(&mut originals[at], new)),
            None => {
                originals.push(new);
                None
            }
        };
        drop(originals);
        drop(old);
        self.known.borrow_mut().clear();
        self.recent.iter().for_each(|l| l.set(None));
        Ok(())
    }

    /// A method of a class as it was noted, by its number among [`LockKind::methods`].
    pub fn method(&self, kind: LockKind, number: usize) -> Option<Value> {
        let originals = self.originals.borrow();
        let original = originals.iter().find(|o| o.kind == kind)?;
        original.methods.get(number).map(|(_, f)| f.clone())
    }

    fn kind_of(&self, vm: &Vm, class: &Ref<Type>, o: &Instance) -> Option<LockKind> {
        if !lasti_core::is_plain(class) {
            return None;
        }
        let originals = self.originals.borrow();
        let fits = |original: &&Original| {
            let methods = &original.methods;
            methods.len() == original.kind.methods().len()
                && methods.iter().all(|(name, f)| {
                    class.lookup(vm, name).is_some_and(|own| own.is(f)) && o.find(name).is_none()
                })
                && (original.kind != LockKind::BoundedSemaphore
                    || self.next_is_semaphore(class, &original.class))
        };
        originals.iter().find(fits).map(|o| o.kind)
    }

    /// Whether `super()` in a BoundedSemaphore's methods is the Semaphore.
    fn next_is_semaphore(&self, class: &Type, bounded: &Ref<Type>) -> bool {
        let mro = class.mro();
        let originals = self.originals.borrow();
        let semaphore = originals.iter().find(|o| o.kind == LockKind::Semaphore);
        let at = mro.iter().position(|t| t.is(bounded));
        match (semaphore, at.and_then(|at| mro.get(at + 1))) {
            (Some(s), Some(next)) => next.is(&s.class),
            _ => false,
        }
    }

    #[inline(never)]
    fn layout_of(&self, vm: &Vm, class: &Ref<Type>, o: &Instance) -> Layout {
        let shape = o.shape_id();
        let known = self.known.borrow().get(&shape).copied();
        if let Some(l) = known
            && class.has_version(l.version)
        {
            return l;
        }
        let l = self.inspect(vm, class, o);
        if shape == 0 {
            return l;
        }
        let mut known = self.known.borrow_mut();
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(shape, l);
        l
    }

    #[cold]
    fn inspect(&self, vm: &Vm, class: &Ref<Type>, o: &Instance) -> Layout {
        let mut layout = Layout {
            shape: o.shape_id(),
            version: class.version(),
            kind: self.kind_of(vm, class, o),
            at: [ABSENT; FIELDS],
        };
        let Some(kind) = layout.kind else {
            return layout;
        };
        for (i, name) in kind.fields().iter().enumerate() {
            let name = vm.intern(name);
            let on_class = class.lookup(vm, &name);
            let slot = o.find(&name).and_then(|at| u8::try_from(at).ok());
            let fits = match slot {
                // None on the class stands for an attribute that instances get later.
                None => i == field::LOOP && on_class.is_some_and(|v| v.is_none()),
                Some(_) => on_class.is_none_or(|v| v.is_none()),
            };
            if !fits {
                layout.kind = None;
            }
            layout.at[i] = slot.unwrap_or(ABSENT);
        }
        layout
    }
}

/// An object whose methods are the library's, with the places of its attributes.
pub struct KnownLock<'a> {
    o: &'a Ref<Instance>,
    pub kind: LockKind,
    at: [u8; FIELDS],
}

impl LayoutCache {
    /// None: the Python code has to run.
    #[inline]
    pub fn known<'a>(&self, vm: &Vm, v: &'a Value) -> Option<KnownLock<'a>> {
        let o = v.as_ref::<Instance>()?;
        if o.has_dict() {
            return None;
        }
        let class = vm.type_of(v);
        let shape = o.shape_id();
        let recent = &self.recent[shape as usize % RECENT_LEN];
        let layout = match recent.get() {
            Some(l) if l.shape == shape && shape != 0 && class.has_version(l.version) => l,
            _ => {
                let l = self.layout_of(vm, class, o);
                recent.set(Some(l));
                l
            }
        };
        let kind = layout.kind?;
        Some(KnownLock {
            o,
            kind,
            at: layout.at,
        })
    }
}

impl<'a> KnownLock<'a> {
    pub fn is_queue(&self) -> bool {
        matches!(self.kind, LockKind::Queue | LockKind::LifoQueue)
    }
    pub fn is_semaphore(&self) -> bool {
        matches!(self.kind, LockKind::Semaphore | LockKind::BoundedSemaphore)
    }
    /// An attribute; unbound where there is none.
    #[inline]
    pub fn get(&self, field: usize) -> Value {
        match self.at[field] {
            ABSENT => Value::UNBOUND,
            at => self.o.slot(at as usize),
        }
    }
    /// Sets an attribute that is there.
    #[inline]
    pub fn set(&self, field: usize, v: Value) {
        if self.at[field] != ABSENT {
            self.o.set_slot(self.at[field] as usize, v);
        }
    }
    pub fn flag(&self, field: usize) -> Option<bool> {
        let v = self.get(field);
        (v.is_true() || v.is(&Value::FALSE)).then(|| v.is_true())
    }
    pub fn int(&self, field: usize) -> Option<i64> {
        self.get(field).as_small_int()
    }
    /// The futures that wait. The outer None: it is none of the library's.
    pub fn waiting(&self, vm: &Vm, field: usize) -> Option<Option<Ref<Deque>>> {
        let v = self.get(field);
        if v.is_none() {
            return Some(None);
        }
        Deque::plain(vm, &v).map(|d| Some(d.clone()))
    }
    pub fn value(&self) -> &'a Value {
        self.o.as_value()
    }
}
