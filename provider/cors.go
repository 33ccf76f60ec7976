package provider

import "net/http"

// cors says which scripts of other origins may read an answer, and answers
// preflights. Never with credentials: no cookie of ours is of use to a script. It
// tells whether the request was answered.
func (p *Provider) cors(w http.ResponseWriter, r *http.Request, route route) bool {
	origin := r.Header.Get("Origin")
	h := w.Header()
	switch route.audience {
	case anyone:
		h.Set("Access-Control-Allow-Origin", "*")
	case script:
		h.Add("Vary", "Origin")
		if origin != "" && p.Clients.AllowsOrigin(origin) {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, X-Request-Id")
		}
	}
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" || route.audience < script {
		return false
	}
	if h.Get("Access-Control-Allow-Origin") != "" {
		for _, m := range route.methods {
			h.Add("Access-Control-Allow-Methods", m)
		}
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		h.Set("Access-Control-Max-Age", "3600")
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}
