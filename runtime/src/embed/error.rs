//! Python exceptions as a Rust error, in both directions.
#![forbid(unsafe_code)]

use lasti_core::objects::{Str, Type};
use lasti_core::{Exc, Value, Vm};
use std::any::Any;
use std::fmt;

/// A Python exception that reached Rust, as plain text: it may cross threads and outlive its interpreter.
///
/// `Display` prints what Python would print for it, traceback and chained exceptions included, without the newline at
/// the end. A Rust function called from Python that returns an `Error` raises the exception again, as a new instance of the
/// same class.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    /// Boxed, so that results stay small.
    parts: Box<Parts>,
}

#[derive(Clone, PartialEq, Eq)]
struct Parts {
    module: String,
    /// Names of the class and its bases.
    classes: Vec<String>,
    message: String,
    traceback: String,
}

impl Error {
    /// An exception to raise in Python, of a built-in class such as `"ValueError"`.
    ///
    /// A name that is no built-in exception class is raised as RuntimeError, with the name in front of the message.
    pub fn new(class: impl Into<String>, message: impl Into<String>) -> Error {
        let (class, message) = (class.into(), message.into());
        let traceback = if message.is_empty() {
            class.clone()
        } else {
            format!("{class}: {message}")
        };
        let parts = Parts {
            module: "builtins".into(),
            classes: vec![class],
            message,
            traceback,
        };
        Error {
            parts: Box::new(parts),
        }
    }

    pub(super) fn type_error(message: impl Into<String>) -> Error {
        Error::new("TypeError", message)
    }
    pub(super) fn runtime_error(message: impl Into<String>) -> Error {
        Error::new("RuntimeError", message)
    }

    /// The exception's class by its `__name__`, such as `ZeroDivisionError`.
    pub fn class(&self) -> &str {
        self.parts.classes.first().map_or("", |c| c)
    }

    /// Whether the class or one of its bases has this `__name__`: a missing key is a `KeyError` and a `LookupError`.
    pub fn is(&self, class: &str) -> bool {
        self.parts.classes.iter().any(|c| c == class)
    }

    /// What `str()` of the exception gives.
    pub fn message(&self) -> &str {
        &self.parts.message
    }

    /// What `traceback.format_exception` gives, without the newline at the end.
    pub fn traceback(&self) -> &str {
        &self.parts.traceback
    }

    /// Takes over an exception. Runs Python (`__str__`, the traceback module).
    pub(crate) fn of(vm: &Vm, e: &Exc) -> Error {
        let class = vm.type_of(&e.0).clone();
        let module = vm
            .lookup_attr(class.as_value(), &vm.names.module)
            .ok()
            .flatten();
        let message = vm.display(&e.0);
        let traceback = format(vm, &e.0).unwrap_or_else(|_| {
            // The stack is at its end, or the traceback module is broken.
            format!("{}: {message}", class.name())
        });
        let parts = Parts {
            module: module.map_or_else(String::new, |m| vm.display(&m)),
            classes: class.mro().iter().map(|t| t.name()).collect(),
            message,
            traceback: traceback.trim_end_matches('\n').to_owned(),
        };
        Error {
            parts: Box::new(parts),
        }
    }

    /// Any error of a Rust function as the exception to raise.
    pub(super) fn of_rust<E: fmt::Display + 'static>(e: E) -> Error {
        let any: &dyn Any = &e;
        if let Some(e) = any.downcast_ref::<Error>() {
            return e.clone();
        }
        if let Some(e) = any.downcast_ref::<std::io::Error>() {
            return Error::from_io(e);
        }
        Error::runtime_error(e.to_string())
    }

    fn from_io(e: &std::io::Error) -> Error {
        use std::io::ErrorKind::*;
        let class = match e.kind() {
            NotFound => "FileNotFoundError",
            PermissionDenied => "PermissionError",
            ConnectionRefused => "ConnectionRefusedError",
            ConnectionReset => "ConnectionResetError",
            ConnectionAborted => "ConnectionAbortedError",
            BrokenPipe => "BrokenPipeError",
            AlreadyExists => "FileExistsError",
            WouldBlock => "BlockingIOError",
            TimedOut => "TimeoutError",
            Interrupted => "InterruptedError",
            UnexpectedEof => "EOFError",
            _ => "OSError",
        };
        Error::new(class, e.to_string())
    }

    /// The exception to raise in an interpreter. May run Python, for a class that is not built in.
    pub(super) fn raise(&self, vm: &Vm) -> Exc {
        let name = self.class();
        if self.parts.module == "builtins" || self.parts.module.is_empty() {
            if let Some((_, class)) = vm.exc.all().into_iter().find(|(n, _)| *n == name) {
                return vm.new_exception(class, &self.parts.message);
            }
        } else if let Some(e) = self.raise_own_class(vm) {
            return e;
        }
        vm.runtime_error(format!("{name}: {}", self.parts.message))
    }

    fn raise_own_class(&self, vm: &Vm) -> Option<Exc> {
        let module = vm.loaded_module(&self.parts.module)?;
        let class = vm.getattr_str(module.as_value(), self.class()).ok()?;
        if !class.as_ref::<Type>()?.is_subtype(&vm.exc.base_exception) {
            return None;
        }
        let message = vm.str_value(&self.parts.message);
        let args: &[Value] = if self.parts.message.is_empty() {
            &[]
        } else {
            std::slice::from_ref(&message)
        };
        let e = vm.call(&class, args).ok()?;
        vm.is_instance(&e, &vm.exc.base_exception).then_some(Exc(e))
    }
}

fn format(vm: &Vm, e: &Value) -> Result<String, Exc> {
    let traceback = vm.import("traceback")?;
    let lines = vm.call_method(&traceback, "format_exception", std::slice::from_ref(e))?;
    let lines = vm.collect(&lines)?;
    Ok(lines
        .iter()
        .filter_map(|l| l.downcast::<Str>())
        .map(|s| s.to_string_lossy().into_owned())
        .collect())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts.traceback)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("class", &self.class())
            .field("message", &self.parts.message)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    /// The subclass of OSError for the error's kind.
    fn from(e: std::io::Error) -> Error {
        Error::from_io(&e)
    }
}
