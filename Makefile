PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# What pip cannot bring: ALSA's headers and a compiler for pyalsaaudio and the test card, servers and peers for tests.
DEBIAN_BUILD := gcc libasound2-dev python3-dev python3-venv
DEBIAN_TEST := alsa-utils nginx-light stress-ng systemd

$(VENV)/installed: requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@
