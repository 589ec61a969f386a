def raises(exc, text, f, *args, **kw):
    try:
        f(*args, **kw)
    except exc as e:
        if text is not None:
            got = e.args[0] if e.args else ""
            assert got == text, (got, text)
        return e
    raise AssertionError(("no exception", exc, text))


