// Runs a script as mongosh would, on a model of a server with a key file: who is on its machine may make it a replica set and its
// first user; all else needs that user. Shows in the end what the server holds. The arguments are the script and, for each start
// of the server, the passwords of root and nanomon.
import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'

const [script, ...starts] = process.argv.slice(2)
const server = { initiated: 0, users: {} }

for (const passwords of starts) {
  const [root, nanomon] = passwords.split(',')
  let primary = Boolean(server.set)
  let authenticated = false

  const refuse = (codeName) => {
    throw Object.assign(new Error(codeName), { codeName })
  }
  const needUser = () => {
    if (!authenticated && Object.keys(server.users).length > 0) refuse('Unauthorized')
  }
  const admin = {
    createUser({ user, ...rest }) {
      if (!primary) refuse('NotWritablePrimary')
      needUser()
      if (server.users[user]) refuse('Location51003')
      server.users[user] = rest
    },
    updateUser(user, change) {
      needUser()
      Object.assign(server.users[user], change)
    },
    getUser(user) {
      needUser()
      return server.users[user] ?? null
    },
    auth(user, password) {
      if (server.users[user]?.pwd !== password) refuse('AuthenticationFailed')
      authenticated = true
    },
  }
  runInNewContext(readFileSync(script, 'utf8'), {
    process: { env: { ROOT_PASSWORD: root, PASSWORD: nanomon, DATABASE: 'shop' } },
    db: { getSiblingDB: () => admin, hello: () => ({ setName: server.set, isWritablePrimary: primary }) },
    rs: {
      initiate(config) {
        needUser()
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
