#!/bin/sh
# Opens reports of upgrades in a real Chromium: `browser_test.sh [REPORT.html ...]`, made-up ones by
# default. `make browser-test` runs it; `make test` does not, as it needs a browser.
set -eu
chromium=${CHROMIUM_BIN:-}
for name in chromium chromium-browser google-chrome; do
    [ -n "$chromium" ] || chromium=$(command -v "$name" || true)
done
if [ -z "$chromium" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null
    chromium=$(command -v chromium)
fi
if [ -z "$chromium" ]; then
    echo "browser-test: there is no Chromium here and only root may install one;" >&2
    echo "install it (Debian: apt-get install chromium) or set CHROMIUM_BIN to its path" >&2
    exit 2
fi
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes \
    -r requirements/browser.txt
reports=
for report in "$@"; do
    reports="$reports${reports:+:}$report"
done
CHROMIUM_BIN=$chromium BASCULE_REPORTS=$reports exec .venv/bin/pytest -q tests/browser
