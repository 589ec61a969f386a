# argparse and logging as scripts use them.
import argparse
import io
import logging
import sys

parser = argparse.ArgumentParser(prog="tool", description="A tool.")
parser.add_argument("path", help="where")
parser.add_argument("-n", "--count", type=int, default=1, help="how many (default: %(default)s)")
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("--mode", choices=["fast", "slow"], default="fast")
parser.add_argument("rest", nargs="*")
print(parser.parse_args(["p", "a", "b", "-n", "3", "-v"]), parser.parse_args(["p", "--count=5", "--mode", "slow"]).count, parser.parse_args(["p", "-n7"]).count, parser.parse_known_args(["p", "--odd"])[1])
sub = argparse.ArgumentParser(prog="git")
commands = sub.add_subparsers(dest="command", required=True)
add = commands.add_parser("add")
add.add_argument("files", nargs="+")
group = add.add_mutually_exclusive_group()
group.add_argument("-a", action="store_const", const=1)
group.add_argument("-b", action="count", default=0)
add.set_defaults(func=lambda args: len(args.files))
args = sub.parse_args(["add", "x", "y", "-bb"])
print(args.command, args.files, args.b, args.func(args))
stderr, sys.stderr = sys.stderr, io.StringIO()
for bad in ([], ["p", "-n", "x"], ["p", "--mode", "odd"]):
    try:
        parser.parse_args(bad)
    except SystemExit as error:
        print("exit", error.code)
messages, sys.stderr = sys.stderr.getvalue(), stderr
print("invalid int value: 'x'" in messages, "required: path" in messages, "usage: tool" in messages)
print(parser.format_help().splitlines()[0].startswith("usage: tool [-h]"))

stream = io.StringIO()
log = logging.getLogger("app.part")
handler = logging.StreamHandler(stream)
handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(funcName)s:%(message)s"))
log.addHandler(handler)
log.setLevel(logging.INFO)
log.propagate = False


def work():
    log.debug("hidden")
    log.info("value %d of %s", 1, "x")
    log.warning("careful %(a)s", {"a": 2})
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("failed")
    log.error("plain")
    log.log(logging.CRITICAL, "critical")


work()
text = stream.getvalue()
print("\n".join(line for line in text.splitlines() if not line.startswith(" ")))
print(log.isEnabledFor(logging.DEBUG), log.getEffectiveLevel(), logging.getLevelName(20), log.parent.name, logging.getLogger("app.part") is log, logging.getLogger("app").getChild("part") is log)


class Count(logging.Handler):
    seen = []

    def emit(self, record):
        self.seen.append((record.levelname, record.getMessage(), record.lineno > 0, record.name))


root = logging.getLogger()
root.addHandler(Count())
logging.getLogger("other").warning("to the root")
logging.getLogger("other").info("below the level")
child = logging.getLogger("filtered")
child.addFilter(lambda record: "no" not in record.msg)
child.warning("no"); child.warning("yes")
print(Count.seen)
logging.basicConfig(stream=sys.stdout, level=logging.DEBUG, format="%(levelname)-8s %(message)s", force=True)
logging.info("configured")
logging.LoggerAdapter(log, {"k": 1}).info("adapted")
logging.disable(logging.INFO)
logging.info("disabled")
logging.warning("enabled")
print(stream.getvalue().splitlines()[-1])
