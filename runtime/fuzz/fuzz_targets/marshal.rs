//! `marshal.loads` of any bytes; what comes back is written and read again.
#![no_main]

lasti_runtime_fuzz::target!(
    r#"
import marshal
def target(data):
    value = marshal.loads(data)
    marshal.loads(marshal.dumps(value))
"#
);
