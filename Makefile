PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# What pip cannot bring: a compiler and ALSA's headers for pyalsaaudio and the test card; peers, servers and disks for tests.
BUILD_PACKAGES := gcc libasound2-dev libc6-dev python3-dev python3-venv
TEST_PACKAGES := $(BUILD_PACKAGES) age alsa-utils e2fsprogs mount nginx-light strace systemd
SLOW_PACKAGES := $(TEST_PACKAGES) chromium dovecot-imapd espeak-ng firefox-esr icecast2 mediainfo
BENCH_PACKAGES := $(TEST_PACKAGES) chromium curl ffmpeg flac mpg123 stress-ng

PARALLEL := -n 3 --dist worksteal
DAEMON_TESTS := $(addprefix tests/e2e/test_,appliance.py autoplay.py player.py reload.py salvage.py sandbox.py services.py)

# $(call debian,PACKAGES): install those that are missing, and say so.
define debian
	@missing=$$(for p in $(1); do \
	    [ "$$(dpkg-query -W -f='$${Status}' $$p 2>/dev/null)" = "install ok installed" ] || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	    echo "Installing Debian packages:" $$missing; \
	    $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
endef

# $(call twice,OPTIONS): run tests; what fails runs once more by itself, as tests that measure real time may fail on a busy
# machine. A defect fails twice.
define twice
	$(BIN)/python -m pytest -q $(1) || $(BIN)/python -m pytest -q --last-failed --last-failed-no-failures none
endef

.PHONY: help demo test fast daemon check trixie bench docs install uninstall clean
.PHONY: build-packages test-packages slow-packages bench-packages

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12

demo: build-packages $(VENV)/installed ## See the whole appliance at work; AUDIO=real uses the sound card, FLOW=telephone, booth or message_box a flow
	$(BIN)/python -m demo $(if $(filter real,$(AUDIO)),--real-audio) $(if $(FLOW),--flow $(FLOW))

test: slow-packages $(VENV)/installed ## Run every test
	$(call twice,$(PARALLEL) -m "not slow and not alone")
	$(call twice,$(PARALLEL) -m slow)
	$(call twice,-m alone)

fast: test-packages $(VENV)/installed ## Run the tests that take less than two minutes together
	$(call twice,$(PARALLEL) -m "not slow and not alone")

daemon: test-packages $(VENV)/installed ## Run the slower tests of the daemon as a process
	$(call twice,$(PARALLEL) -m slow $(DAEMON_TESTS))

check: test-packages $(VENV)/installed ## Lint, types, order of imports, documents, unit, and the wheel in a clean venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy appliance plugins/* bench demo tests
	$(BIN)/python -m pytest -q tests/project
	sh tests/project/wheel.sh

trixie: ## Run demo, fast tests and those of the daemon of what is committed in a bare Debian trixie
	.ci/bare-debian trixie demo fast daemon

bench: bench-packages $(VENV)/installed ## Measure; the table goes to docs/performance.md
	$(BIN)/python -m bench

docs: $(VENV)/installed ## Write the generated parts of the documentation and the example configuration
	$(BIN)/python docs/generate.py

install: ## Install on this machine (Raspberry Pi OS, Debian); needs root
	sh systemd/install.sh

uninstall: ## Remove from this machine; recordings and configuration stay
	sh systemd/uninstall.sh

clean: ## Remove what was built here
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

build-packages:
	$(call debian,$(BUILD_PACKAGES))

test-packages:
	$(call debian,$(TEST_PACKAGES))

slow-packages:
	$(call debian,$(SLOW_PACKAGES))

bench-packages:
	$(call debian,$(BENCH_PACKAGES))

$(VENV)/installed: requirements-dev.txt pyproject.toml
	@echo "Installing Python packages into $(VENV)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
