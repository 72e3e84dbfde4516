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
"$folder/venv/bin/appliance" plugins | tee plugins
if grep -w broken plugins; then
    echo "wheel: a plugin is not in it whole" >&2
    exit 1
fi

cat >config.yaml <<'YAML'
destinations: {cloud: {backend: s3, bucket: my-recordings}}
YAML
if "$folder/venv/bin/appliance" config check config.yaml 2>errors; then
    echo "wheel: S3 without boto3 went unnoticed" >&2
    exit 1
fi
grep -F "pip install 'audio-appliance[s3]'" errors
