// Package demoapp is a small relying party for the demo: it sends a browser to the
// provider with two clients, verifies what comes back with libraries that know
// nothing of us (coreos/go-oidc, x/oauth2), and shows it.
//
// Promises:
//
//   - D1: A callback counts only in the browser that began the login, once, with the
//     state, nonce, PKCE verifier and issuer of that login.
//   - D2: Whatever a token says is shown as text; a page runs no script and takes
//     nothing from elsewhere but an https picture.
//   - D3: No token is shown, logged or sent to the browser: it has a random cookie.
//     One exception is the protocol's own: the ID token goes through the browser to
//     the provider, as the hint of a logout there.
//   - D4: Cookies do not collide with the provider's, though it is on the same host
//     and cookies know no ports.
//   - D5: Memory is bounded: the oldest of too many sessions ends.
//   - D6: A logout ends the app's session before the browser is sent to the provider,
//     and its way back counts in that browser alone, once.
//   - D7: A notice of a logout counts only if it is a logout token of the provider for
//     this client, of now, and for the first time. It ends every login that came of that
//     session of the provider, one whose callback is still under way too.
//
// Only the demo command may use it.
package demoapp
