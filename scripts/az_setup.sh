#!/bin/sh
# Makes the virtual environment of the real az and Azure's SDKs: pinned, hashed packages (733 MB).
set -eu
python=$1
venv=$2
command -v "$python" >/dev/null 2>&1 || python=python3
"$python" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements/az.txt
