L = list[int]
assert repr(L) == "list[int]" and L.__origin__ is list and L.__args__ == (int,) and L.__parameters__ == ()
assert repr(dict[str, list[int]]) == "dict[str, list[int]]" and repr(tuple[int, ...]) == "tuple[int, ...]" and repr(tuple[()]) == "tuple[()]"
assert L == list[int] and L != list[str] and hash(L) == hash(list[int]) and L() == [] and L((1, 2)) == [1, 2]
assert L.append is list.append and type(L).__name__ == "GenericAlias" and L.__class__ is type(L)
raises(TypeError, "isinstance() argument 2 cannot be a parameterized generic", isinstance, 1, L)
raises(TypeError, "issubclass() argument 2 cannot be a parameterized generic", issubclass, list, L)
raises(TypeError, "list[int] is not a generic class", lambda: L[str])


class Sub(list[int]):
    pass


assert Sub.__bases__ == (list,) and Sub.__orig_bases__ == (L,) and Sub([1]) == [1]

U = int | str
assert repr(U) == "int | str" and U.__args__ == (int, str) and U == str | int and hash(U) == hash(str | int)
assert isinstance(1, U) and isinstance("a", U) and not isinstance(1.5, U) and issubclass(bool, U) and not issubclass(float, U)
assert repr(int | None) == "int | None" and isinstance(None, int | None) and (int | None).__args__ == (int, type(None)) and repr(None | int) == "None | int"
assert int | int is int and (int | str | int).__args__ == (int, str) and (U | float).__args__ == (int, str, float) and (float | U).__args__ == (float, int, str)
assert repr(list[int] | None) == "list[int] | None" and list[int] | list[int] == list[int]
raises(TypeError, "unsupported operand type(s) for |: 'type' and 'int'", lambda: int | 1)
assert isinstance(1, int | list[int])


class G:
    def __class_getitem__(cls, item):
        return ("got", item)


assert G[int] == ("got", int)


class TV:
    def __init__(self, name):
        self.__name__ = name

    def __typing_subst__(self, arg):
        return arg

    def __repr__(self):
        return "~" + self.__name__


T, S = TV("T"), TV("S")
A = dict[T, list[S]]
assert A.__parameters__ == (T, S) and A[int, str] == dict[int, list[str]] and repr(A) == "dict[~T, list[~S]]"
assert list[T][int] == list[int]
raises(TypeError, "Too few arguments for dict[~T, list[~S]]; actual 1, expected 2", lambda: A[int])
raises(TypeError, "Too many arguments for list[~T]; actual 2, expected 1", lambda: list[T][int, str])
s = next(iter(tuple[int]))
assert repr(s) == "*tuple[int]" and s.__unpacked__ and s != tuple[int]
