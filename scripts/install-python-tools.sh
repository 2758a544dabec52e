#!/usr/bin/env bash
# Installs the Python packages that a folder of tests requires into the folder of the same name in .tools,
# unless they are up to date.
#
#   scripts/install-python-tools.sh FOLDER, such as peers/schemathesis
set -euo pipefail
cd "$(dirname "$0")/.."

requirements=tests/$1/requirements.txt
venv=.tools/$(basename "$1")
if ! cmp -s "$requirements" "$venv/installed.txt"; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
  cp "$requirements" "$venv/installed.txt"
fi
