#!/usr/bin/env bash
# Writes the expectations anew with an installed CPython: tests/regen.sh INTERPRETER [NAME...]
# With 3.8 it takes the scripts whose first line speaks of 3.8, with a newer one all others. What only lasti has (a first
# line that says so, a case with variables of its own) is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."
interpreter=$(command -v "${1:?usage: tests/regen.sh INTERPRETER [NAME...]}")
shift
version=$("$interpreter" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
while read -r name; do unset "$name"; done < <(compgen -e | grep '^PYTHON' || true)
export TZ=UTC LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 NO_COLOR=1

mask() { # mask FOLDER
    sed -E "s#$1/##g; s#$interpreter#lasti#g; "'s/0x[0-9a-f]+/0xADDR/g; s/id: [0-9]+/id: ID/g; s/([0-9]+\.[0-9])[0-9] seconds/\1x seconds/g'
}

belongs() { # belongs SCRIPT: is it for this version?
    if head -n 1 "$1" 2>/dev/null | grep -q 'lasti only'; then return 1; fi
    if head -n 1 "$1" 2>/dev/null | grep -q '3\.8'; then [ "$version" = 3.8 ]; else [ "$version" != 3.8 ]; fi
}

wanted() { # wanted NAME NAMES...
    local name=$1
    shift
    [ $# = 0 ] || printf '%s\n' "$@" | grep -qxF "$name"
}

run() { # run FOLDER EXPECTED NAME ARGS...: standard error is kept where NAME.err stands, or where the run fails
    local folder expected=$PWD/$2/$3 name=$3 input=/dev/null code=0 out err
    folder=$(cd "$1" && pwd -P)
    shift 3
    [ ! -f "$folder/$name.in" ] || input=$folder/$name.in
    out=$(mktemp) err=$(mktemp)
    (cd "$folder" && "$interpreter" "$@" <"$input" >"$out" 2>"$err") || code=$?
    mask "$folder" <"$out" >"$expected.out"
    if [ -f "$expected.err" ] || [ "$code" != 0 ]; then mask "$folder" <"$err" >"$expected.err"; fi
    if [ "$code" = 0 ]; then rm -f "$expected.code"; else echo "$code" >"$expected.code"; fi
    [ ! -s "$err" ] || [ -f "$expected.err" ] || { echo "$name prints on standard error:"; tail -n 3 "$err"; }
    rm -f "$out" "$err"
}

for script in examples/*.py tests/scripts/*.py; do
    name=$(basename "$script" .py)
    folder=$(dirname "$script")
    expected=$folder
    [ "$folder" != examples ] || expected=tests/expected
    belongs "$script" && wanted "$name" "$@" && run "$folder" "$expected" "$name" "$name.py"
done || true
[ "$version" != 3.8 ] || exit 0
shopt -s nullglob
for file in tests/cli/*.args; do
    name=$(basename "$file" .args)
    [ ! -f "tests/cli/$name.env" ] || continue
    [ ! -f "tests/cli/$name.py" ] || belongs "tests/cli/$name.py" || continue
    args=()
    while IFS= read -r line || [ -n "$line" ]; do args+=("${line//\\n/$'\n'}"); done <"$file"
    wanted "$name" "$@" && run tests/cli tests/cli "$name" "${args[@]}"
done || true
