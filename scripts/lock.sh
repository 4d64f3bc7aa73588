#!/bin/sh
# Writes requirements/dev.txt anew: every extra and the dev group, with hashes and no registry host.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet uv
"$tmp/venv/bin/uv" pip compile pyproject.toml --all-extras --group dev \
    --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
    --quiet --output-file requirements/dev.txt
