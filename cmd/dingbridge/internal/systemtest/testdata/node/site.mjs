// A site whose login is the printed dingtalk.mjs beside it, and nothing more: who is in,
// /login, /callback and /out. Its one argument is the port.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { begin, finish, logout } from './dingtalk.mjs'

const sessions = new Map() // by the value of the cookie

async function answer(address, session, renew) {
  switch (address.pathname) {
    case '/':
      return session.claims ? { body: JSON.stringify(session.claims) } : { to: '/login' }
    case '/login':
      return { to: await begin(session) }
    case '/callback':
      Object.assign(renew(), await finish(session, address.search))
      return { to: '/' }
    case '/out': {
      const { idToken } = session
      renew()
      return { to: await logout(idToken) }
    }
  }
  return { status: 404, body: 'no such page' }
}

createServer(async (request, response) => {
  let id = /(?:^|; )site=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
  const renew = () => {
    sessions.delete(id)
    sessions.set(id = randomUUID(), {})
    return sessions.get(id)
  }
  const session = sessions.get(id) ?? renew()
  try {
    const { to, status = to ? 303 : 200, body = '' } = await answer(new URL(request.url, 'http://site'), session, renew)
    response.writeHead(status, { 'set-cookie': `site=${id}; Path=/; HttpOnly`, ...(to && { location: to }) })
    response.end(body)
  } catch (fault) {
    console.error(fault)
    response.writeHead(400)
    response.end(`refused: ${fault.message}`)
  }
}).listen(Number(process.argv[2]), '127.0.0.1')
