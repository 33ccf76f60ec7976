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
//   - D4: Cookies do not collide with the provider's, though it is on the same host
//     and cookies know no ports.
//   - D5: Memory is bounded: the oldest of too many sessions ends.
//
// Only the demo command may use it.
package demoapp
