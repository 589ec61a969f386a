"""Type parameters, generic classes and type aliases: what CPython's typing module takes from C.

The interpreter itself calls the functions at the end of this file for `class C[T]`, `def f[T]` and `type X = ...`.
Bounds, constraints, defaults and values are evaluated when first asked for, by calling `evaluator(1)`.
"""
import sys as _sys


# A plain function would bind where typing puts it into a class.
@staticmethod
def _idfunc(x, /):
    return x


class _NoDefaultType:
    __slots__ = ()
    __module__ = 'typing'

    def __new__(cls):
        try:
            return NoDefault
        except NameError:
            return super().__new__(cls)

    def __repr__(self):
        return 'typing.NoDefault'

    def __reduce__(self):
        return 'NoDefault'


_NoDefaultType.__name__ = _NoDefaultType.__qualname__ = 'NoDefaultType'
NoDefault = _NoDefaultType()
_MISSING = object()


class _Unevaluated:
    """A value still to be computed, and the function that computes it."""
    __slots__ = ('evaluator',)

    def __init__(self, evaluator):
        self.evaluator = evaluator


def _caller_module(depth=2):
    try:
        return _sys._getframemodulename(depth) or None
    except AttributeError:
        pass
    try:
        return _sys._getframe(depth).f_globals.get('__name__')
    except (AttributeError, ValueError):
        return None


def _typing():
    import typing
    return typing


def _type_check(arg, msg):
    if arg is None:
        return type(None)
    if isinstance(arg, type):
        return arg
    return _typing()._type_check(arg, msg)


class _ConstEvaluator:
    """What `evaluate_bound` and its like are for a value that is known."""
    __slots__ = ('_value',)
    __module__ = '_typing'

    def __init__(self, value):
        self._value = value

    def __call__(self, format=1, /):
        if format == 4:
            import annotationlib
            value = self._value
            if type(value) is tuple:
                return '(' + ', '.join(annotationlib.type_repr(x) for x in value) + ')'
            return annotationlib.type_repr(value)
        return self._value

    def __repr__(self):
        return f'<constevaluator {self._value!r}>'


def _value_of(obj, slot):
    value = getattr(obj, slot)
    if type(value) is _Unevaluated:
        value = value.evaluator(1)
        setattr(obj, slot, value)
    return value


def _evaluator_of(obj, slot, keep):
    value = getattr(obj, slot)
    if type(value) is _Unevaluated:
        return value.evaluator
    kept = getattr(obj, keep)
    if kept is not None:
        return kept
    return _ConstEvaluator(value)


def _union(a, b):
    return Union[a, b]


class _Param:
    """What all four kinds of type parameter share."""
    __slots__ = ('__name__', '_default', '_default_eval', '__dict__', '__weakref__')

    def __init_subclass__(cls, **kwargs):
        for base in cls.__bases__:
            if base is not _Param:
                raise TypeError(f"type 'typing.{base.__name__}' is not an acceptable base type")

    @property
    def __default__(self):
        return _value_of(self, '_default')

    @property
    def evaluate_default(self):
        if self._default is NoDefault:
            return None
        return _evaluator_of(self, '_default', '_default_eval')

    def has_default(self):
        return self._default is not NoDefault

    def __or__(self, other):
        return _union(self, other)

    def __ror__(self, other):
        return _union(other, self)

    def __reduce__(self):
        return self.__name__

    def __mro_entries__(self, bases):
        raise TypeError(f"Cannot subclass an instance of {type(self).__name__}")

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


def _variance_repr(self):
    if self.__infer_variance__:
        return self.__name__
    if self.__covariant__:
        return '+' + self.__name__
    if self.__contravariant__:
        return '-' + self.__name__
    return '~' + self.__name__


def _set_variance(self, covariant, contravariant, infer_variance):
    if covariant and contravariant:
        raise ValueError("Bivariant types are not supported.")
    if infer_variance and (covariant or contravariant):
        raise ValueError("Variance cannot be specified with infer_variance.")
    self._variance = (bool(covariant), bool(contravariant), bool(infer_variance))


class TypeVar(_Param):
    """Type variable."""
    __slots__ = ('_bound', '_bound_eval', '_constraints', '_constraints_eval', '_variance')
    __module__ = 'typing'

    def __new__(cls, name, *constraints, bound=None, default=NoDefault, covariant=False, contravariant=False,
                infer_variance=False):
        if not isinstance(name, str):
            raise TypeError(f"typevar() argument 'name' must be str, not {type(name).__name__}")
        self = super().__new__(cls)
        _set_variance(self, covariant, contravariant, infer_variance)
        if bound is not None:
            if constraints:
                raise TypeError("Constraints cannot be combined with bound=...")
            bound = _type_check(bound, "Bound must be a type.")
        if len(constraints) == 1:
            raise TypeError("A single constraint is not allowed")
        self._fill(name, bound, constraints, default)
        module = _caller_module()
        if module is not None:
            self.__module__ = module
        return self

    def _fill(self, name, bound=None, constraints=(), default=NoDefault):
        self.__name__ = name
        self._bound = bound
        self._bound_eval = None
        self._constraints = constraints
        self._constraints_eval = None
        self._default = default
        self._default_eval = None

    @property
    def __bound__(self):
        return _value_of(self, '_bound')

    @property
    def __constraints__(self):
        return _value_of(self, '_constraints')

    @property
    def evaluate_bound(self):
        if self._bound is None:
            return None
        return _evaluator_of(self, '_bound', '_bound_eval')

    @property
    def evaluate_constraints(self):
        if self._constraints == ():
            return None
        return _evaluator_of(self, '_constraints', '_constraints_eval')

    @property
    def __covariant__(self):
        return self._variance[0]

    @property
    def __contravariant__(self):
        return self._variance[1]

    @property
    def __infer_variance__(self):
        return self._variance[2]

    __repr__ = _variance_repr

    def __typing_subst__(self, arg):
        return _typing()._typevar_subst(self, arg)

    def __typing_prepare_subst__(self, alias, args):
        params = alias.__parameters__
        i = params.index(self)
        if i < len(args):
            return args
        if i == len(args) and self.has_default():
            return (*args, self.__default__)
        raise TypeError(f"Too few arguments for {alias}")


class ParamSpecArgs:
    """The args for a ParamSpec object."""
    __slots__ = ('__origin__', '__weakref__')
    __module__ = 'typing'

    def __init__(self, origin):
        self.__origin__ = origin

    def __repr__(self):
        return f"{self.__origin__.__name__}.args"

    def __eq__(self, other):
        if not isinstance(other, ParamSpecArgs):
            return NotImplemented
        return self.__origin__ == other.__origin__

    __hash__ = None

    def __mro_entries__(self, bases):
        raise TypeError("Cannot subclass an instance of ParamSpecArgs")


class ParamSpecKwargs:
    """The kwargs for a ParamSpec object."""
    __slots__ = ('__origin__', '__weakref__')
    __module__ = 'typing'

    def __init__(self, origin):
        self.__origin__ = origin

    def __repr__(self):
        return f"{self.__origin__.__name__}.kwargs"

    def __eq__(self, other):
        if not isinstance(other, ParamSpecKwargs):
            return NotImplemented
        return self.__origin__ == other.__origin__

    __hash__ = None

    def __mro_entries__(self, bases):
        raise TypeError("Cannot subclass an instance of ParamSpecKwargs")


class ParamSpec(_Param):
    """Parameter specification variable."""
    __slots__ = ('_bound', '_variance')
    __module__ = 'typing'

    def __new__(cls, name, *, bound=None, default=NoDefault, covariant=False, contravariant=False,
                infer_variance=False):
        if not isinstance(name, str):
            raise TypeError(f"paramspec() argument 'name' must be str, not {type(name).__name__}")
        self = super().__new__(cls)
        _set_variance(self, covariant, contravariant, infer_variance)
        if bound is not None:
            bound = _type_check(bound, "Bound must be a type.")
        self._fill(name, bound, default)
        module = _caller_module()
        if module is not None:
            self.__module__ = module
        return self

    def _fill(self, name, bound=None, default=NoDefault):
        self.__name__ = name
        self._bound = bound
        self._default = default
        self._default_eval = None

    @property
    def __bound__(self):
        return self._bound

    @property
    def __covariant__(self):
        return self._variance[0]

    @property
    def __contravariant__(self):
        return self._variance[1]

    @property
    def __infer_variance__(self):
        return self._variance[2]

    @property
    def args(self):
        return ParamSpecArgs(self)

    @property
    def kwargs(self):
        return ParamSpecKwargs(self)

    __repr__ = _variance_repr

    def __typing_subst__(self, arg):
        return _typing()._paramspec_subst(self, arg)

    def __typing_prepare_subst__(self, alias, args):
        return _typing()._paramspec_prepare_subst(self, alias, args)


class TypeVarTuple(_Param):
    """A specialized form of type variable that enables variadic generics."""
    __slots__ = ()
    __module__ = 'typing'

    def __new__(cls, name, *, default=NoDefault):
        if not isinstance(name, str):
            raise TypeError(f"typevartuple() argument 'name' must be str, not {type(name).__name__}")
        self = super().__new__(cls)
        self._fill(name, default)
        module = _caller_module()
        if module is not None:
            self.__module__ = module
        return self

    def _fill(self, name, default=NoDefault):
        self.__name__ = name
        self._default = default
        self._default_eval = None

    def __iter__(self):
        yield _typing().Unpack[self]

    def __repr__(self):
        return self.__name__

    def __typing_subst__(self, arg):
        raise TypeError("Substitution of bare TypeVarTuple is not supported")

    def __typing_prepare_subst__(self, alias, args):
        return _typing()._typevartuple_prepare_subst(self, alias, args)


class TypeAliasType:
    """Type alias: `type Name = value`."""
    __slots__ = ('_name', '_params', '_value', '_value_eval', '__dict__', '__weakref__')
    __module__ = 'typing'

    def __new__(cls, name, value, *, type_params=()):
        if not isinstance(name, str):
            raise TypeError(f"typealias() argument 'name' must be str, not {type(name).__name__}")
        if not isinstance(type_params, tuple):
            raise TypeError("type_params must be a tuple")
        defaults = False
        for p in type_params:
            if not isinstance(p, (TypeVar, ParamSpec, TypeVarTuple)):
                raise TypeError(f"Expected a type param, got {p!r}")
            if p.has_default():
                defaults = True
            elif defaults:
                raise TypeError(f"non-default type parameter '{p!r}' follows default type parameter")
        self = super().__new__(cls)
        self._name = name
        self._params = type_params
        self._value = value
        self._value_eval = None
        self.__module__ = _caller_module()
        return self

    def __init_subclass__(cls, **kwargs):
        raise TypeError("type 'typing.TypeAliasType' is not an acceptable base type")

    @property
    def __name__(self):
        return self._name

    @property
    def __value__(self):
        return _value_of(self, '_value')

    @property
    def evaluate_value(self):
        return _evaluator_of(self, '_value', '_value_eval')

    @property
    def __type_params__(self):
        return self._params

    @property
    def __parameters__(self):
        out = []
        for p in self._params:
            if isinstance(p, TypeVarTuple):
                out.extend(p)
            else:
                out.append(p)
        return tuple(out)

    def __repr__(self):
        return self._name

    def __getitem__(self, args):
        if not self._params:
            raise TypeError("Only generic type aliases are subscriptable")
        from types import GenericAlias
        return GenericAlias(self, args)

    def __iter__(self):
        yield _typing().Unpack[self]

    def __or__(self, other):
        return _union(self, other)

    def __ror__(self, other):
        return _union(other, self)

    def __reduce__(self):
        return self._name

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


class Generic:
    """Abstract base class for generic types.

    On Python 3.12 and newer, generic classes implicitly inherit from
    Generic when they declare a parameter list after the class's name::

        class Mapping[KT, VT]:
            def __getitem__(self, key: KT) -> VT:
                ...
                # Etc.
    """
    __slots__ = ()
    __module__ = 'typing'
    _is_protocol = False

    def __class_getitem__(cls, *args, **kwargs):
        return _typing()._generic_class_getitem(cls, *args, **kwargs)

    def __init_subclass__(cls, *args, **kwargs):
        return _typing()._generic_init_subclass(cls, *args, **kwargs)


Union = type(int | str)


# ---- called by the interpreter ----

def _make_typevar(name):
    self = object.__new__(TypeVar)
    self._variance = (False, False, True)
    self._fill(name)
    _set_module(self)
    return self


def _make_paramspec(name):
    self = object.__new__(ParamSpec)
    self._variance = (False, False, True)
    self._fill(name)
    _set_module(self)
    return self


def _make_typevartuple(name):
    self = object.__new__(TypeVarTuple)
    self._fill(name)
    _set_module(self)
    return self


def _set_module(self):
    module = _caller_module(3)
    if module is not None:
        self.__module__ = module


def _typevar_with_bound(name, evaluator):
    self = _make_typevar(name)
    self._bound = _Unevaluated(evaluator)
    self._bound_eval = evaluator
    return self


def _typevar_with_constraints(name, evaluator):
    self = _make_typevar(name)
    self._constraints = _Unevaluated(evaluator)
    self._constraints_eval = evaluator
    return self


def _set_typeparam_default(param, evaluator):
    param._default = _Unevaluated(evaluator)
    param._default_eval = evaluator
    return param


def _subscript_generic(params):
    unpacked = []
    for p in params:
        if type(p) is TypeVarTuple:
            unpacked.extend(p)
        else:
            unpacked.append(p)
    return _typing()._generic_class_getitem(Generic, tuple(unpacked))


def _make_typealias(name, params, evaluator):
    self = object.__new__(TypeAliasType)
    self._name = name
    self._params = () if params is None else params
    self._value = _Unevaluated(evaluator)
    self._value_eval = evaluator
    self.__module__ = _caller_module()
    return self
