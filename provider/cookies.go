package provider

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"
)

// cookies are those that we set: two that say who somebody is, and the language that
// they picked. Their names end in a hash of the issuer: cookies know no ports, so two
// providers on one host would overwrite each other's.
type cookies struct {
	session, binding, language string
	secure                     bool
}

// How long a browser keeps them. What they open ends by the records' own lives.
const (
	sessionCookieAge = 30 * 24 * time.Hour
	bindingCookieAge = 24 * time.Hour
)

func newCookies(issuer string, secure bool) cookies {
	sum := sha256.Sum256([]byte(issuer))
	suffix := "-" + hex.EncodeToString(sum[:4])
	prefix := ""
	if secure {
		prefix = "__Host-" // no Domain, Path=/, Secure: no other host of the domain can set it
	}
	return cookies{prefix + "dingbridge-session" + suffix, prefix + "dingbridge-login" + suffix, prefix + "dingbridge-language" + suffix, secure}
}

func (c cookies) set(w http.ResponseWriter, name, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(age / time.Second),
		Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// clear makes the browser forget a cookie.
func (c cookies) clear(w http.ResponseWriter, name string) { c.set(w, name, "", -time.Second) }

// get returns a cookie's value. Two cookies of one name are none: one of them was
// planted.
func (c cookies) get(r *http.Request, name string) string {
	found := r.CookiesNamed(name)
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}
