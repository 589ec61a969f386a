# A byte order mark and CRLF line ends.
if True:
    print("""a
b""".split("\n"), "ok")
