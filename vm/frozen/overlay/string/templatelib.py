"""Template strings (PEP 750): what a t-string literal makes."""


class Interpolation:
    """One `{...}` of a template."""

    __slots__ = ("value", "expression", "conversion", "format_spec")
    __match_args__ = ("value", "expression", "conversion", "format_spec")

    def __init__(self, value, expression="", conversion=None, format_spec=""):
        if conversion not in (None, "s", "r", "a"):
            raise ValueError("Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'")
        for name, item in zip(self.__slots__, (value, expression, conversion, format_spec)):
            object.__setattr__(self, name, item)

    def __setattr__(self, name, value):
        raise AttributeError("readonly attribute")

    def __repr__(self):
        return f"Interpolation({self.value!r}, {self.expression!r}, {self.conversion!r}, {self.format_spec!r})"

    def __reduce__(self):
        return Interpolation, (self.value, self.expression, self.conversion, self.format_spec)

    __class_getitem__ = classmethod(type(list[int]))


class Template:
    """The strings and interpolations of a template, in order."""

    __slots__ = ("strings", "interpolations")

    def __init__(self, *args):
        strings, interpolations = [""], []
        for arg in args:
            if isinstance(arg, str):
                strings[-1] += arg
            elif isinstance(arg, Interpolation):
                interpolations.append(arg)
                strings.append("")
            else:
                raise TypeError(
                    f"Template.__new__ *args need to be of type 'str' or 'Interpolation', got {type(arg).__name__}"
                )
        object.__setattr__(self, "strings", tuple(strings))
        object.__setattr__(self, "interpolations", tuple(interpolations))

    def __setattr__(self, name, value):
        raise AttributeError("readonly attribute")

    @property
    def values(self):
        return tuple(i.value for i in self.interpolations)

    def __iter__(self):
        for n, text in enumerate(self.strings):
            if text:
                yield text
            if n < len(self.interpolations):
                yield self.interpolations[n]

    def __add__(self, other):
        if not isinstance(other, Template):
            return NotImplemented
        return Template(*self, *other)

    def __repr__(self):
        return f"Template(strings={self.strings!r}, interpolations={self.interpolations!r})"

    def __reduce__(self):
        return Template, tuple(self)


def convert(obj, /, conversion):
    """Applies a conversion as an f-string does."""
    match conversion:
        case None:
            return obj
        case "r":
            return repr(obj)
        case "s":
            return str(obj)
        case "a":
            return ascii(obj)
        case _:
            raise ValueError(f"invalid conversion specifier: {conversion}")
