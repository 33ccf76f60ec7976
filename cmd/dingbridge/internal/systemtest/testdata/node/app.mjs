// An app made of openid-client, for a real browser: login by a pushed or a plain request
// with the answer by redirect or by form_post, and logout at the provider. Its one
// argument is JSON: issuer, id, secret, alg, port, pushed, responseMode, jwt.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oidc from 'openid-client'

const app = JSON.parse(process.argv[2])
const self = `http://127.0.0.1:${app.port}`
const config = await oidc.discovery(
  new URL(app.issuer), app.id, { id_token_signed_response_alg: app.alg }, oidc.ClientSecretBasic(app.secret),
  { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] }, // plain http: on loopback
)
const metadata = config.serverMetadata()
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri))

const sessions = new Map() // by the value of the cookie

async function begin(session) {
  session.verifier = oidc.randomPKCECodeVerifier()
  session.state = oidc.randomState()
  session.nonce = oidc.randomNonce()
  const parameters = {
    redirect_uri: `${self}/callback`, scope: 'openid profile email', state: session.state, nonce: session.nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(session.verifier), code_challenge_method: 'S256',
    ...(app.responseMode && { response_mode: app.responseMode }),
  }
  if (!app.pushed) return oidc.buildAuthorizationUrl(config, parameters)
  const address = await oidc.buildAuthorizationUrlWithPAR(config, parameters)
  assert.deepEqual([...address.searchParams.keys()].sort(), ['client_id', 'request_uri'])
  return address
}

async function finish(session, request) {
  assert.equal(request.method, app.responseMode === 'form_post' ? 'POST' : 'GET')
  const tokens = await oidc.authorizationCodeGrant(config, request, {
    pkceCodeVerifier: session.verifier, expectedState: session.state, expectedNonce: session.nonce, idTokenExpected: true,
  })
  assert.equal(tokens.refresh_token, undefined)
  await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
  if (app.jwt) await verify(tokens)
  session.tokens = tokens
}

// verify does what a resource server does that asks nobody (RFC 9068 section 4).
async function verify(tokens) {
  const rules = { issuer: metadata.issuer, audience: app.id, typ: 'at+jwt', algorithms: [app.alg],
    requiredClaims: ['sub', 'client_id', 'iat', 'exp', 'jti'] }
  const { payload } = await jwtVerify(tokens.access_token, keys, rules)
  assert.equal(payload.sub, tokens.claims().sub)
  assert.equal(payload.client_id, app.id)
  await assert.rejects(jwtVerify(tokens.id_token, keys, rules), 'an ID token passes for an access token')
}

async function loggedOut(session, address) {
  assert.equal(address.searchParams.get('state'), session.state)
  assert.equal((await oidc.tokenIntrospection(config, session.gone)).active, false)
  await assert.rejects(oidc.fetchUserInfo(config, session.gone, oidc.skipSubjectCheck))
}

async function answer(request, address, session) {
  switch (address.pathname) {
    case '/favicon.ico':
      return new Response(null, { status: 204 })
    case '/login':
      return Response.redirect(await begin(session))
    case '/callback':
      await finish(session, request)
      return Response.redirect(`${self}/`, 303)
    case '/logout': {
      const { id_token, access_token } = session.tokens
      delete session.tokens
      session.gone = access_token
      session.state = oidc.randomState()
      return Response.redirect(oidc.buildEndSessionUrl(config, {
        id_token_hint: id_token, post_logout_redirect_uri: `${self}/out`, state: session.state,
      }))
    }
    case '/out':
      await loggedOut(session, address)
      return page('<p id="out">Logged out.</p><a id="login" href="/login">Log in</a>')
    case '/':
      return page(session.tokens
        ? `<p id="user">${session.tokens.claims().sub}</p><p id="name">${session.tokens.claims().name}</p><a id="logout" href="/logout">Log out</a>`
        : '<a id="login" href="/login">Log in</a>')
  }
  return new Response('no such page', { status: 404 })
}

function page(body) {
  return new Response(`<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">${body}`,
    { headers: { 'content-type': 'text/html; charset=utf-8' } })
}

// A connection that ends of age may meet a request that is on its way.
createServer({ keepAliveTimeout: 0 }, async (incoming, outgoing) => {
  const address = new URL(incoming.url, self)
  let id = /(?:^|; )app=([^;]+)/.exec(incoming.headers.cookie ?? '')?.[1]
  if (!sessions.has(id)) sessions.set(id = oidc.randomState(), {})
  const chunks = []
  for await (const chunk of incoming) chunks.push(chunk)
  const request = new Request(address, { method: incoming.method, headers: { 'content-type': incoming.headers['content-type'] ?? '' },
    ...(chunks.length && { body: Buffer.concat(chunks) }) })
  let response
  try {
    response = await answer(request, address, sessions.get(id))
  } catch (error) {
    console.error(error)
    response = new Response(`failed: ${error}`, { status: 500 })
  }
  outgoing.writeHead(response.status, { ...Object.fromEntries(response.headers), 'set-cookie': `app=${id}; Path=/; HttpOnly; SameSite=Lax` })
  outgoing.end(Buffer.from(await response.arrayBuffer()))
}).listen(app.port, '127.0.0.1')
