#!/usr/bin/env bash
# Builds mongo-java-server, a MongoDB stand-in with change streams for the tests, as .tools/mongojava/mongojava.jar,
# unless it is up to date. Requires Java 17 and Maven.
set -euo pipefail
cd "$(dirname "$0")/.."

out=.tools/mongojava
if [ ! -f $out/mongojava.jar ] || [ -n "$(find tests/support/mongojava -newer $out/mongojava.jar)" ]; then
  rm -rf $out
  mkdir -p $out
  mvn --quiet --batch-mode --file tests/support/mongojava/pom.xml -Doutput="$PWD/$out/build" \
    compiler:compile jar:jar dependency:copy-dependencies -DoutputDirectory="$PWD/$out"
  mv $out/build/mongojava.jar $out/
  rm -r $out/build
  touch $out/mongojava.jar
fi
