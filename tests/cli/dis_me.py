"""A generator and its loop."""


def counter(limit):
    for n in range(limit):
        if n % 2:
            print("odd", n)
        yield n


class Holder:
    def get(self):
        return [x for x in counter(3)]


print(Holder().get())
