// A device made of openid-client that has no browser of its own (RFC 8628). Its one
// argument is JSON: issuer, id, secret (none: a public client), alg. It prints what it
// would show, and then what became of it: both as a line of JSON.
import assert from 'node:assert/strict'
import * as oidc from 'openid-client'

const device = JSON.parse(process.argv[2])
const config = await oidc.discovery(
  new URL(device.issuer), device.id, { id_token_signed_response_alg: device.alg },
  device.secret ? oidc.ClientSecretBasic(device.secret) : oidc.None(),
  { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] }, // plain http: on loopback
)
const begun = await oidc.initiateDeviceAuthorization(config, { scope: 'openid profile offline_access' })
console.log(JSON.stringify(begun))
let tokens
try {
  tokens = await oidc.pollDeviceAuthorizationGrant(config, begun)
} catch (error) {
  console.log(JSON.stringify({ error: error.error ?? String(error) }))
  process.exit()
}
const claims = tokens.claims()
await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)
const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token)
assert.equal(renewed.claims().sub, claims.sub)
// The code is used up.
await assert.rejects(oidc.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:device_code', { device_code: begun.device_code }))
// And the device can log out: with its refresh token.
await oidc.tokenRevocation(config, renewed.refresh_token)
await assert.rejects(oidc.refreshTokenGrant(config, renewed.refresh_token), { error: 'invalid_grant' })
console.log(JSON.stringify({ claims }))
