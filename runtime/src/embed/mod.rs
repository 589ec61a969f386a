//! The Rust side: values in and out, Rust functions and futures in Python, Python coroutines as Rust futures.
//!
//! - `error.rs`: exceptions as a Rust error.
//! - `convert.rs`: the conversion traits.
//! - `function.rs`: Rust functions and `async fn`s as Python functions.
//! - `future.rs`: a Python awaitable as a Rust `Future`, which drives the loop.
//! - `alarm.rs`: the thread that wakes an executor when the loop has something to do.
//!
//! What Rust code gave to the interpreter (closures, futures, wakers) stands in [`Embed`], beside the heap: an
//! interpreter that ends lets go of it first, so that handles in it cannot keep the interpreter alive for ever. Objects of the heap
//! hold keys of it. What Python drops is dropped here at the next entry, because releasing an object must not run foreign code. Rust
//! code runs on the interpreter's own thread only.
//!
//! A Rust future is polled in the step of the task that awaits it. If it is pending, it yields an asyncio future, and its waker sends
//! the key to the loop's inbox; `take_wakes` completes the asyncio future in the next round. A panic of a Rust function becomes
//! RuntimeError. `Error` is text, so it is `Send`; raised again, it is a new instance of its class.
#![forbid(unsafe_code)]

mod alarm;
mod convert;
mod error;
mod function;
mod future;

pub use convert::{Bytes, FromArgs, FromPython, ToArgs, ToPython};
pub use error::Error;
pub use future::PyFuture;

use function::{Entry, LocalFuture};
use future::{Driver, Waiter};
use lasti_core::objects::{Module, Type};
use lasti_core::{PyResult, Ref, Value, Vm};
use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::rc::{Rc, Weak};
use std::thread::ThreadId;

/// What an interpreter keeps for the Rust code around it.
pub(crate) struct Embed {
    vm: Weak<Vm>,
    /// What Rust code gave is used on this thread only: it need not be `Send`.
    thread: ThreadId,
    closed: Cell<bool>,
    main: RefCell<Option<Ref<Module>>>,
    next_key: Cell<u64>,
    functions: RefCell<HashMap<u64, Entry>>,
    futures: RefCell<HashMap<u64, LocalFuture>>,
    /// Closures and futures that Python let go of; dropped at the next entry, since dropping them may run anything.
    discarded: RefCell<Vec<Box<dyn Any>>>,
    coroutine_type: OnceCell<Ref<Type>>,
    waiters: RefCell<HashMap<u64, Waiter>>,
    driver: RefCell<Option<Driver>>,
}

impl Embed {
    fn new(vm: Weak<Vm>) -> Embed {
        Embed {
            vm,
            thread: std::thread::current().id(),
            closed: Cell::new(false),
            main: RefCell::default(),
            next_key: Cell::new(0),
            functions: RefCell::default(),
            futures: RefCell::default(),
            discarded: RefCell::default(),
            coroutine_type: OnceCell::new(),
            waiters: RefCell::default(),
            driver: RefCell::default(),
        }
    }
    fn new_key(&self) -> u64 {
        let key = self.next_key.get();
        self.next_key.set(key + 1);
        key
    }
    fn discard(&self, what: impl Any) {
        self.discarded.borrow_mut().push(Box::new(what));
    }
    fn drop_discarded(&self) {
        if self.discarded.borrow().is_empty() || !self.is_here() {
            return;
        }
        let all = self.discarded.take();
        let _ = function::catch_panic("a destructor", || drop(all));
    }
    fn is_here(&self) -> bool {
        std::thread::current().id() == self.thread
    }
    /// A handle for Rust code that Python calls.
    fn python(&self) -> Result<Python, Error> {
        match self.vm.upgrade() {
            Some(_) if !self.is_here() => Err(Error::runtime_error(
                "Rust code runs on the interpreter's own thread only",
            )),
            Some(vm) if !self.closed.get() => Ok(Python { vm }),
            _ => Err(closed()),
        }
    }
}

fn closed() -> Error {
    Error::runtime_error("the interpreter is closed")
}

/// The state, if Rust code took up with this interpreter.
pub(crate) fn embed(vm: &Vm) -> Rc<Embed> {
    vm.module_state(|| Embed::new(Weak::new()))
}

/// Ties the state to its interpreter; done before anything else asks for it.
pub(crate) fn attach(vm: &Rc<Vm>) {
    vm.module_state(|| Embed::new(Rc::downgrade(vm)));
}

/// A handle to an interpreter: what [`Interpreter`](crate::Interpreter) dereferences to, and what Rust functions use to call back. Cheap to
/// clone, and not `Send`.
///
/// Everything here runs Python on the calling thread and returns when it is done, so it blocks for as long as the Python code
/// does. When the [`Interpreter`](crate::Interpreter) is dropped, every call returns a RuntimeError.
#[derive(Clone)]
pub struct Python {
    vm: Rc<Vm>,
}

impl Python {
    pub(crate) fn of(vm: Rc<Vm>) -> Python {
        Python { vm }
    }
    pub(crate) fn vm(&self) -> &Rc<Vm> {
        &self.vm
    }
    fn same(&self, other: &Python) -> bool {
        Rc::ptr_eq(&self.vm, &other.vm)
    }
    fn object(&self, value: Value) -> Object {
        Object {
            value,
            py: self.clone(),
        }
    }
    fn wrap(&self, r: PyResult<Value>) -> Result<Object, Error> {
        match r {
            Ok(v) => Ok(self.object(v)),
            Err(e) => Err(Error::of(&self.vm, &e)),
        }
    }
    /// A value of ours; whatever a conversion of the embedder's gives is checked.
    fn convert(&self, value: impl ToPython) -> Result<Value, Error> {
        value.to_python(self)?.value_in(self)
    }
    /// The state; an error when the interpreter is closed.
    fn enter(&self) -> Result<Rc<Embed>, Error> {
        let e = embed(&self.vm);
        if e.closed.get() {
            return Err(closed());
        }
        e.drop_discarded();
        Ok(e)
    }
    /// Ends a call from outside: finalizers run, and what Python printed leaves its buffer.
    fn leave<T>(&self, r: Result<T, Error>) -> Result<T, Error> {
        self.vm.run_due();
        if crate::aio::aio(&self.vm).running.get().is_none() {
            crate::uncaught::flush_stdout(&self.vm);
            embed(&self.vm).wake_if_changed();
        }
        r
    }

    fn main(&self, e: &Embed) -> Ref<Module> {
        let main = e.main.borrow().clone();
        main.unwrap_or_else(|| {
            let m = crate::main_module::main_module(&self.vm);
            e.main.replace(Some(m.clone()));
            m
        })
    }

    /// Runs statements in `__main__`. An uncaught exception is the error; so is SystemExit.
    pub fn run(&self, source: &str) -> Result<(), Error> {
        let main = self.main(&*self.enter()?);
        let r = self
            .vm
            .exec_source(source.as_bytes(), "<string>", &main.dict);
        self.leave(self.wrap(r).map(drop))
    }

    /// Runs a file in `__main__`, with `__file__` set. Its folder is not put on `sys.path`: see [`Settings::path`].
    ///
    /// [`Settings::path`]: crate::Settings::path
    pub fn run_file(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let e = self.enter()?;
        let path = path.as_ref();
        let source = std::fs::read(path).map_err(|e| {
            let e: Error = e.into();
            Error::new(e.class(), format!("{}: {}", path.display(), e.message()))
        })?;
        let (main, name) = (self.main(&e), crate::host::name_of(path));
        self.vm
            .add_value(&main, "__file__", self.vm.name_value(&name));
        let r = self.vm.exec_source(&source, &name, &main.dict);
        self.leave(self.wrap(r).map(drop))
    }

    /// The value of an expression in `__main__`.
    pub fn eval<T: FromPython>(&self, expression: &str) -> Result<T, Error> {
        let main = self.main(&*self.enter()?);
        let args = [self.vm.str_value(expression), main.dict.value()];
        let r = self
            .vm
            .builtin("eval")
            .and_then(|f| self.vm.call(&f, &args));
        self.leave(self.wrap(r).and_then(|o| o.extract()))
    }

    /// A variable of `__main__`, or else a built-in name. NameError when there is none.
    pub fn get<T: FromPython>(&self, name: &str) -> Result<T, Error> {
        let main = self.main(&*self.enter()?);
        let found = match self.vm.dict_get(&main.dict, name) {
            Some(v) => Some(v),
            None => self.vm.builtin(name).ok(),
        };
        match found {
            Some(v) => self.object(v).extract(),
            None => {
                let message = format!("name '{name}' is not defined");
                Err(Error::new("NameError", message))
            }
        }
    }

    /// Sets a variable of `__main__`.
    pub fn set(&self, name: &str, value: impl ToPython) -> Result<(), Error> {
        let main = self.main(&*self.enter()?);
        let value = self.convert(value)?;
        self.vm.dict_set(&main.dict, name, value);
        self.leave(Ok(()))
    }

    /// Calls a function of `__main__` (or a built-in one) by name.
    pub fn call<T: FromPython>(&self, function: &str, args: impl ToArgs) -> Result<T, Error> {
        self.get::<Object>(function)?.call(args)
    }

    /// Imports a module; for a dotted name the submodule itself.
    pub fn import(&self, module: &str) -> Result<Object, Error> {
        self.enter()?;
        let r = self.vm.import_dotted(module);
        self.leave(self.wrap(r))
    }

    /// Any value as a Python object.
    pub fn value(&self, value: impl ToPython) -> Result<Object, Error> {
        self.enter()?;
        value.to_python(self)
    }
}

impl fmt::Debug for Python {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Python").finish_non_exhaustive()
    }
}

/// A Python object. Cloning makes another reference to the same object; not `Send`.
///
/// It keeps the memory of its interpreter, but not the interpreter itself: once that is dropped, it can only be dropped.
/// `Display` prints `str()` of it. An object that a Rust closure or future inside the interpreter holds is not seen by the
/// cycle collector; such a cycle is let go of when the interpreter ends.
#[derive(Clone)]
pub struct Object {
    // Before the handle, which may be the last thing that keeps the heap.
    value: Value,
    py: Python,
}

impl Object {
    fn vm(&self) -> &Rc<Vm> {
        &self.py.vm
    }

    /// The value, for use in this interpreter.
    fn value_in(&self, py: &Python) -> Result<Value, Error> {
        if self.py.same(py) {
            Ok(self.value.clone())
        } else {
            Err(Error::type_error("an object of another interpreter"))
        }
    }

    /// The interpreter it belongs to.
    pub fn python(&self) -> &Python {
        &self.py
    }

    /// Takes the value out as a Rust type.
    pub fn extract<T: FromPython>(&self) -> Result<T, Error> {
        T::from_python(self)
    }

    /// Whether it is None.
    pub fn is_none(&self) -> bool {
        self.value.is_none()
    }

    /// `type(object).__name__`.
    pub fn type_name(&self) -> String {
        self.vm().type_name(&self.value)
    }

    /// An attribute.
    pub fn attr<T: FromPython>(&self, name: &str) -> Result<T, Error> {
        self.py.enter()?;
        let r = self.vm().getattr_str(&self.value, name);
        self.py.leave(self.py.wrap(r).and_then(|o| o.extract()))
    }

    /// Sets an attribute.
    pub fn set_attr(&self, name: &str, value: impl ToPython) -> Result<(), Error> {
        self.py.enter()?;
        let vm = self.vm();
        let value = self.py.convert(value)?;
        let r = vm.setattr(&self.value, &vm.intern(name), Some(&value));
        self.py.leave(r.map_err(|e| Error::of(vm, &e)))
    }

    /// Calls it.
    pub fn call<T: FromPython>(&self, args: impl ToArgs) -> Result<T, Error> {
        self.py.enter()?;
        let args = self.arguments(args)?;
        let r = self.vm().call(&self.value, &args);
        drop(args);
        self.py.leave(self.py.wrap(r).and_then(|o| o.extract()))
    }

    /// Calls a method.
    pub fn call_method<T: FromPython>(&self, name: &str, args: impl ToArgs) -> Result<T, Error> {
        self.py.enter()?;
        let args = self.arguments(args)?;
        let r = self.vm().call_method(&self.value, name, &args);
        drop(args);
        self.py.leave(self.py.wrap(r).and_then(|o| o.extract()))
    }

    fn arguments(&self, args: impl ToArgs) -> Result<Vec<Value>, Error> {
        let all = args.to_args(&self.py)?;
        all.iter().map(|o| o.value_in(&self.py)).collect()
    }

    /// `repr(object)`.
    pub fn repr(&self) -> Result<String, Error> {
        self.py.enter()?;
        let r = self.vm().repr_string(&self.value);
        self.py.leave(r.map_err(|e| Error::of(self.vm(), &e)))
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.py.enter() {
            Ok(_) => f.write_str(&self.vm().display(&self.value)),
            Err(_) => write!(f, "<{} of a closed interpreter>", self.type_name()),
        }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} object>", self.type_name())
    }
}

/// Ends the loop that polls drive: tasks get to run their clean-up as far as it needs no waiting, since nothing here sleeps.
pub(crate) fn end_loop(vm: &Vm) {
    future::end_loop(vm, &embed(vm));
}

/// Ends the embedding of an interpreter: lets go of everything that Rust code gave it.
pub(crate) fn close(vm: &Vm) {
    let e = embed(vm);
    if e.closed.replace(true) {
        return;
    }
    let wakers = e.waiters.take();
    let driver = e.driver.take();
    let futures = e.futures.take();
    let functions = e.functions.take();
    let main = e.main.take();
    let _ = function::catch_panic("a destructor", || {
        drop(wakers);
        drop(futures);
        drop(functions);
    });
    drop((driver, main));
    e.drop_discarded();
    vm.run_due();
}
