//! `json.loads` of any bytes; what comes back is written and read again.
#![no_main]

lasti_runtime_fuzz::target!(
    r#"
import json
def target(data):
    value = json.loads(data)
    json.loads(json.dumps(value, indent=len(data) % 3))
"#
);
