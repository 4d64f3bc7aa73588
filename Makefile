# Two commands for users (see README): `make demo` and `make test`. Both set everything up first.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-done
AZ_VENV := .venv-az
AZ_STAMP := $(AZ_VENV)/.setup-done

.PHONY: setup demo demo-azure test check wheel-test browser-test az-test azure-real sim bench soak lock format clean

setup: $(STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	scripts/setup.sh "$(PYTHON)" "$(VENV)"
	touch $@

demo: setup
	$(BIN)/bascule demo $(ARGS)

demo-azure: setup ## the article in the lab's Azure, with its application gateway, under load
	$(BIN)/bascule demo --azure $(ARGS)
	$(BIN)/bascule demo --azure --envoys $(ARGS)

test: setup
	scripts/test.sh

check: setup ## the cheap part of `make test`: format, lint, layers, types, pure tests
	scripts/test.sh cheap

wheel-test: setup ## installs the wheel in fresh environments and uses it there
	scripts/wheel_test.sh

sim: setup ## whole upgrades on a virtual clock, 2,000 seeds of faults
	BASCULE_SIM_SEEDS=$(or $(SEEDS),2000) $(BIN)/pytest tests/sim -n 2 -q --timeout 600

browser-test: setup ## opens reports in a real Chromium; ARGS names files, made-up ones by default
	scripts/browser_test.sh $(ARGS)

$(AZ_STAMP): requirements/az.txt
	scripts/az_setup.sh "$(PYTHON)" "$(AZ_VENV)"
	touch $@

az-test: setup $(AZ_STAMP) ## the real az and Azure's SDKs (733 MB) against the lab; ARGS for pytest
	scripts/az_test.sh $(ARGS)

azure-real: setup ## settles by a subscription of yours what the lab assumes; costs money, asks first; ARGS=--help
	$(BIN)/python -m scripts.azure_real --subscription "$(SUBSCRIPTION)" --resource-group "$(RG)" $(ARGS)

bench: setup
	$(BIN)/python -m benchmarks $(ARGS)

soak: setup
	$(BIN)/python -m benchmarks.soak --proof "$(PROOF)" --seed "$(or $(SEED),1)"

lock:
	scripts/lock.sh

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
