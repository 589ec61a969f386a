# An uncaught exception group with notes and nested groups, raised from a class body's method.
class Service:
    def start(self):
        errors = []
        for name in ("db", "cache"):
            try:
                self.connect(name)
            except ConnectionError as error:
                error.add_note(f"while starting {name}")
                errors.append(error)
        raise ExceptionGroup("cannot start", errors + [ExceptionGroup("inner", [TypeError(5)])])

    def connect(self, name):
        raise ConnectionRefusedError(111, f"{name} refused")


Service().start()
