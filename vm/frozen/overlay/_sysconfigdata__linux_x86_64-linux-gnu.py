"""What sysconfig knows of how the interpreter was built. There is no C toolchain behind it."""

build_time_vars = {
    "EXT_SUFFIX": "",
    "MULTIARCH": "x86_64-linux-gnu",
    "Py_DEBUG": 0,
    "Py_GIL_DISABLED": 0,
    "SOABI": "",
    "WITH_DOC_STRINGS": 1,
}
