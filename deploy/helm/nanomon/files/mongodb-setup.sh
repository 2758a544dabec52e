# Makes mongod a replica set and its users, at every start: what is there already stays. It tries until it succeeds, and
# says in the container's log why it didn't yet.
log=/proc/1/fd/1
[ -w $log ] || log=/dev/null
until mongosh --quiet --norc /setup/mongodb-setup.js; do
  sleep 2
done >$log 2>&1
