// One relying party made of openid-client: discovery, a login in a browser without a
// screen, the code grant with every check that the library has, refresh, userinfo,
// introspection and revocation. Its one argument is JSON: issuer, id, secret (none: a
// public client), redirect, alg, pkce, and introspector {id, secret}.
import assert from 'node:assert/strict'
import * as oidc from 'openid-client'

const party = JSON.parse(process.argv[2])

function connect(id, secret, method) {
  return oidc.discovery(
    new URL(party.issuer), id,
    { id_token_signed_response_alg: party.alg, client_secret: secret },
    secret ? method(secret) : oidc.None(),
    { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] }, // plain http: on loopback
  )
}

// browse follows redirects, with cookies, until one leads to the app.
async function browse(address) {
  const cookies = new Map()
  for (let i = 0; i < 10; i++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(address, { redirect: 'manual', headers: cookie ? { cookie } : {} })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      cookies.set(name, value)
    }
    const to = response.headers.get('location')
    assert.ok(to, `a page instead of a redirect: ${response.status}`)
    address = new URL(to, address)
    if (address.href.startsWith(party.redirect)) return address
  }
  assert.fail('too many redirects')
}

for (const method of [oidc.ClientSecretBasic, oidc.ClientSecretPost]) {
  const config = await connect(party.id, party.secret, method)
  const expectedState = oidc.randomState()
  const expectedNonce = oidc.randomNonce()
  const parameters = {
    redirect_uri: party.redirect, scope: 'openid profile email groups offline_access',
    state: expectedState, nonce: expectedNonce,
  }
  let pkceCodeVerifier
  if (party.pkce) {
    pkceCodeVerifier = oidc.randomPKCECodeVerifier()
    parameters.code_challenge = await oidc.calculatePKCECodeChallenge(pkceCodeVerifier)
    parameters.code_challenge_method = 'S256'
  }
  const back = await browse(oidc.buildAuthorizationUrl(config, parameters))
  // Checks iss (RFC 9207), state, nonce, at_hash, signature, times and audience.
  const tokens = await oidc.authorizationCodeGrant(config, back, {
    pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true, maxAge: 300,
  })
  const claims = tokens.claims()
  assert.equal(claims.nickname, '三哥')
  assert.equal(claims.name, '张三')
  assert.equal(claims.email, 'san.zhang@corp.example.cn')
  assert.ok(Array.isArray(claims.groups) && claims.groups.length > 0)

  const info = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)
  for (const [name, value] of Object.entries(info)) assert.deepEqual(claims[name], value, name)

  const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token)
  assert.equal(renewed.claims().sub, claims.sub)
  assert.equal(renewed.claims().auth_time, claims.auth_time)
  assert.notEqual(renewed.refresh_token, tokens.refresh_token)

  const asking = party.introspector ? await connect(party.introspector.id, party.introspector.secret, method) : config
  const active = await oidc.tokenIntrospection(asking, renewed.access_token)
  assert.equal(active.active, true)
  assert.equal(active.sub, claims.sub)
  assert.equal(active.client_id, party.id)

  await oidc.tokenRevocation(config, renewed.refresh_token)
  assert.equal((await oidc.tokenIntrospection(asking, renewed.access_token)).active, false)
  await assert.rejects(oidc.fetchUserInfo(config, renewed.access_token, claims.sub))
  await assert.rejects(oidc.refreshTokenGrant(config, renewed.refresh_token), { error: 'invalid_grant' })
}
console.log('complete')
