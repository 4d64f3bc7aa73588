#!/bin/sh
# A wheel that works: built, installed in fresh environments outside the checkout, and used there.
# Needs package registries; `make wheel-test` runs it, `make test` does not.
set -eu
checkout=$PWD
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
.venv/bin/python -m hatchling build -t wheel -d "$tmp/dist" >/dev/null
wheel=$(ls "$tmp"/dist/*.whl)
cd "$tmp"
XDG_STATE_HOME="$tmp/state"
export XDG_STATE_HOME

echo "== plain"
python3 -m venv plain
plain/bin/pip install --quiet --disable-pip-version-check "$wheel"
plain/bin/bascule --help >/dev/null
mkdir manifests
cp "$checkout/tests/golden/render/broken_objects_cost_only_their_own_routes.in.yaml" manifests/
plain/bin/bascule render -f manifests --gateway envoy >/dev/null
for verb in "lab up" demo; do
    code=0
    # shellcheck disable=SC2086 # the verb is two words
    plain/bin/bascule $verb 2>message || code=$?
    grep -q "bascule\[lab\]" message && [ "$code" = 2 ] || {
        echo "bascule $verb without the extra ended with $code and said: $(cat message)" >&2
        exit 1
    }
done

echo "== lab"
python3 -m venv lab
lab/bin/pip install --quiet --disable-pip-version-check "$wheel[lab]"
lab/bin/bascule demo --output json | tail -n 1 > demo.json
lab/bin/python -c 'import json; d = json.load(open("demo.json")); assert d["failed"] == 0, d; print(d["requests"], "requests, 0 failed")'
