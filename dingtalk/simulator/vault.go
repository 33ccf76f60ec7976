package simulator

import (
	"sync"
	"time"
)

const (
	codeLife    = 5 * time.Minute
	tokenLife   = 7200 * time.Second
	refreshLife = 30 * 24 * time.Hour
	// maxCodes bounds the codes outstanding; beyond it the oldest dies early.
	maxCodes = 1 << 18
)

// codeKind tells which exchange takes a code; no other does.
type codeKind uint8

const (
	webCode   codeKind = iota + 1 // of the new login page: userAccessToken
	snsCode                       // of the pages of 2020: sns/getuserinfo_bycode
	tmpCode                       // loginTmpCode of the old embedded QR: sns_authorize
	inAppCode                     // of the JSAPI: topapi/v2/user/getuserinfo
)

// code is what an authorisation code stands for.
type code struct {
	kind    codeKind
	appID   string // no other app's credentials exchange it
	userID  string
	corpID  string // what the token answer will say; empty without scope corpid
	expires time.Time
}

// grant is a user token with its refresh token. One person has at most one
// with and one without corpId: a repeated fetch gives the same token and
// extends it, which also bounds the memory by the number of people.
type grant struct {
	userID, corpID  string
	access, refresh string
	accessEnds      time.Time
	refreshEnds     time.Time
}

type grantKey struct{ userID, corpID string }

// vault keeps codes and tokens.
type vault struct {
	mu       sync.Mutex
	codes    map[string]code
	queue    []string // codes in order of issue, hence of expiry
	app      string
	appEnds  time.Time
	grants   map[grantKey]*grant
	access   map[string]*grant
	renewals map[string]*grant
}

func newVault() *vault {
	v := &vault{}
	v.empty()
	return v
}

func (v *vault) empty() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.codes, v.queue = map[string]code{}, nil
	v.drop()
}

// dropTokens forgets every token, as a revocation on DingTalk's side would.
func (v *vault) dropTokens() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drop()
}

func (v *vault) drop() {
	v.app, v.appEnds = "", time.Time{}
	v.grants = map[grantKey]*grant{}
	v.access = map[string]*grant{}
	v.renewals = map[string]*grant{}
}

// issue returns a fresh code for c, and forgets those that have expired.
func (v *vault) issue(c code, now time.Time) string {
	id := opaque()
	c.expires = now.Add(codeLife)
	v.mu.Lock()
	defer v.mu.Unlock()
	for len(v.queue) > 0 {
		// A spent code has left the map; its place in the queue goes here.
		if old, alive := v.codes[v.queue[0]]; alive && now.Before(old.expires) && len(v.queue) < maxCodes {
			break
		}
		delete(v.codes, v.queue[0])
		v.queue = v.queue[1:]
	}
	v.codes[id] = c
	v.queue = append(v.queue, id)
	return id
}

// spend takes the code id if it is of the kind, the app's and alive. It can be
// taken once. A code of another kind or app is left for its own exchange.
func (v *vault) spend(id string, kind codeKind, appID string, now time.Time) (code, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	c, ok := v.codes[id]
	if !ok || c.kind != kind || c.appID != appID {
		return code{}, false
	}
	delete(v.codes, id)
	return c, now.Before(c.expires)
}

// appToken returns the app's token: the same while it is valid, its life
// extended, and a new one afterwards.
func (v *vault) appToken(now time.Time) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.app == "" || !now.Before(v.appEnds) {
		v.app = opaque()
	}
	v.appEnds = now.Add(tokenLife)
	return v.app
}

// userTokens returns the tokens of a person, the same while they are valid.
func (v *vault) userTokens(userID, corpID string, now time.Time) grant {
	v.mu.Lock()
	defer v.mu.Unlock()
	g := v.grants[grantKey{userID, corpID}]
	if g == nil || !now.Before(g.accessEnds) {
		g = v.replace(g, userID, corpID, now)
	}
	g.accessEnds = now.Add(tokenLife)
	return *g
}

// renew exchanges a refresh token for a new pair; the old pair dies.
func (v *vault) renew(refresh string, now time.Time) (grant, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	g := v.renewals[refresh]
	if g == nil || !now.Before(g.refreshEnds) {
		return grant{}, false
	}
	return *v.replace(g, g.userID, g.corpID, now), true
}

func (v *vault) replace(old *grant, userID, corpID string, now time.Time) *grant {
	if old != nil {
		delete(v.access, old.access)
		delete(v.renewals, old.refresh)
	}
	g := &grant{userID: userID, corpID: corpID, access: opaque(), refresh: opaque(),
		accessEnds: now.Add(tokenLife), refreshEnds: now.Add(refreshLife)}
	v.grants[grantKey{userID, corpID}] = g
	v.access[g.access], v.renewals[g.refresh] = g, g
	return g
}

// tokenKind says what a token is good for.
type tokenKind uint8

const (
	noToken      tokenKind = iota // none was sent
	unknownToken                  // never valid or expired; nobody can tell which
	appToken
	userToken
	signature // no token: the query is signed with the app's secret
)

func (k tokenKind) String() string {
	return [...]string{"none", "unknown", "app", "user", "signature"}[k]
}

// look tells the kind of a token and, for a user token, whose it is.
func (v *vault) look(token string, now time.Time) (tokenKind, string) {
	if token == "" {
		return noToken, ""
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if token == v.app && now.Before(v.appEnds) {
		return appToken, ""
	}
	if g := v.access[token]; g != nil && now.Before(g.accessEnds) {
		return userToken, g.userID
	}
	return unknownToken, ""
}
