#!/usr/bin/env bash
# Builds the MongoDB stand-in of the tests that has change streams as .tools/mongojava/mongojava.jar, unless what is
# there is up to date. It takes Java 17 and Maven.
set -euo pipefail
cd "$(dirname "$0")/.."

out=.tools/mongojava
if [ ! -f $out/mongojava.jar ] || [ -n "$(find tests/mongojava -newer $out/mongojava.jar)" ]; then
  rm -rf $out
  mkdir -p $out
  mvn --quiet --batch-mode --file tests/mongojava/pom.xml -Doutput="$PWD/$out/build" \
    compiler:compile jar:jar dependency:copy-dependencies -DoutputDirectory="$PWD/$out"
  mv $out/build/mongojava.jar $out/
  rm -r $out/build
  touch $out/mongojava.jar
fi
