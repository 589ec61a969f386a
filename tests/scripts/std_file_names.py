# Names that are not UTF-8, of the script, its modules and their folders; the script's name is absolute, as it was given.
import os
import shutil
import subprocess
import sys
import tempfile

top = os.path.realpath(tempfile.mkdtemp())
os.chdir(top)
odd = os.fsdecode(b's\xff')


def write(name, text):
    with open(name, 'w') as f:
        f.write(text)


def run(*args, **env):
    done = subprocess.run(
        [sys.executable, *args], capture_output=True, env={**os.environ, **env}
    )
    text = (done.stdout + done.stderr).decode('utf8', 'surrogateescape')
    print(ascii(args), done.returncode)
    for line in text.replace(top, 'TOP').splitlines():
        # Marks under a line are not what this is about.
        if line.strip(' ~^'):
            print('   ', ascii(line).strip("'"))


MODULE = 'def fail(): 1/0\nprint(ascii(__file__), ascii(fail.__code__.co_filename), ascii(__spec__.origin))\n'
MAIN = 'import sys\nprint(ascii(__file__), ascii(sys.argv[0]), ascii(sys.path[0]))\nimport mod_here\nmod_here.fail()\n'
os.mkdir(odd)
for folder in ('.', odd):
    write(f'{folder}/mod_here.py', MODULE)
    write(f'{folder}/main.py', MAIN)
write(f'{odd}.py', MAIN)
run('main.py')
run('./main.py')
run(f'{odd}/../main.py')
run(f'{odd}/main.py')
run(f'{odd}.py')
os.mkdir('package')
write('package/__init__.py', '')
shutil.copy('mod_here.py', 'package/sub.py')
os.rename('package', f'{odd}/package')
run('-c', 'import package.sub; print(ascii(package.__path__), ascii(package.__file__)); package.sub.fail()', PYTHONPATH=f'{top}/{odd}')
run('-c', f'import sys; sys.path.insert(0, {odd!r}); import package.sub as s; s.fail()')
write('bad.py', 'x = = 1\n')
run('bad.py')
write(f'{odd}/bad.py', 'x = = 1\n')
run('-c', 'import bad', PYTHONPATH=f'{top}/{odd}')
code = compile('def f(): return 1\n1/0', 'x\udcff\ud800.py', 'exec')
print(ascii(code.co_filename), ascii(code.co_consts[0].co_filename))
try:
    exec(code)
except ZeroDivisionError as e:
    print(ascii(e.__traceback__.tb_next.tb_frame.f_code.co_filename))
try:
    compile('x = = 1', 'y\udcff', 'exec')
except SyntaxError as e:
    print(ascii(e.filename))
shutil.rmtree(top)
