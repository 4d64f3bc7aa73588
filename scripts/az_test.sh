#!/bin/sh
# Lets the real az and Azure's SDKs work against the lab; needs .venv and .venv-az.
set -eu
PATH="$PWD/.venv/bin:$PATH"
export PATH
exec pytest tests/az -q --timeout 600 "$@"
