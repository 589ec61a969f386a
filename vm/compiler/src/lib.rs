//! Source to AST to symbol table to CPython 3.8 wordcode. Knows no heap.
