//! The interpreter's state: heap, types, names, modules and the thread that runs.
pub mod args;
pub mod error;
mod fallible;
pub mod host;
mod make;
mod register;
mod type_cache;

pub use fallible::Ticks;
pub use register::{Getter, Method, MethodKind, Setter};

use crate::frame::{Frame, FrameStack};
use crate::memory::{Heap, Obj, Payload, Ref, RefSlot, Slot, VTable, Value};
use crate::objects::*;
use crate::vm::host::Host;
use std::any::{Any, TypeId};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use type_cache::TypeCache;

macro_rules! types {
    ($object:ident; $($field:ident $name:literal $layout:ty, $base:ident, $flags:expr;)*) => {
        /// The built-in types.
        pub struct Types {
            pub type_: Ref<Type>,
            pub object: Ref<Type>,
            $(pub $field: Ref<Type>,)*
        }
        fn make_types(heap: &Heap) -> (Types, Vec<(Ref<Type>, &'static str, Option<Ref<Type>>)>) {
            let type_ = bootstrap_type(heap);
            let mut all = Vec::new();
            let $object = heap.alloc(&type_, Type::new(NonNull::from(heap), Plain::VTABLE, TypeFlags::BASE));
            all.push(($object.clone(), "object", None));
            all.push((type_.clone(), "type", Some($object.clone())));
            $(
                let $field = heap.alloc(&type_, Type::new(NonNull::from(heap), <$layout>::VTABLE, $flags));
                all.push(($field.clone(), $name, Some($base.clone())));
            )*
            (Types { type_, object: $object, $($field,)* }, all)
        }
    };
}

const BASE: u32 = TypeFlags::BASE;
const WEAK: u32 = TypeFlags::WEAKREF;
const NONEW: u32 = TypeFlags::NO_NEW;
const METHOD: u32 = TypeFlags::METHOD_DESCR;
const SEQ: u32 = TypeFlags::SEQUENCE;
const MAP: u32 = TypeFlags::MAPPING;
const SELF: u32 = TypeFlags::MATCH_SELF;

types! {
    object;
    str "str" Str, object, BASE | SELF;
    int "int" Int, object, BASE | SELF;
    bool_ "bool" Int, int, SELF;
    float "float" Float, object, BASE | SELF;
    complex "complex" Complex, object, BASE;
    bytes "bytes" Bytes, object, BASE | SELF;
    bytearray "bytearray" ByteArray, object, BASE | SELF | WEAK;
    tuple "tuple" Tuple, object, BASE | SEQ | SELF;
    list "list" List, object, BASE | SEQ | SELF;
    dict "dict" Dict, object, BASE | MAP | SELF;
    set "set" Set, object, BASE | WEAK | SELF;
    frozenset "frozenset" Set, object, BASE | WEAK | SELF;
    function "function" Function, object, METHOD | WEAK;
    native "builtin_function_or_method" NativeFunction, object, NONEW | WEAK;
    method_descriptor "method_descriptor" NativeFunction, object, METHOD | NONEW;
    classmethod_descriptor "classmethod_descriptor" NativeFunction, object, NONEW;
    wrapper_descriptor "wrapper_descriptor" SlotWrapper, object, METHOD | NONEW;
    method_wrapper "method-wrapper" MethodWrapper, object, NONEW;
    getset_descriptor "getset_descriptor" GetSet, object, NONEW;
    member_descriptor "member_descriptor" Member, object, NONEW;
    method "method" BoundMethod, object, WEAK;
    code "code" Code, object, WEAK | NONEW;
    generator "generator" Generator, object, WEAK | NONEW;
    coroutine "coroutine" Generator, object, WEAK | NONEW;
    async_generator "async_generator" Generator, object, WEAK | NONEW;
    coroutine_wrapper "coroutine_wrapper" CoroutineWrapper, object, NONEW;
    asend "async_generator_asend" Asend, object, NONEW;
    athrow "async_generator_athrow" Asend, object, NONEW;
    wrapped_value "async_generator_wrapped_value" WrappedValue, object, NONEW;
    cell "cell" PyCell, object, 0;
    module "module" Module, object, BASE | WEAK;
    none "NoneType" Plain, object, 0;
    ellipsis "ellipsis" Plain, object, 0;
    not_implemented "NotImplementedType" Plain, object, 0;
    range "range" Range, object, SEQ;
    slice "slice" Slice, object, 0;
    property "property" Property, object, BASE;
    staticmethod "staticmethod" StaticMethod, object, BASE;
    classmethod "classmethod" ClassMethod, object, BASE;
    super_ "super" Super, object, BASE;
    frame "frame" FrameObject, object, NONEW;
    traceback "traceback" Traceback, object, 0;
    mappingproxy "mappingproxy" MappingProxy, object, MAP;
    dict_keys "dict_keys" DictView, object, NONEW;
    dict_values "dict_values" DictView, object, NONEW;
    dict_items "dict_items" DictView, object, NONEW;
    dict_keyiterator "dict_keyiterator" DictIter, object, NONEW;
    dict_valueiterator "dict_valueiterator" DictIter, object, NONEW;
    dict_itemiterator "dict_itemiterator" DictIter, object, NONEW;
    dict_reversekeyiterator "dict_reversekeyiterator" DictIter, object, NONEW;
    list_iterator "list_iterator" ListIter, object, NONEW;
    tuple_iterator "tuple_iterator" TupleIter, object, NONEW;
    range_iterator "range_iterator" RangeIter, object, NONEW;
    str_iterator "str_iterator" SeqIter, object, NONEW;
    str_ascii_iterator "str_ascii_iterator" SeqIter, object, NONEW;
    bytes_iterator "bytes_iterator" SeqIter, object, NONEW;
    set_iterator "set_iterator" SetIter, object, NONEW;
    seq_iterator "iterator" SeqIter, object, NONEW;
    callable_iterator "callable_iterator" NativeIter, object, NONEW;
    native_iterator "native_iterator" NativeIter, object, NONEW;
    enumerate "enumerate" NativeIter, object, BASE;
    zip "zip" NativeIter, object, BASE;
    map "map" NativeIter, object, BASE;
    filter "filter" NativeIter, object, BASE;
    reversed "reversed" NativeIter, object, BASE;
    weakref "ReferenceType" WeakRef, object, BASE;
}

/// `type`'s class is itself, so it is put together by hand.
fn bootstrap_type(heap: &Heap) -> Ref<Type> {
    let data = Type::new(NonNull::from(heap), Type::VTABLE, TypeFlags::BASE | WEAK);
    // SAFETY: the class pointer is set to the object itself before anybody reads it; the extra reference
    // it stands for is counted.
    unsafe {
        let t = heap.alloc_raw::<Type>(NonNull::<Obj<Type>>::dangling(), data, 0);
        let h = t.head();
        h.class.set(t.as_ptr());
        h.refs.set(2);
        t
    }
}

macro_rules! exceptions {
    ($root:ident; $($field:ident $name:literal $base:ident;)*) => {
        /// The built-in exception classes.
        pub struct ExcTypes {
            pub base_exception: Ref<Type>,
            $(pub $field: Ref<Type>,)*
        }
        fn make_exceptions(heap: &Heap, t: &Types, all: &mut Vec<(Ref<Type>, &'static str, Option<Ref<Type>>)>) -> ExcTypes {
            let new = || heap.alloc(&t.type_, Type::new(NonNull::from(heap), Exception::VTABLE, BASE | TypeFlags::DICT | WEAK));
            let $root = new();
            all.push(($root.clone(), "BaseException", Some(t.object.clone())));
            $(
                let $field = new();
                all.push(($field.clone(), $name, Some($base.clone())));
            )*
            ExcTypes { base_exception: $root, $($field,)* }
        }
        impl ExcTypes {
            /// Every class below BaseException with its name.
            pub fn all(&self) -> Vec<(&'static str, &Ref<Type>)> {
                vec![("BaseException", &self.base_exception), $(($name, &self.$field),)*]
            }
        }
    };
}

exceptions! {
    base_exception;
    base_exception_group "BaseExceptionGroup" base_exception;
    generator_exit "GeneratorExit" base_exception;
    keyboard_interrupt "KeyboardInterrupt" base_exception;
    system_exit "SystemExit" base_exception;
    exception "Exception" base_exception;
    arithmetic_error "ArithmeticError" exception;
    floating_point_error "FloatingPointError" arithmetic_error;
    overflow_error "OverflowError" arithmetic_error;
    zero_division_error "ZeroDivisionError" arithmetic_error;
    assertion_error "AssertionError" exception;
    attribute_error "AttributeError" exception;
    buffer_error "BufferError" exception;
    eof_error "EOFError" exception;
    import_error "ImportError" exception;
    module_not_found_error "ModuleNotFoundError" import_error;
    lookup_error "LookupError" exception;
    index_error "IndexError" lookup_error;
    key_error "KeyError" lookup_error;
    memory_error "MemoryError" exception;
    name_error "NameError" exception;
    unbound_local_error "UnboundLocalError" name_error;
    os_error "OSError" exception;
    blocking_io_error "BlockingIOError" os_error;
    child_process_error "ChildProcessError" os_error;
    connection_error "ConnectionError" os_error;
    broken_pipe_error "BrokenPipeError" connection_error;
    connection_aborted_error "ConnectionAbortedError" connection_error;
    connection_refused_error "ConnectionRefusedError" connection_error;
    connection_reset_error "ConnectionResetError" connection_error;
    file_exists_error "FileExistsError" os_error;
    file_not_found_error "FileNotFoundError" os_error;
    interrupted_error "InterruptedError" os_error;
    is_a_directory_error "IsADirectoryError" os_error;
    not_a_directory_error "NotADirectoryError" os_error;
    permission_error "PermissionError" os_error;
    process_lookup_error "ProcessLookupError" os_error;
    timeout_error "TimeoutError" os_error;
    reference_error "ReferenceError" exception;
    runtime_error "RuntimeError" exception;
    not_implemented_error "NotImplementedError" runtime_error;
    recursion_error "RecursionError" runtime_error;
    python_finalization_error "PythonFinalizationError" runtime_error;
    stop_async_iteration "StopAsyncIteration" exception;
    stop_iteration "StopIteration" exception;
    syntax_error "SyntaxError" exception;
    indentation_error "IndentationError" syntax_error;
    tab_error "TabError" indentation_error;
    system_error "SystemError" exception;
    type_error "TypeError" exception;
    value_error "ValueError" exception;
    unicode_error "UnicodeError" value_error;
    unicode_decode_error "UnicodeDecodeError" unicode_error;
    unicode_encode_error "UnicodeEncodeError" unicode_error;
    unicode_translate_error "UnicodeTranslateError" unicode_error;
    warning "Warning" exception;
    bytes_warning "BytesWarning" warning;
    deprecation_warning "DeprecationWarning" warning;
    encoding_warning "EncodingWarning" warning;
    future_warning "FutureWarning" warning;
    import_warning "ImportWarning" warning;
    pending_deprecation_warning "PendingDeprecationWarning" warning;
    resource_warning "ResourceWarning" warning;
    runtime_warning "RuntimeWarning" warning;
    syntax_warning "SyntaxWarning" warning;
    unicode_warning "UnicodeWarning" warning;
    user_warning "UserWarning" warning;
}

macro_rules! names {
    ($($field:ident $text:literal;)*) => {
        /// Interned names that native code looks up.
        pub struct Names { $(pub $field: Ref<Str>,)* }
        impl Names {
            fn new(intern: impl Fn(&str) -> Ref<Str>) -> Names {
                Names { $($field: intern($text),)* }
            }
        }
    };
}

names! {
    empty "";
    name "__name__"; qualname "__qualname__"; module "__module__"; doc "__doc__"; dict "__dict__"; class "__class__";
    bases "__bases__"; mro "__mro__"; slots "__slots__"; new "__new__"; init "__init__"; del "__del__";
    call "__call__"; get "__get__"; set "__set__"; delete "__delete__"; set_name "__set_name__";
    getattr "__getattr__"; getattribute "__getattribute__"; setattr "__setattr__"; delattr "__delattr__";
    init_subclass "__init_subclass__"; class_getitem "__class_getitem__"; classcell "__classcell__";
    classdictcell "__classdictcell__"; mro_entries "__mro_entries__"; prepare "__prepare__";
    metaclass "metaclass"; repr "__repr__"; str "__str__"; bytes "__bytes__"; hash "__hash__"; eq "__eq__"; ne "__ne__"; lt "__lt__";
    le "__le__"; gt "__gt__"; ge "__ge__"; bool_ "__bool__"; len "__len__"; length_hint "__length_hint__";
    getitem "__getitem__"; setitem "__setitem__"; delitem "__delitem__"; contains "__contains__";
    missing "__missing__"; iter "__iter__"; next "__next__"; reversed "__reversed__"; enter "__enter__";
    exit "__exit__"; aenter "__aenter__"; aexit "__aexit__"; aiter "__aiter__"; anext "__anext__";
    await_ "__await__"; index "__index__"; int "__int__"; float "__float__"; complex "__complex__"; trunc "__trunc__";
    round "__round__"; floor "__floor__"; ceil "__ceil__"; format "__format__"; dir "__dir__";
    sizeof "__sizeof__"; reduce "__reduce__"; reduce_ex "__reduce_ex__"; getstate "__getstate__"; copy "__copy__";
    instancecheck "__instancecheck__"; subclasscheck "__subclasscheck__"; subclasshook "__subclasshook__";
    subclasses "__subclasses__"; abstractmethods "__abstractmethods__"; isabstractmethod "__isabstractmethod__";
    add "__add__"; radd "__radd__"; iadd "__iadd__"; fspath "__fspath__"; weakref "__weakref__";
    file "__file__"; path "__path__"; package "__package__"; loader "__loader__"; spec "__spec__"; all "__all__";
    builtins "__builtins__"; import "__import__"; build_class "__build_class__"; main "__main__";
    firstlineno "__firstlineno__"; static_attributes "__static_attributes__"; annotate "__annotate__";
    annotate_func "__annotate_func__"; annotations "__annotations__"; type_params "__type_params__"; match_args "__match_args__";
    wrapped "__wrapped__"; self_ "self"; send "send"; throw "throw"; close "close"; keys "keys"; items "items"; get_name "get";
    write "write"; flush "flush"; value "value"; args "args"; add_note "add_note"; notes "__notes__"; stdout "stdout"; stderr "stderr"; stdin "stdin";
    displayhook "displayhook"; excepthook "excepthook"; modules "modules"; cached "__cached__"; orig_bases "__orig_bases__";
    lambda "<lambda>"; module_code "<module>"; print_file_and_line "print_file_and_line"; context "__context__"; update "update"; ident "ident";
    asyncio_future_blocking "_asyncio_future_blocking"; copy_name "copy"; pop "pop"; readline "readline"; mode "mode"; closed "closed"; conditional_annotations "__conditional_annotations__";
}

/// Makes a native module's object when it is first imported.
pub type ModuleInit = fn(&Vm) -> crate::vm::error::PyResult<Ref<Module>>;

/// What belongs to one Python thread; the running thread's stands in [`Vm`].
pub struct ThreadState {
    pub(crate) stack: FrameStack,
    pub(crate) frame: Cell<*const Frame>,
    pub(crate) exc: Cell<*const ExcState>,
    pub(crate) root: Cell<*const Generator>,
    pub(crate) depth: Cell<u32>,
    pub(crate) nesting: Cell<u32>,
    pub(crate) base_exc: ExcState,
    pub(crate) context: Slot,
}

impl Default for ThreadState {
    fn default() -> ThreadState {
        ThreadState {
            stack: FrameStack::default(),
            frame: Cell::new(std::ptr::null()),
            exc: Cell::new(std::ptr::null()),
            root: Cell::new(std::ptr::null()),
            depth: Cell::new(0),
            nesting: Cell::new(0),
            base_exc: ExcState::default(),
            context: Slot::empty(),
        }
    }
}

/// One interpreter.
pub struct Vm {
    // Fields drop in order: everything that refers to the heap before the heap.
    pub types: Types,
    pub exc: ExcTypes,
    pub names: Names,
    pub builtins: Ref<Dict>,
    /// `sys.modules`.
    pub modules: Ref<Dict>,
    pub sys: RefSlot<Module>,
    pub hash_keys: HashKeys,
    type_cache: TypeCache,
    pub empty_tuple: Ref<Tuple>,
    pub(crate) ascii: Vec<Ref<Str>>,
    pub(crate) stack: FrameStack,
    /// The Python frame that runs.
    pub(crate) frame: Cell<*const Frame>,
    /// The innermost exception state.
    pub(crate) exc_state: Cell<*const ExcState>,
    pub(crate) base_exc: ExcState,
    /// The root of the chain that runs.
    pub(crate) root: Cell<*const Generator>,
    pub(crate) depth: Cell<u32>,
    /// See [`Vm::nest`].
    pub(crate) nesting: Cell<u32>,
    pub recursion_limit: Cell<u32>,
    pub(crate) stack_limit: Cell<usize>,
    /// `sys.set_asyncgen_hooks`.
    pub asyncgen_firstiter: Slot,
    pub asyncgen_finalizer: Slot,
    /// `sys.set_coroutine_origin_tracking_depth`.
    pub origin_depth: Cell<u32>,
    /// Makes the awaitable that a frame is shown to wait for when it was left out (`interp/yield_once.rs`).
    pub(crate) materialize_yield: Cell<Option<fn(&Vm) -> Value>>,
    /// The current `contextvars.Context`; unbound while none was made.
    pub context: Slot,
    pub(crate) native_modules: RefCell<HashMap<&'static str, ModuleInit>>,
    pub(crate) state: RefCell<rustc_hash::FxHashMap<TypeId, Rc<dyn Any>>>,
    runtime_state: OnceCell<Box<dyn Any>>,
    make_runtime_state: Cell<Option<fn(&Vm) -> Box<dyn Any>>>,
    pub(crate) hooks: &'static BuiltinHooks,
    pub host: Box<dyn Host>,
    pub argv: RefCell<Vec<String>>,
    pub flags: VmFlags,
    pub heap: Box<Heap>,
    /// The heap's, one load nearer.
    pub(crate) eval_breaker: Arc<AtomicU32>,
}

/// Settings that `sys.flags` shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct VmFlags {
    pub optimize: u8,
    pub dont_write_bytecode: bool,
    pub dev_mode: bool,
    pub hash_randomization: bool,
}

/// What the built-in types' methods, which stand in a crate above, give an interpreter.
pub struct BuiltinHooks {
    /// Fills slots and methods of every built-in type.
    pub init_types: fn(&Vm),
    /// Makes the `builtins` module.
    pub init_module: fn(&Vm),
    /// `type[key]`.
    pub generic_alias: fn(&Vm, &Value, &Value) -> Value,
    /// The bytes of a memoryview; None for another value.
    pub memoryview_bytes: fn(&Vm, &Value) -> error::PyResult<Option<Vec<u8>>>,
}

/// How an interpreter starts.
pub struct VmOptions {
    pub host: Box<dyn Host>,
    pub flags: VmFlags,
    /// Keys of string hashing.
    pub hash_seed: (u64, u64),
}

impl Vm {
    /// An interpreter with its built-in types and functions. Native modules are registered afterwards.
    pub fn new(options: VmOptions, hooks: &'static BuiltinHooks) -> Rc<Vm> {
        let heap = Box::new(Heap::new());
        let hash_keys = HashKeys::new(options.hash_seed.0, options.hash_seed.1);
        let (types, mut all) = make_types(&heap);
        let exc = make_exceptions(&heap, &types, &mut all);
        let intern = |s: &str| {
            heap.intern(s.as_bytes(), &hash_keys, || {
                Str::alloc(&heap, &types.str, s.as_bytes())
            })
        };
        let names = Names::new(intern);
        let ascii = (0..128u8)
            .map(|b| intern(std::str::from_utf8(&[b]).expect("ASCII")))
            .collect();
        let builtins = heap.alloc(&types.dict, Dict::default());
        let modules = heap.alloc(&types.dict, Dict::default());
        let empty_tuple = Tuple::alloc(&heap, &types.tuple, 0, std::iter::empty());
        let remaining = stacker::remaining_stack().unwrap_or(1 << 20);
        let here = 0u8;
        let floor = (&raw const here as usize).saturating_sub(remaining)
            + NATIVE_RESERVE.min(remaining / 2);
        let vm = Rc::new(Vm {
            types,
            exc,
            names,
            builtins,
            modules,
            sys: RefSlot::default(),
            hash_keys,
            type_cache: TypeCache::default(),
            empty_tuple,
            ascii,
            stack: FrameStack::default(),
            frame: Cell::new(std::ptr::null()),
            exc_state: Cell::new(std::ptr::null()),
            base_exc: ExcState::default(),
            root: Cell::new(std::ptr::null()),
            depth: Cell::new(0),
            nesting: Cell::new(0),
            recursion_limit: Cell::new(1000),
            stack_limit: Cell::new(floor),
            asyncgen_firstiter: Slot::new(Value::NONE),
            asyncgen_finalizer: Slot::new(Value::NONE),
            origin_depth: Cell::new(0),
            materialize_yield: Cell::new(None),
            context: Slot::empty(),
            native_modules: RefCell::default(),
            state: RefCell::default(),
            runtime_state: OnceCell::new(),
            make_runtime_state: Cell::new(None),
            hooks,
            host: options.host,
            argv: RefCell::default(),
            flags: options.flags,
            eval_breaker: heap.eval_breaker.clone(),
            heap,
        });
        vm.exc_state.set(&vm.base_exc);
        for (t, name, base) in &all {
            vm.setup_type(t, name, base.as_ref());
        }
        (hooks.init_types)(&vm);
        for (t, _, _) in &all {
            vm.ready_type(t);
        }
        (hooks.init_module)(&vm);
        vm
    }

    fn setup_type(&self, t: &Ref<Type>, name: &str, base: Option<&Ref<Type>>) {
        t.name.set(self.intern(name).into());
        t.qualname.set(self.intern(name).into());
        t.dict.set(Some(self.new_dict()));
        t.set_flag(TypeFlags::IMMUTABLE);
        if let Some(b) = base {
            t.base.set(Some(b.clone()));
            t.bases.set(Some(self.new_tuple([b.value()])));
            let mut mro = vec![t.clone()];
            mro.extend(b.mro().iter().cloned());
            t.set_mro(Rc::from(mro));
            let w = self
                .heap
                .alloc(&self.types.weakref, WeakRef::new(t.as_value(), None));
            self.heap.add_weakref(t.as_value(), &w);
            b.add_subclass(w);
        } else {
            t.bases.set(Some(self.empty_tuple.clone()));
            t.set_mro(Rc::from(vec![t.clone()]));
        }
    }

    /// Makes a native type for a payload of another crate. Fill its slots and methods, then call [`Vm::ready_type`].
    pub fn new_native_type<T: Payload>(
        &self,
        name: &str,
        base: &Ref<Type>,
        flags: u32,
    ) -> Ref<Type> {
        self.new_type_with_layout(name, base, T::VTABLE, flags)
    }
    pub(crate) fn new_type_with_layout(
        &self,
        name: &str,
        base: &Ref<Type>,
        layout: &'static VTable,
        flags: u32,
    ) -> Ref<Type> {
        let t = self.heap.alloc(
            &self.types.type_,
            Type::new(NonNull::from(&*self.heap), layout, flags),
        );
        let (module, short) = name.rsplit_once('.').unwrap_or(("builtins", name));
        self.setup_type(&t, short, Some(base));
        if module != "builtins" {
            self.dict_set_str(&t.dict(), &self.names.module, self.new_str(module).into());
        }
        t
    }

    /// The class of a value.
    #[inline(always)]
    pub fn type_of<'a>(&'a self, v: &'a Value) -> &'a Ref<Type> {
        match v.header() {
            Some(h) => crate::memory::class_of(h),
            None => self.type_of_immediate(v),
        }
    }
    #[inline]
    fn type_of_immediate(&self, v: &Value) -> &Ref<Type> {
        use crate::memory::Unpacked::*;
        match v.unpack() {
            Int(_) => &self.types.int,
            Float(_) => &self.types.float,
            Bool(_) => &self.types.bool_,
            None | Unbound | Object(_) => &self.types.none,
            Ellipsis => &self.types.ellipsis,
            NotImplemented => &self.types.not_implemented,
        }
    }
    /// `type(v).__name__`.
    pub fn type_name(&self, v: &Value) -> String {
        self.type_of(v).name()
    }
    /// Whether the class of `v` is `t` or derives from it.
    #[inline]
    pub fn is_instance(&self, v: &Value, t: &Ref<Type>) -> bool {
        let ty = self.type_of(v);
        ty.is(t) || ty.is_subtype(t)
    }

    /// `_PyType_Lookup`: the attribute of a type through its MRO, by interned name.
    #[inline]
    pub(crate) fn type_lookup(&self, t: &Type, name: &Ref<Str>) -> Option<Value> {
        let version = t.version();
        let key = name.as_value().address();
        if let Some(version) = version
            && let Some(known) = self.type_cache.get(version.get(), key)
        {
            return known;
        }
        self.type_lookup_slow(t, name, version)
    }
    #[inline(never)]
    fn type_lookup_slow(
        &self,
        t: &Type,
        name: &Ref<Str>,
        version: Option<NonZeroU32>,
    ) -> Option<Value> {
        let hash = name.hash_with(&self.hash_keys);
        let mut value = None;
        for c in t.mro().iter() {
            let d = c.dict();
            if let Some(n) = d.find_str(name, hash) {
                value = Some(d.value_at(n));
                break;
            }
        }
        if let Some(version) = version
            && name.is_interned()
        {
            self.type_cache.put(version.get(), name, value.clone());
        }
        value
    }
    /// Empties the method cache, so that it keeps nothing alive.
    pub fn clear_type_cache(&self) {
        self.type_cache.clear();
    }

    /// State that a native module keeps with the interpreter, made on first use.
    pub fn module_state<T: 'static>(&self, make: impl FnOnce() -> T) -> Rc<T> {
        let id = TypeId::of::<T>();
        if let Some(s) = self.state.borrow().get(&id) {
            return s.clone().downcast().expect("keyed by type");
        }
        let s = Rc::new(make());
        self.state.borrow_mut().insert(id, s.clone());
        s
    }
    /// Says how the state is made that [`Vm::runtime_state`] gives.
    pub fn set_runtime_state(&self, make: fn(&Vm) -> Box<dyn Any>) {
        self.make_runtime_state.set(Some(make));
    }
    /// The one state that the runtime looks up often, made on first use by what [`Vm::set_runtime_state`] was given. All calls
    /// name the same type.
    #[inline]
    pub fn runtime_state<T: 'static>(&self) -> &T {
        self.runtime_state
            .get_or_init(|| {
                let make = self.make_runtime_state.get();
                make.expect("set as the interpreter is made")(self)
            })
            .downcast_ref()
            .expect("one runtime, one type")
    }
    /// Makes a native module importable.
    pub fn register_module(&self, name: &'static str, init: ModuleInit) {
        self.native_modules.borrow_mut().insert(name, init);
    }

    /// The modules that are part of the program.
    pub fn native_module_names(&self) -> Vec<&'static str> {
        self.native_modules.borrow().keys().copied().collect()
    }

    /// Exchanges the running thread's state. The caller holds the GIL.
    pub fn swap_thread(&self, other: &mut ThreadState, stack_limit: usize) -> usize {
        crate::memory::reserve::enter(&self.eval_breaker);
        self.stack.swap(&other.stack);
        self.frame.swap(&other.frame);
        self.exc_state.swap(&other.exc);
        self.root.swap(&other.root);
        self.depth.swap(&other.depth);
        self.nesting.swap(&other.nesting);
        let mine = self.base_exc.value.take();
        self.base_exc.value.set(other.base_exc.value.replace(mine));
        let mine = self.context.take();
        self.context.set(other.context.replace(mine));
        if self.exc_state.get().is_null() {
            self.exc_state.set(&self.base_exc);
        }
        self.stack_limit.replace(stack_limit)
    }
}

/// Native stack kept free for code that does not check.
const NATIVE_RESERVE: usize = 256 * 1024;

impl Drop for Vm {
    fn drop(&mut self) {
        self.clear_type_cache();
    }
}
