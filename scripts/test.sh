#!/bin/sh
# Every check, the cheapest first; `test.sh cheap` stops before real processes are started.
set -eu
bin=.venv/bin
PATH="$PWD/$bin:$PATH"
export PATH
ruff format --check .
ruff check .
lint-imports
mypy
coverage run -m pytest -q tests/unit
python -m tests.house.own_coverage
pytest -q tests/house tests/property tests/golden -n 2 --dist loadscope
[ "${1:-all}" = cheap ] && exit 0
pytest tests/contract tests/integration tests/e2e -n 2 --dist loadscope
