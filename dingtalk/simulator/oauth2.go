package simulator

import (
	"crypto/subtle"
	"net/http"
)

// tokenAnswer has the keys of userAccessToken: expireIn, not expires_in.
type tokenAnswer struct {
	ExpireIn     int    `json:"expireIn"`
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
	CorpID       string `json:"corpId,omitempty"` // only with scope corpid
}

const tokenSeconds = int(tokenLife / 1e9)

// missing answers the first of names that the body lacks; the new API knows
// JSON objects with exactly these keys and nothing else.
func (c *call) missing(names ...string) (answer, bool) {
	if !c.json {
		return c.fail(http.StatusBadRequest, "Missingbody", "body is mandatory for this action."), true
	}
	for _, name := range names {
		if c.str(name) == "" {
			return c.fail(http.StatusBadRequest, "Missing"+name, name+" is mandatory for this action."), true
		}
	}
	return answer{}, false
}

// credentials reports whether id and secret are the app's.
func (c *call) credentials(id, secret string) bool {
	return id == c.app.ClientID && subtle.ConstantTimeCompare([]byte(secret), []byte(c.app.ClientSecret)) == 1
}

func (c *call) userAccessToken() answer {
	if a, lacks := c.missing("clientId", "clientSecret", "grantType"); lacks {
		return a
	}
	if !c.credentials(c.str("clientId"), c.str("clientSecret")) {
		return c.fail(http.StatusBadRequest, "invalidClientIdOrSecret", "无效的clientId或者clientSecret")
	}
	var g grant
	switch c.str("grantType") {
	case "authorization_code":
		got, ok := c.sim.vault.spend(c.str("code"), webCode, c.app.ClientID, c.now)
		if !ok {
			return c.notFound()
		}
		g = c.sim.vault.userTokens(got.userID, got.corpID, c.now)
	case "refresh_token":
		var ok bool
		if g, ok = c.sim.vault.renew(c.str("refreshToken"), c.now); !ok {
			return c.notFound()
		}
	default:
		return c.fail(http.StatusBadRequest, "unsupported.grant.type", "不支持的grantType")
	}
	return c.ok(tokenAnswer{tokenSeconds, g.access, g.refresh, g.corpID})
}

// notFound does not tell unknown, spent, expired and foreign codes apart.
func (c *call) notFound() answer {
	return c.fail(http.StatusBadRequest, "invalidParameter.authCode.notFound", "不合法的临时授权码")
}

func (c *call) accessToken() answer {
	if a, lacks := c.missing("appKey", "appSecret"); lacks {
		return a
	}
	if !c.credentials(c.str("appKey"), c.str("appSecret")) {
		return c.fail(http.StatusBadRequest, "invalidClientIdOrSecret", "无效的clientId或者clientSecret")
	}
	return c.ok(struct {
		AccessToken string `json:"accessToken"`
		ExpireIn    int    `json:"expireIn"`
	}{c.sim.vault.appToken(c.now), tokenSeconds})
}

// corpToken is the unified endpoint, whose names are in snake case.
func (c *call) corpToken() answer {
	if a, lacks := c.missing("client_id", "client_secret", "grant_type"); lacks {
		return a
	}
	switch {
	case c.r.PathValue("corpId") != c.sim.company.CorpID:
		return c.fail(http.StatusInternalServerError, "unknownError", "未知错误")
	case c.str("grant_type") != "client_credentials":
		return c.fail(http.StatusBadRequest, "unsupported.grant.type", "不支持的grant_type")
	case !c.credentials(c.str("client_id"), c.str("client_secret")):
		return c.fail(http.StatusBadRequest, "invalid.client", "无效的client_id或者client_secret")
	}
	return c.ok(struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}{c.sim.vault.appToken(c.now), tokenSeconds})
}

// getToken takes query parameters only; a form gets 40035.
func (c *call) getToken() answer {
	key, secret := c.query.Get("appkey"), c.query.Get("appsecret")
	if key == "" || secret == "" {
		return c.plain(40035)
	}
	if !c.credentials(key, secret) {
		return c.plain(40096)
	}
	return c.ok(struct {
		ErrCode     int    `json:"errcode"`
		AccessToken string `json:"access_token"`
		ErrMsg      string `json:"errmsg"`
		ExpiresIn   int    `json:"expires_in"`
	}{0, c.sim.vault.appToken(c.now), "ok", tokenSeconds})
}
