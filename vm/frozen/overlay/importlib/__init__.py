"""Import from Python code. The importer is native; specs and loaders are made here for those who ask for them."""

__all__ = ['__import__', 'import_module', 'invalidate_caches', 'reload']

import _imp
import sys
from builtins import __import__

from . import _bootstrap

_bootstrap._setup(sys, _imp)

from . import _bootstrap_external

_bootstrap_external._set_bootstrap_module(_bootstrap)
_bootstrap._bootstrap_external = _bootstrap_external
_pack_uint32 = _bootstrap_external._pack_uint32
_unpack_uint32 = _bootstrap_external._unpack_uint32


class NativeLoader:
    """Loads what the native importer finds: frozen modules and source files."""

    def __init__(self, name, path, origin, frozen, package):
        self.name = name
        self.path = origin
        self._search = path
        self._frozen = frozen
        self._package = package

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self.get_code(module.__name__), module.__dict__)

    def get_code(self, fullname):
        return _imp._lasti_code(fullname, self._search)

    def is_package(self, fullname):
        return self._package

    def get_filename(self, fullname=None):
        return self.path

    def get_source(self, fullname):
        if self._frozen:
            return None
        with open(self.path, 'rb') as f:
            return _bootstrap_external.decode_source(f.read())

    def get_data(self, path):
        with open(path, 'rb') as f:
            return f.read()

    def get_resource_reader(self, fullname):
        from importlib.readers import FileReader
        return FileReader(self)


_find_on_meta_path = _bootstrap._find_spec


def _find_spec(name, path, target=None):
    """The spec of a module, by the finders on sys.meta_path and then by the native importer."""
    if sys.meta_path:
        spec = _find_on_meta_path(name, path, target)
        if spec is not None:
            return spec
    if _imp.is_builtin(name):
        return _bootstrap.ModuleSpec(name, _bootstrap.BuiltinImporter, origin='built-in')
    found = _imp._lasti_find(name, path)
    if found is None:
        return None
    kind, origin, package = found
    loader = NativeLoader(name, path, origin, kind == 'frozen', package)
    spec = _bootstrap.ModuleSpec(name, loader, origin=origin, is_package=package)
    if kind != 'frozen':
        spec._set_fileattr = True
    if package:
        spec.submodule_search_locations[:] = [origin.rpartition('/')[0]]
        module = sys.modules.get(name)
        if kind == 'frozen' and module is not None:
            spec.submodule_search_locations[:] = module.__path__
    return spec


_bootstrap._find_spec = _find_spec


def _gcd_import(name, package=None, level=0):
    _bootstrap._sanity_check(name, package, level)
    if level > 0:
        name = _bootstrap._resolve_name(name, package, level)
    __import__(name)
    return sys.modules[name]


_bootstrap._gcd_import = _gcd_import


def invalidate_caches():
    """Call the invalidate_caches() method on all meta path finders stored in sys.meta_path (where implemented)."""
    for finder in sys.meta_path:
        if hasattr(finder, 'invalidate_caches'):
            finder.invalidate_caches()


def import_module(name, package=None):
    """Import a module.

    The 'package' argument is required when performing a relative import. It
    specifies the package to use as the anchor point from which to resolve the
    relative import to an absolute import.

    """
    level = 0
    if name.startswith('.'):
        if not package:
            raise TypeError(f"the 'package' argument is required to perform a relative import for {name!r}")
        level = len(name) - len(name.lstrip('.'))
    return _gcd_import(name[level:], package, level)


_RELOADING = {}


def reload(module):
    """Reload the module and return it.

    The module must have been successfully imported before.

    """
    spec = getattr(module, '__spec__', None)
    name = spec.name if spec is not None else getattr(module, '__name__', None)
    if name is None:
        raise TypeError("reload() argument must be a module")
    if sys.modules.get(name) is not module:
        raise ImportError(f"module {name} not in sys.modules", name=name)
    if name in _RELOADING:
        return _RELOADING[name]
    _RELOADING[name] = module
    try:
        parent = name.rpartition('.')[0]
        if parent:
            if parent not in sys.modules:
                raise ImportError(f"parent {parent!r} not in sys.modules", name=parent)
            path = sys.modules[parent].__path__
        else:
            path = None
        spec = module.__spec__ = _find_spec(name, path, module)
        if spec is None:
            raise ModuleNotFoundError(f"spec not found for the module {name!r}", name=name)
        if spec.loader is not _bootstrap.BuiltinImporter:
            spec.loader.exec_module(module)
        return sys.modules[name]
    finally:
        _RELOADING.pop(name, None)
