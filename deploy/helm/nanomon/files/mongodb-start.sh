# Runs mongod. It wants a key file that nobody else can read, which a mounted secret never is.
set -eu
install -m 400 /key/keyFile /tmp/keyFile
exec docker-entrypoint.sh mongod --replSet rs0 --bind_ip_all --keyFile /tmp/keyFile
