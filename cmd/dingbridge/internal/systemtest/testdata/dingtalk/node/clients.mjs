// Logins by Logto's connector and by a strategy of Passport, as their manuals tell.
// For each way a line of JSON says where the browser is to go; the address where it came
// back is read, and a line says who it was.
import { createInterface } from 'node:readline'
import createConnector from '@logto/connector-dingtalk-web'
import passport from 'passport'
import { Strategy } from 'passport-dingtalk2'

const app = JSON.parse(process.argv[2])
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

async function send(way, address) {
  console.log(JSON.stringify({ way, address }))
  return Object.fromEntries(new URL((await lines.next()).value).searchParams)
}

const tell = (way, { unionId, nick }) => console.log(JSON.stringify({ way, unionId, nick }))

async function logto() {
  const way = 'Logto'
  const connector = await createConnector({ getConfig: async () => ({ clientId: app.id, clientSecret: app.secret }) })
  const address = await connector.getAuthorizationUri({ state: 'the-state', redirectUri: app.redirect }, async () => {})
  const back = await send(way, address)
  const user = await connector.getUserInfo(back, async () => {})
  tell(way, { unionId: user.id, nick: user.name })
}

async function strategy() {
  const way = 'passport-dingtalk2'
  passport.use(new Strategy({ clientID: app.id, clientSecret: app.secret, callbackURL: app.redirect },
    (accessToken, refreshToken, profile, done) => done(null, profile)))
  // What Express does around a strategy: a request with its query, and an answer that redirects.
  const handle = (query) => new Promise((resolve, reject) => {
    const headers = {}
    const response = { setHeader: (name, value) => { headers[name] = value }, end: () => resolve({ headers }) }
    passport.authenticate('dingtalk', { session: false }, (error, user, info) => (user ? resolve({ user }) : reject(error ?? info)))(
      { query, headers: {}, url: app.redirect }, response, reject)
  })
  const { headers } = await handle({})
  const { user } = await handle(await send(way, headers.Location))
  tell(way, { unionId: user.privateId, nick: user.name })
}

await logto()
await strategy()
process.exit()
