#!/usr/bin/env bash
# Runs mongod, and beside it what makes it a replica set with its users. mongod wants a key file that nobody else can read,
# which a mounted secret never is. /tmp outlives the container.
set -eu
rm -f /tmp/set-up
install -m 400 /key/keyFile /tmp/keyFile
bash /setup/mongodb-setup.sh &
# mongod listens on IPv6 only if told to, and needs it to be there then.
[ ! -s /proc/net/if_inet6 ] || set -- --ipv6
exec docker-entrypoint.sh mongod --replSet rs0 --bind_ip_all "$@" --keyFile /tmp/keyFile
