#!/bin/bash
# Every check, the cheapest first; `test.sh cheap` stops before real processes are started.
set -eu
bin=.venv/bin
PATH="$PWD/$bin:$PATH"
export PATH
# Hundreds of processes import the same modules: what one has compiled, the others read.
unset PYTHONDONTWRITEBYTECODE
# On loopback nobody asks the machine's authorities; to read them takes each process 50 ms.
export SSL_CERT_FILE=/dev/null
ruff format --check .
ruff check .
lint-imports

# Pure modules run under coverage: each is to be covered by its own test file.
pure=$(python -m tests.house.own_coverage --list)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
check_pure() {
    # shellcheck disable=SC2086 # a list of paths without spaces
    coverage run -m pytest -p tests.house.file_contexts -q $pure && python -m tests.house.own_coverage
}
check_clocks() {
    pytest -q tests/house tests/property tests/sim --timeout 300 "$@"
}

# Two cores: types on one, all other unit tests on the other.
# shellcheck disable=SC2046 # as above
pytest -q tests/unit $(printf -- '--ignore=%s ' $pure) >"$log" 2>&1 &
pid=$!
code=0
mypy || code=1
wait "$pid" || code=1
cat "$log"
[ "$code" = 0 ] || exit 1

if [ "${1:-all}" = cheap ]; then
    check_pure
    check_clocks -n 2 --dist worksteal
    exit 0
fi

# Real processes mostly wait: for leases, drains and each other. What only computes, on clocks of its
# own, takes the time that they leave, and gives way to them. The longest, end to end, come first.
export -f check_pure check_clocks
export pure
clocks_log=$(mktemp)
trap 'rm -f "$log" "$clocks_log"' EXIT
nice -n 19 bash -euc check_pure >"$log" 2>&1 &
pid=$!
nice -n 19 bash -euc check_clocks >"$clocks_log" 2>&1 &
clocks_pid=$!
pytest tests/e2e tests/integration tests/contract -n 3 --dist loadscope --no-loadscope-reorder || code=1
wait "$pid" || code=1
wait "$clocks_pid" || code=1
cat "$log" "$clocks_log"
exit "$code"
