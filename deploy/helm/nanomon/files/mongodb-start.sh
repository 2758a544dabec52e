#!/usr/bin/env bash
# Runs mongod, and in the background the script that sets up the replica set and its users. mongod requires a key file
# that only its user can read, which a mounted secret can't be, so the key is copied. The file in /tmp may be left from
# a previous container.
set -eu
rm -f /tmp/set-up
install -m 400 /key/keyFile /tmp/keyFile
bash /setup/mongodb-setup.sh &
# mongod listens on IPv6 only with --ipv6, and fails with it where IPv6 is missing.
[ ! -s /proc/net/if_inet6 ] || set -- --ipv6
exec docker-entrypoint.sh mongod --replSet rs0 --bind_ip_all "$@" --keyFile /tmp/keyFile
