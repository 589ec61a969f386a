# The encoding of the standard streams, as the environment and the command line say it.
import os
import subprocess
import sys

SHOW = 'import sys; print([(s.encoding, s.errors, s.name, s.mode) for s in (sys.stdin, sys.stdout, sys.stderr)])'


def run(code, *options, input=b'', **env):
    clean = {k: v for k, v in os.environ.items() if k not in ('LC_ALL', 'LC_CTYPE', 'LANG')}
    done = subprocess.run(
        [sys.executable, *options, '-c', code], input=input, capture_output=True, env={**clean, **env}
    )
    print(options, env, done.returncode)
    print('   ', done.stdout, done.stderr.splitlines()[-1:])


for given in ('ascii', 'latin-1', 'utf-8:replace', 'ascii:backslashreplace', ':surrogateescape'):
    run(SHOW, PYTHONIOENCODING=given)
    run('print("h\\xe4\\u20ac")', PYTHONIOENCODING=given)
    run('print(ascii(input()))', input=b'h\xe4\n', PYTHONIOENCODING=given)
    run('import sys; print("h\\xe4\\u20ac", file=sys.stderr)', PYTHONIOENCODING=given)
run(SHOW, LC_ALL='C')
run(SHOW, LC_ALL='POSIX')
run(SHOW, PYTHONUTF8='1')
run(SHOW, '-X', 'utf8', LC_ALL='C')
run(SHOW, LC_ALL='C', PYTHONUTF8='0', PYTHONCOERCECLOCALE='0')
run(SHOW, '-X', 'utf8=0', LC_ALL='C', PYTHONCOERCECLOCALE='0')
run('print("\\xe4")', LC_ALL='C', PYTHONUTF8='0', PYTHONCOERCECLOCALE='0')
run('print("\\udcff")', LC_ALL='C')
run('print(ascii(input()))', input=b'\xff\n', LC_ALL='C')
run(SHOW, '-E', LC_ALL='C', PYTHONIOENCODING='ascii')
run('import sys; print(sys.flags.utf8_mode)', LC_ALL='C', PYTHONUTF8='0')
