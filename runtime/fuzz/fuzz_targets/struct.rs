//! Formats and bytes of `struct`: the first byte says how long the format is.
#![no_main]

lasti_runtime_fuzz::target!(
    r#"
import struct
def target(data):
    n = data[0] % 24
    format, rest = data[1:n + 1], data[n + 1:]
    if struct.calcsize(format) > 1 << 16: return
    values = struct.unpack_from(format, rest)
    struct.pack(format, *values)
"#
);
