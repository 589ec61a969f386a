"""Child processes are not there yet; the modules that offer them load all the same."""


def fork_exec(*args):
    raise OSError(38, "lasti cannot start child processes yet (_posixsubprocess.fork_exec)")
