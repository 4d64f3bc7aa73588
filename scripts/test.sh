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
coverage erase
coverage run -m pytest -q tests/unit -n 2 --dist loadscope
coverage combine -q
python -m tests.house.own_coverage
pytest -q tests/house tests/property tests/sim -n 2 --dist worksteal
[ "${1:-all}" = cheap ] && exit 0
pytest tests/contract tests/integration tests/e2e -n 2 --dist loadscope
