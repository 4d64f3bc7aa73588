#!/bin/sh
# Every check, the cheapest first; `test.sh cheap` stops before real processes are started.
set -eu
bin=.venv/bin
PATH="$PWD/$bin:$PATH"
export PATH
ruff format --check .
ruff check .
lint-imports

# Two cores: pure modules under coverage on one, types and all other unit tests on the other.
pure=$(python -m tests.house.own_coverage --list)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
check_pure() {
    # shellcheck disable=SC2086 # a list of paths without spaces
    coverage run -m pytest -q $pure && python -m tests.house.own_coverage
}
check_others() {
    # shellcheck disable=SC2046 # as above
    mypy && pytest -q tests/unit $(printf -- '--ignore=%s ' $pure)
}
check_pure >"$log" 2>&1 &
pure_pid=$!
code=0
check_others || code=1
wait "$pure_pid" || code=1
cat "$log"
[ "$code" = 0 ] || exit 1

if [ "${1:-all}" = cheap ]; then
    pytest -q tests/house tests/property tests/sim -n 2 --dist worksteal
    exit 0
fi

# Real processes mostly wait: for leases, drains and each other. What only computes, on clocks of its
# own, takes the time that they leave, and gives way to them.
nice -n 19 pytest -q tests/house tests/property tests/sim -n 2 --dist worksteal --timeout 300 \
    >"$log" 2>&1 &
computing_pid=$!
pytest tests/e2e tests/integration tests/contract -n 3 --dist loadscope || code=1
wait "$computing_pid" || code=1
cat "$log"
exit "$code"
