"""What sysconfig asks of a build: there is no C compiler behind this one."""

build_time_vars = {"Py_DEBUG": 0, "Py_GIL_DISABLED": 0, "HAVE_FORK": 1, "EXT_SUFFIX": ".so", "SIZEOF_VOID_P": 8}
