# Functions of os that take paths: str, bytes, PathLike, descriptors, NUL, wrong types and missing files.
import os
import pathlib
import tempfile

folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)


class P:
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path

    def __repr__(self):
        return f'P({self.path!r})'


def show(v):
    if isinstance(v, os.stat_result):
        return 'stat_result'
    if isinstance(v, int) and not isinstance(v, bool) and v > 2:
        os.close(v)
        return 'fd'
    if hasattr(v, 'close') and hasattr(v, '__next__'):
        names = sorted((e.name for e in v))
        return names
    return sorted(v) if isinstance(v, list) else v


def call(name, *args, **kwargs):
    try:
        r = show(getattr(os, name)(*args, **kwargs))
    except OSError as e:
        r = type(e).__name__, e.errno, e.strerror, e.filename, e.filename2
    except Exception as e:
        r = type(e).__name__, str(e)
    text = repr(args)
    print(name, text, *(f'{k}={v!r}' for k, v in kwargs.items()), '->', r)


def fresh():
    for n in ('file', 'new', 'link'):
        if os.path.lexists(n):
            os.unlink(n)
    for n in ('dir', 'newdir'):
        if os.path.isdir(n):
            for e in os.listdir(n):
                os.unlink(os.path.join(n, e))
            os.rmdir(n)
    open('file', 'w').close()
    os.mkdir('dir')
    open('dir/inner', 'w').close()
    os.symlink('file', 'link')


ONE = {
    'stat': ('file',), 'lstat': ('file',), 'open': ('file', os.O_RDONLY), 'chdir': ('.',), 'mkdir': ('newdir',),
    'rmdir': ('newdir',), 'unlink': ('file',), 'remove': ('file',), 'readlink': ('link',), 'chmod': ('file', 0o600),
    'truncate': ('file', 0), 'utime': ('file',), 'access': ('file', os.R_OK), 'listdir': ('dir',), 'scandir': ('dir',),
}
for name, (good, *rest) in ONE.items():
    for path in (good, good.encode(), P(good), P(good.encode()), pathlib.Path(good)):
        fresh()
        if name == 'rmdir':
            os.mkdir('newdir')
        call(name, path, *rest)
    fresh()
    for path in ('no/such', b'no/such', P('no/such'), P(b'no/such'), 'a\0b', b'a\0b', 1.5, None, [], P(3), '', 99):
        if path is None and name in ('listdir', 'scandir'):
            continue
        call(name, path, *rest)
    try:
        getattr(os, name)()
    except TypeError as e:
        print(name, '()', e)
for name in ('rename', 'replace', 'link', 'symlink'):
    for a, b in (('file', 'new'), (b'file', b'new'), (P('file'), P(b'new')), ('file', b'new'), ('no/such', b'new'),
                 (b'no/such', 'new'), (1.5, 'new'), ('file', None), ('a\0b', 'new'), ('file', b'a\0b'), ('file', 'no/such')):
        fresh()
        call(name, a, b)
fresh()
fd = os.open('dir', os.O_RDONLY)
for name in ('stat', 'listdir', 'scandir', 'chdir', 'access'):
    rest = (os.R_OK,) if name == 'access' else ()
    try:
        print(name, 'fd', show(getattr(os, name)(fd, *rest)))
    except Exception as e:
        print(name, 'fd', type(e).__name__, e)
    os.chdir('..') if name == 'chdir' else None
os.close(fd)

# Relative to another folder.
fd = os.open('dir', os.O_RDONLY)
call('stat', 'inner')
print(show(os.stat('inner', dir_fd=fd)), os.access('inner', os.R_OK, dir_fd=fd), os.path.exists('inner'))
os.mkdir('made', dir_fd=fd)
os.symlink('inner', 'pointer', dir_fd=fd)
os.rename('inner', 'outer', src_dir_fd=fd)
print(os.readlink(b'pointer', dir_fd=fd), sorted(os.listdir('dir')), os.path.exists('outer'))
os.unlink('pointer', dir_fd=fd)
os.rmdir('made', dir_fd=fd)
try:
    os.stat('missing', dir_fd=fd)
except OSError as e:
    print(e.filename, e.errno)
print(os.listdir(fd))
os.utime('outer', (3, 4.5))
print(os.stat('outer').st_mtime_ns, os.stat('outer').st_atime)
os.utime('outer', ns=(7, 1_000_000_009))
print(os.stat('outer').st_mtime_ns, os.stat('outer').st_atime_ns)
for arguments in (dict(times=3), dict(ns=(1,)), dict(times=(1, 2), ns=(1, 2))):
    try:
        os.utime('outer', **arguments)
    except (TypeError, ValueError) as e:
        print(type(e).__name__, e)
os.close(fd)
os.chdir('/')
folder.cleanup()
