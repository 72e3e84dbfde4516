#!/bin/sh
# Build the wheel, install it into a clean venv with the pinned versions, and use it from there.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
.venv/bin/python -m build --quiet --wheel --no-isolation --outdir "$folder/dist" . >/dev/null
python3 -m venv "$folder/venv"
sed -n '/^[a-z]/s/ *\\$//p' requirements-dev.txt >"$folder/constraints.txt"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --constraint "$folder/constraints.txt" "$folder"/dist/*.whl
cd "$folder"
"$folder/venv/bin/appliance" --version
"$folder/venv/bin/appliance" plugins
