// Runs a script like mongosh would, on a model of a MongoDB server with a key file. A local client may initiate the
// replica set and create the first user without authentication; everything else requires that user. Prints the final
// state of the model. Arguments: the script, then for each start of the server the passwords of root and nanomon,
// separated by a comma.
import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'

const [script, ...starts] = process.argv.slice(2)
const server = { initiated: 0, users: {} }

for (const passwords of starts) {
  const [root, nanomon] = passwords.split(',')
  let primary = Boolean(server.set)
  let authenticated = false

  const reject = (codeName) => {
    throw Object.assign(new Error(codeName), { codeName })
  }
  const requireUser = () => {
    if (!authenticated && Object.keys(server.users).length > 0) reject('Unauthorized')
  }
  const admin = {
    createUser({ user, ...rest }) {
      if (!primary) reject('NotWritablePrimary')
      requireUser()
      if (server.users[user]) reject('Location51003')
      server.users[user] = rest
    },
    updateUser(user, change) {
      requireUser()
      Object.assign(server.users[user], change)
    },
    getUser(user) {
      requireUser()
      return server.users[user] ?? null
    },
    auth(user, password) {
      if (server.users[user]?.pwd !== password) reject('AuthenticationFailed')
      authenticated = true
    },
  }
  runInNewContext(readFileSync(script, 'utf8'), {
    process: { env: { ROOT_PASSWORD: root, PASSWORD: nanomon, DATABASE: 'shop' } },
    db: { getSiblingDB: () => admin, hello: () => ({ setName: server.set, isWritablePrimary: primary }) },
    rs: {
      initiate(config) {
        requireUser()
        server.set = config._id
        server.members = config.members.map((m) => m.host)
        server.initiated++
      },
    },
    sleep() {
      primary = Boolean(server.set)
    },
  })
}
console.log(JSON.stringify(server))
