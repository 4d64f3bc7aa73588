#!/bin/sh
# Writes requirements anew, with hashes and no registry host: dev.txt, of every extra and the dev
# group, browser.txt, of the browser group, and az.txt, of the az group alone.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet uv
"$tmp/venv/bin/uv" pip compile pyproject.toml --all-extras --group dev \
    --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
    --quiet --output-file requirements/dev.txt
"$tmp/venv/bin/uv" pip compile --group pyproject.toml:browser --constraint requirements/dev.txt \
    --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
    --quiet --output-file requirements/browser.txt
"$tmp/venv/bin/uv" pip compile --group pyproject.toml:az \
    --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
    --quiet --output-file requirements/az.txt
