#!/usr/bin/env bash
# Installs schemathesis, which fuzzes the API, into .tools/schemathesis, unless what is there is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=tests/schemathesis/requirements.txt
venv=.tools/schemathesis
if ! cmp -s "$wanted" "$venv/installed.txt"; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted"
  cp "$wanted" "$venv/installed.txt"
fi
