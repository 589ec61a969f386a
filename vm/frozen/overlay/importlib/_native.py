"""Specs and loaders over the native importer, for those who ask for them (importlib.util, importlib.abc)."""

import _imp
import sys

# What _bootstrap would ask the C importer for.
import _thread, _warnings, _weakref

from . import _bootstrap

# One class of specs, that of the native importer.
_bootstrap.ModuleSpec = _imp._lasti_ModuleSpec

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


def _loader_of(spec):
    """The loader of a module that the native importer found."""
    if spec.origin == 'built-in':
        return _bootstrap.BuiltinImporter
    parent = sys.modules.get(spec.name.rpartition('.')[0])
    package = spec.submodule_search_locations is not None
    return NativeLoader(spec.name, getattr(parent, '__path__', None), spec.origin, not spec.has_location, package)


# After the loaders: _setup looks at the specs of the modules that are there.
_bootstrap._setup(sys, _imp)

from . import _bootstrap_external

_bootstrap_external._set_bootstrap_module(_bootstrap)
_bootstrap._bootstrap_external = _bootstrap_external


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
        module = sys.modules.get(name)
        if kind == 'frozen' and module is not None:
            spec.submodule_search_locations[:] = module.__path__
        else:
            spec.submodule_search_locations[:] = [origin.rpartition('/')[0]]
    return spec


def _gcd_import(name, package=None, level=0):
    _bootstrap._sanity_check(name, package, level)
    if level > 0:
        name = _bootstrap._resolve_name(name, package, level)
    __import__(name)
    return sys.modules[name]


_bootstrap._find_spec = _find_spec
_bootstrap._gcd_import = _gcd_import
