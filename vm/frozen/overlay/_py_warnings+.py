

class _Text(str):
    """What a filter matches whole, where others have a regular expression. CPython's first filter has a plain string."""

    __slots__ = ()

    def match(self, string):
        return self == string


def _setup_defaults():
    # As above, but the first filter needs no regular expression, and so `import warnings` does not need `re`.
    if hasattr(sys, "gettotalrefcount"):
        return
    _wm._add_filter("default", None, DeprecationWarning, _Text("__main__"), 0, append=True)
    for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        _wm.simplefilter("ignore", category=category, append=True)
