#!/usr/bin/env bash
# Makes mongod a replica set and its users, at every start: what is there already stays. It tries until it succeeds, and
# says in the container's log why it didn't yet. The startup probe waits for the file.
until mongosh --quiet --norc /setup/mongodb-setup.js; do
  sleep 2
done
touch /tmp/set-up
