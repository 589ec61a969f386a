//! Damaged streams of `zlib`, at once and in pieces, and the round trip.
#![no_main]

lasti_runtime_fuzz::target!(
    r#"
import zlib
def target(data):
    assert zlib.decompress(zlib.compress(data, len(data) % 10)) == data
    d = zlib.decompressobj(wbits=(15, -15, 31, 47)[len(data) % 4])
    for i in range(0, len(data), 7):
        d.decompress(data[i:i + 7], 1 << 16)
    d.flush(1 << 16)
"#
);
