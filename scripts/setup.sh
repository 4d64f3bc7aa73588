#!/bin/sh
# Makes the virtual environment: pinned, hashed packages, then Bascule itself, editable.
set -eu
python=$1
venv=$2
command -v "$python" >/dev/null 2>&1 || python=python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "setup: $python is older than Python 3.11; run make with PYTHON=/path/to/python3.11" >&2
    exit 2
}
"$python" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
