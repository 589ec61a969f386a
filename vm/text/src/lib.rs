//! Number and text formatting and parsing. Knows no heap.
