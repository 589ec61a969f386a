//! Values, heap, types, frames, interpreter, builtins, imports.
