# Files that nobody closed at the end of a script: what was written is not lost, whether the script's names are in a cycle or not.
import os
import subprocess
import sys
import tempfile

folder = tempfile.mkdtemp()
path = os.path.join(folder, "out")


def text():
    with open(path) as f:
        return f.read()


open(path, "w").close()
for name, script in {
    "variable": "f = open(path, 'w'); f.write('data')",
    "function": "f = open(path, 'w'); f.write('data')\ndef g(): pass",
    "before": "def g(): pass\nf = open(path, 'w'); f.write('data')",
    "class": "class A:\n  f = open(path, 'w')\nA.f.write('data')",
    "bytes": "f = open(path, 'wb'); f.write(b'data')\ndef g(): pass",
}.items():
    os.remove(path)
    subprocess.run([sys.executable, "-c", f"path = {path!r}\n{script}"], check=True)
    print(name, repr(text()))

os.remove(path)
os.rmdir(folder)
