// mongosh runs this script in the pod. Without users, MongoDB allows a local client to initiate the replica set and to
// create the first user.
const { DATABASE, PASSWORD, ROOT_PASSWORD } = process.env
const admin = db.getSiblingDB('admin')

// The host "localhost" stays valid wherever the volume is mounted. NanoMon connects directly and ignores it.
if (!db.hello().setName) {
  rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: 'localhost:27017' }] })
}
while (!db.hello().isWritablePrimary) {
  sleep(200)
}

try {
  admin.createUser({ user: 'root', pwd: ROOT_PASSWORD, roles: ['root'] })
} catch (error) {
  if (error.codeName !== 'Unauthorized') throw error // the users exist already
}
admin.auth('root', ROOT_PASSWORD)

const user = { pwd: PASSWORD, roles: [{ role: 'readWrite', db: DATABASE }] }
if (admin.getUser('nanomon')) {
  admin.updateUser('nanomon', user)
} else {
  admin.createUser({ user: 'nanomon', ...user })
}
