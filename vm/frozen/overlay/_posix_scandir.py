class DirEntry:
    """One entry of a folder, with what the listing told about it."""

    __slots__ = ("name", "path", "_dir", "_file", "_link")

    def __init__(self, base, row):
        self.name, self._dir, self._file, self._link = row
        if not base:
            self.path = self.name
            return
        slash = "/" if isinstance(base, str) else b"/"
        self.path = base + self.name if base.endswith(slash) else base + slash + self.name

    def __fspath__(self):
        return self.path

    def __repr__(self):
        return f"<DirEntry {self.name!r}>"

    def is_symlink(self):
        return self._link

    def is_dir(self, *, follow_symlinks=True):
        if not self._link:
            return self._dir
        return follow_symlinks and self._kind() == 0o040000

    def is_file(self, *, follow_symlinks=True):
        if not self._link:
            return self._file
        return follow_symlinks and self._kind() == 0o100000

    def is_junction(self):
        return False

    def _kind(self):
        try:
            return stat(self.path).st_mode & 0o170000
        except OSError:
            return 0

    def stat(self, *, follow_symlinks=True):
        return stat(self.path) if follow_symlinks else lstat(self.path)

    def inode(self):
        return lstat(self.path).st_ino


class _ScandirIterator:
    def __init__(self, path):
        rows = _scan(path)
        base = "." if path is None else "" if isinstance(path, int) else fspath(path)
        self._rows = iter([DirEntry(base, row) for row in rows])

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._rows)

    def close(self):
        self._rows = iter(())

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def scandir(path=None):
    """The entries of a folder, as DirEntry objects."""
    return _ScandirIterator(path)


DirEntry.__module__ = "os"
DirEntry.__qualname__ = "DirEntry"
