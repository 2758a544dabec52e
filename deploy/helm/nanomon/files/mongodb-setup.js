// Run by mongosh in the pod. A server without users lets whoever is on its own machine make it a replica set and the first user.
const { DATABASE, PASSWORD, ROOT_PASSWORD } = process.env
const admin = db.getSiblingDB('admin')

// The member's name leads to itself wherever the volume is mounted; NanoMon connects directly and doesn't use it.
if (!db.hello().setName) {
  rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: 'localhost:27017' }] })
}
while (!db.hello().isWritablePrimary) {
  sleep(200)
}

try {
  admin.createUser({ user: 'root', pwd: ROOT_PASSWORD, roles: ['root'] })
} catch (error) {
  if (error.codeName !== 'Unauthorized') throw error // there are users
}
admin.auth('root', ROOT_PASSWORD)

const user = { pwd: PASSWORD, roles: [{ role: 'readWrite', db: DATABASE }] }
if (admin.getUser('nanomon')) {
  admin.updateUser('nanomon', user)
} else {
  admin.createUser({ user: 'nanomon', ...user })
}
