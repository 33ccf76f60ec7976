import { InMemoryWebStorage, UserManager, WebStorageStateStore, type User } from "oidc-client-ts";

const users = new UserManager({
  authority: import.meta.env.VITE_ISSUER,
  client_id: import.meta.env.VITE_CLIENT_ID,
  redirect_uri: location.origin + "/callback",
  post_logout_redirect_uri: location.origin + "/",
  // The code flow with PKCE, the only one that this library has.
  scope: "openid profile",
  // Tokens are in memory and nowhere else. A page that is loaded anew has none; logging in
  // again then needs no scan while the session at dingbridge lasts.
  userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
  // What has to outlive the way to dingbridge and back, and opens nothing: state and verifier.
  stateStore: new WebStorageStateStore({ store: sessionStorage }),
  // Before the access token ends, by the refresh token. Never by a hidden frame, which
  // without this line is what happens to who has no refresh token.
  automaticSilentRenew: true,
  silent_redirect_uri: "",
});

/** What the API knows of who is logged in. */
export interface Person {
  account: number;
  nick: string;
  name: string;
}

export class LoggedOut extends Error {}

/** Sends the browser to log in. */
export async function login(): Promise<void> {
  await users.signinRedirect({ nonce: crypto.randomUUID() });
}

/** Finishes a login, if the browser comes from one. */
export async function finish(): Promise<void> {
  if (location.pathname !== "/callback") return;
  const back = location.href;
  history.replaceState(null, "", "/"); // the code is in no history, and is not tried twice
  await users.signinRedirectCallback(back);
}

/** Ends the session at dingbridge too; the browser comes back to the start page. */
export async function logout(): Promise<void> {
  await users.signoutRedirect();
}

/** Asks the API, with a new access token if the one at hand is over. */
export async function me(): Promise<Person | null> {
  let user = await users.getUser();
  if (!user) return null;
  let answer = await ask(user);
  if (answer.status === 401) {
    user = await refreshed();
    answer = await ask(user);
  }
  if (answer.status === 401) return forget();
  if (!answer.ok) throw new Error(`the API answered ${answer.status}`);
  return answer.json();
}

function ask(user: User): Promise<Response> {
  return fetch("/api/me", { headers: { Authorization: "Bearer " + user.access_token }, credentials: "omit" });
}

async function refreshed(): Promise<User> {
  const user = await users.signinSilent().catch(() => null);
  return user ?? forget();
}

async function forget(): Promise<never> {
  await users.removeUser();
  throw new LoggedOut();
}
