# os, os.path, io, tempfile, pathlib: files, folders, text and binary modes, StringIO, BytesIO, errors.
import io
import os
import shutil
import tempfile

folder = tempfile.mkdtemp()
path = os.path.join(folder, "a.txt")
with open(path, "w") as f:
    print(f.write("line one\nline two\n"), f.writable(), f.readable(), f.mode, f.tell(), file=f)
    print("printed", file=f)
with open(path) as f:
    print(f.readline(), f.read(4), f.readlines(), f.read(), f.closed, f.encoding.lower(), end="|\n")
print([line.rstrip() for line in open(path)], f.closed, os.path.getsize(path) > 10, os.path.isfile(path), os.path.isdir(folder), os.path.exists(path + "x"))
with open(path, "a+") as f:
    f.write("é\n"); f.seek(0); print(len(f.read()))
with open(path, "rb") as f:
    print(f.read(8), f.seek(-3, 2) > 0, f.read(), f.tell() == os.stat(path).st_size, f.mode)
with open(path, "r+b") as f:
    f.write(b"LINE"); f.seek(0); print(f.readline()); f.truncate(4)
print(open(path).read(), os.listdir(folder))
for bad in (lambda: open(os.path.join(folder, "none")), lambda: open(folder), lambda: open(path, "q"), lambda: open(path).write("x"), lambda: open(path, "x"), lambda: os.remove(path + "none"), lambda: os.mkdir(folder), lambda: open(path, "rb").read("x"), lambda: f.read(), lambda: os.listdir(path)):
    try:
        bad()
    except (OSError, ValueError, TypeError) as error:
        print(type(error).__name__, getattr(error, "errno", None), getattr(error, "strerror", None))
os.makedirs(os.path.join(folder, "x", "y")); open(os.path.join(folder, "x", "f.py"), "w").close()
print(sorted((os.path.relpath(root, folder), sorted(dirs), sorted(files)) for root, dirs, files in os.walk(folder)), sorted(e.name for e in os.scandir(folder) if e.is_dir()))
os.rename(path, path + ".bak"); os.rmdir(os.path.join(folder, "x", "y"))
print(sorted(os.listdir(folder)), os.access(path + ".bak", os.R_OK))
print(os.path.join("a", "b", "/c", "d"), os.path.split("/a/b.c"), os.path.splitext("x.tar.gz"), os.path.basename("/a/b/"), os.path.dirname("/a/b"), os.path.normpath("a/../b//c/."), os.path.isabs("/x"), os.path.commonpath(["/a/b", "/a/c"]), os.path.relpath("/a/b", "/a/c"), os.path.expanduser("~").startswith("/"), os.sep, os.linesep == "\n", os.name)
os.environ["NEW_VAR"] = "value"
print(os.getenv("NEW_VAR"), os.environ.get("NOT_THERE"), os.getenv("NOT_THERE", "d"), "NEW_VAR" in os.environ, os.environ.pop("NEW_VAR"), os.getcwd() == os.path.abspath("."), os.getpid() > 0, len(os.urandom(4)), os.fspath("p"), (os.cpu_count() or 1) > 0)
import pathlib
p = pathlib.Path(folder) / "sub" / "file.txt"
p.parent.mkdir(); p.write_text("text é\n")
print(p.name, p.stem, p.suffix, p.exists(), p.read_text(), p.read_bytes(), p.parent.name, sorted(c.name for c in pathlib.Path(folder).iterdir()), [q.name for q in pathlib.Path(folder).glob("**/*.txt")], p.relative_to(folder), p.with_suffix(".py").name, pathlib.PurePosixPath("a/b").parts)
shutil.rmtree(folder)
print(os.path.exists(folder))
s = io.StringIO("a\nb\n")
print(s.readline(), list(s), s.getvalue(), s.seek(0), s.read(1), s.write("X"), s.getvalue())
b = io.BytesIO(b"abc")
print(b.read(2), b.read(), b.getvalue(), b.seek(1), b.write(b"ZZ"), b.getvalue(), b.getbuffer().nbytes)
t = io.TextIOWrapper(io.BytesIO("é\r\nx".encode()), encoding="utf-8")
print(t.read(), io.DEFAULT_BUFFER_SIZE > 0, isinstance(s, io.TextIOBase), issubclass(io.UnsupportedOperation, OSError))
import contextlib, sys
with contextlib.redirect_stdout(io.StringIO()) as captured:
    print("captured", 1, sep="-", end="!")
print(captured.getvalue(), sys.stdout.writable(), sys.stdout.encoding.lower())
print("a", "b", sep="", end="\n", flush=True)
r, w = os.pipe()
os.write(w, b"through a pipe"); os.close(w)
print(os.read(r, 100), os.read(r, 1)); os.close(r)
