#!/usr/bin/env bash
# Compares every code object of CPython 3.8's own library with what lasti compiles: tests/compare_38.sh [PYTHON38]
# Files with annotations are left out (3.14 evaluates those lazily). Ends with 1 where a code object differs.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-${LASTI_PYTHON38:-python3.8}}
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true)
if [ "$version" != 3.8 ]; then
    echo "skipped: no CPython 3.8 here (name one, or set LASTI_PYTHON38)"
    exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" vm/compiler/tests/golden/dump.py --library >"$folder/list"
"$python" vm/compiler/tests/golden/dump.py --list "$folder/list" >"$folder/theirs"
${CARGO:-cargo} run -q --release -p lasti-compiler --example codes -- --list "$folder/list" >"$folder/ours"
# One line is one code object, on both sides in the same order.
differing=$(diff --speed-large-files "$folder/theirs" "$folder/ours" | grep -c '^<' || true)
echo "$(wc -l <"$folder/list") files, $(wc -l <"$folder/theirs") code objects, $differing differing"
if ! cmp -s "$folder/theirs" "$folder/ours"; then
    diff "$folder/theirs" "$folder/ours" | cut -c 1-300 | head -n 10 || true
    exit 1
fi
