#!/usr/bin/env bash
# Runs a MongoDB server for development on port 27017, with its data in data/mongo: mongod as a replica set of one node,
# or FerretDB, the stand-in of the tests, if there is no mongod.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p data/mongo

if ! command -v mongod >/dev/null; then
  scripts/build-ferretdb.sh
  echo "mongod is not on the PATH: starting FerretDB on port 27017 instead, which has no change streams"
  exec .tools/ferretdb -listen 127.0.0.1:27017 -data data/mongo
fi

command -v mongosh >/dev/null || {
  echo "run-db: mongosh is not on the PATH: install it, because it is needed to initiate the replica set" >&2
  exit 1
}
echo "starting mongod on port 27017, as a replica set of one node with change streams"
mongod --quiet --bind_ip 127.0.0.1 --port 27017 --dbpath data/mongo --replSet rs0 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server"; exit' INT TERM
initiate='try { rs.status() } catch { rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "127.0.0.1:27017" }] }) }'
until mongosh --quiet "mongodb://127.0.0.1:27017/?directConnection=true" --eval "$initiate" &>/dev/null; do
  kill -0 "$server" 2>/dev/null || break
  sleep 1
done
wait "$server"
