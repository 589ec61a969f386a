# Objects that a program makes refer to themselves after they are made, and what only an inline cache still knows: both go.
import asyncio
import functools
import gc
import io
import sys
import threading
import weakref


class Marker:
    pass


def function_doc(m):
    def f(): pass
    f.__doc__ = f, m


def function_module(m):
    def f(): pass
    f.__module__ = f, m


def partial_state(m):
    p = functools.partial(print)
    p.__setstate__((p, (m,), {}, None))


def key_object(m):
    K = functools.cmp_to_key(lambda a, b: 0)
    k = K(0)
    k.obj = k, m


def property_again(m):
    p = property()
    p.__init__((p, m))


def static_again(m):
    s = staticmethod(print)
    s.__init__((s, m))


def class_again(m):
    c = classmethod(print)
    c.__init__((c, m))


def frame_trace(m):
    def f():
        return sys._getframe()
    frame = f()
    frame.f_trace = lambda *_: (frame, m)


def exception_handler(m):
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(functools.partial(loop.call_soon, m))
    loop.set_task_factory(functools.partial(loop.call_soon, m))
    loop.close()


def reader_again(m):
    r = io.BufferedReader(io.BytesIO(b"x"))
    r.m = r, m


def text_again(m):
    t = io.TextIOWrapper(io.BytesIO())
    t.m = t, m


def local_data(m):
    data = threading.local()
    data.itself, data.m = data, m


def local_data_of_thread(m):
    data = threading.local()

    def run():
        data.itself, data.m = data, m
    t = threading.Thread(target=run)
    t.start()
    t.join()
    assert not hasattr(data, "m")


class Base:
    pass


def call_method(o):
    return o.method()


def get_attribute(o):
    return o.attribute


def cached_method(m):
    class C(Base):
        def method(self):
            return m, __class__
    o = C()
    for _ in range(20):
        call_method(o)


def cached_property(m):
    class C(Base):
        @property
        def attribute(self):
            return m, __class__
    o = C()
    for _ in range(20):
        get_attribute(o)


for make in (
    function_doc, function_module, partial_state, key_object, property_again, static_again, class_again, frame_trace, exception_handler,
    reader_again, text_again, local_data, local_data_of_thread, cached_method, cached_property,
):
    m = Marker()
    w = weakref.ref(m)
    make(m)
    del m
    for _ in range(3):
        gc.collect()
    print(make.__name__, w() is None)


# The places that were cached serve the next class.
class D(Base):
    attribute = property(lambda self: "second attribute")

    def method(self):
        return "second method"


for _ in range(3):
    print(call_method(D()), get_attribute(D()))
