#!/usr/bin/env bash
# Initiates the replica set and creates its users. Runs at every start and leaves what exists unchanged. Retries until
# it succeeds; errors are in the container's log. The startup probe waits for the file.
until mongosh --quiet --norc /setup/mongodb-setup.js; do
  sleep 2
done
touch /tmp/set-up
