#!/usr/bin/env bash
# Runs a MongoDB server for development, with its data in data/mongo or data/mongo-PORT: mongod as a replica set of one node, or FerretDB,
# the stand-in of the tests, if there is no mongod.
#
#   scripts/run-db.sh [PORT]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
port=${1:-27017}
data=data/mongo
[ "$port" = 27017 ] || data+="-$port" # the configuration of the replica set contains the port
mkdir -p "$data"

if ! command -v mongod >/dev/null; then
  scripts/build-ferretdb.sh
  echo "mongod is not on the PATH: starting FerretDB on port $port instead, which has no change streams"
  exec .tools/ferretdb -listen "127.0.0.1:$port" -data "$data"
fi

command -v mongosh >/dev/null || {
  echo "run-db: mongosh is not on the PATH: install it, because it is needed to initiate the replica set" >&2
  exit 1
}
echo "starting mongod on port $port, as a replica set of one node with change streams"
mongod --quiet --bind_ip 127.0.0.1 --port "$port" --dbpath "$data" --replSet rs0 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server"; exit' INT TERM
initiate="try { rs.status() } catch { rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: '127.0.0.1:$port' }] }) }"
until mongosh --quiet "mongodb://127.0.0.1:$port/?directConnection=true" --eval "$initiate" &>/dev/null; do
  kill -0 "$server" 2>/dev/null || break
  sleep 1
done
wait "$server"
