#!/bin/bash
# Every check; `test.sh cheap` starts no real processes, and has the cheapest first.
set -eu
bin=.venv/bin
PATH="$PWD/$bin:$PATH"
export PATH
ruff format --check .
ruff check .
lint-imports

# Pure modules run under coverage: each is to be covered by its own test file.
pure=$(python -m tests.house.own_coverage --list)
export pure
check_units() {
    # shellcheck disable=SC2046 # a list of paths without spaces
    pytest -q tests/unit $(printf -- '--ignore=%s ' $pure)
}
check_pure() {
    # shellcheck disable=SC2086 # as above
    coverage run -m pytest -q $pure && python -m tests.house.own_coverage
}
check_clocks() {
    pytest -q tests/house tests/property tests/sim -n 2 --dist loadscope --timeout 300
}
check_cheap() {
    mypy && check_units && check_pure && check_clocks
}
if [ "${1:-all}" = cheap ]; then
    check_cheap
    exit
fi

# Real processes mostly wait: for leases, drains and each other. What only computes takes the time
# that they leave, and gives way to them; once it has gone wrong, all ends.
export -f check_units check_pure check_clocks check_cheap
log=$(mktemp)
nice -n 19 bash -euc check_cheap >"$log" 2>&1 &
computing=$!
pytest tests/e2e tests/integration tests/contract -n 3 --dist loadscope &
processes=$!
trap 'kill $computing $processes 2>/dev/null || true; rm -f "$log"' EXIT
code=0
wait -n -p first "$computing" "$processes" || code=1
if [ "$code" = 1 ] && [ "$first" = "$computing" ]; then
    cat "$log"
    exit 1
fi
wait "$processes" || code=1
wait "$computing" || code=1
cat "$log"
exit "$code"
