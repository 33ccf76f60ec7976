package provider

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/dingbridge/dingbridge/provider/pages"
)

// discoveryDocument adds to the library's struct what it has no field for.
type discoveryDocument struct {
	oidc.DiscoveryConfiguration
	PAREndpoint  string   `json:"pushed_authorization_request_endpoint"`          // RFC 9126 section 5
	ResponseIss  bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 section 3
	UILocales    []string `json:"ui_locales_supported"`
	PromptValues []string `json:"prompt_values_supported"` // Initiating User Registration via OpenID Connect section 4
}

// metadata makes the discovery document: exactly what is served (OpenID Connect
// Discovery section 3, RFC 8414 section 2).
func (p *Provider) metadata() ([]byte, error) {
	secrets := []oidc.AuthMethod{oidc.AuthMethodBasic, oidc.AuthMethodPost}
	all := append(secrets[:2:2], oidc.AuthMethodNone)
	doc, err := json.Marshal(discoveryDocument{
		DiscoveryConfiguration: oidc.DiscoveryConfiguration{
			Issuer:                                    p.Issuer,
			AuthorizationEndpoint:                     p.Issuer + pathAuthorize,
			TokenEndpoint:                             p.Issuer + pathToken,
			UserinfoEndpoint:                          p.Issuer + pathUserinfo,
			IntrospectionEndpoint:                     p.Issuer + pathIntrospect,
			RevocationEndpoint:                        p.Issuer + pathRevoke,
			DeviceAuthorizationEndpoint:               p.Issuer + pathDeviceAuthorization,
			EndSessionEndpoint:                        p.Issuer + pathEndSession,
			JwksURI:                                   p.Issuer + pathJWKS,
			ScopesSupported:                           []string{"openid", "profile", "email", "phone", "groups", "offline_access"},
			ResponseTypesSupported:                    []string{"code"},
			ResponseModesSupported:                    []string{modeQuery, modeFormPost},
			GrantTypesSupported:                       grantTypes,
			ACRValuesSupported:                        []string{acr},
			SubjectTypesSupported:                     []string{"public"},
			IDTokenSigningAlgValuesSupported:          []string{"RS256", "ES256"},
			TokenEndpointAuthMethodsSupported:         all,
			RevocationEndpointAuthMethodsSupported:    all,
			IntrospectionEndpointAuthMethodsSupported: secrets,
			ClaimTypesSupported:                       []string{"normal"},
			ClaimsSupported: []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "at_hash", "sid", "name", "nickname",
				"picture", "preferred_username", "email", "email_verified", "phone_number", "phone_number_verified", "groups"},
			ClaimsParameterSupported:          true,
			DisplayValuesSupported:            []oidc.Display{oidc.DisplayPage},
			BackChannelLogoutSupported:        true,
			BackChannelLogoutSessionSupported: true,
			CodeChallengeMethodsSupported:     []oidc.CodeChallengeMethod{oidc.CodeChallengeMethodS256},
		},
		PAREndpoint:  p.Issuer + pathPAR,
		ResponseIss:  true,
		UILocales:    []string{pages.English, pages.Chinese},
		PromptValues: []string{"none", "login", "consent", "select_account"},
	})
	if err != nil {
		return nil, fmt.Errorf("make discovery document: %w", err)
	}
	return doc, nil
}

// discoveryCache is how long others may keep the metadata.
const discoveryCache = "public, max-age=3600"

func (p *Provider) serveDiscovery(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", discoveryCache)
	w.Header().Set("Content-Type", "application/json")
	w.Write(p.discovery)
}

func (p *Provider) serveJWKS(w http.ResponseWriter, r *http.Request) {
	doc := p.Ring.JWKS()
	w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(p.Ring.KeepFor().Seconds())))
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("ETag", doc.ETag)
	if r.Header.Get("If-None-Match") == doc.ETag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Write(doc.Body)
}

// healthz says that the process serves; readyz, that it should be sent requests. A
// dead Redis makes nobody unready: every replica would be, and discovery and keys
// still serve.
func (p *Provider) healthz(w http.ResponseWriter, r *http.Request) { p.status(w, http.StatusOK, "ok") }

func (p *Provider) readyz(w http.ResponseWriter, r *http.Request) {
	p.watched.Store(true)
	if p.draining.Load() {
		p.status(w, http.StatusServiceUnavailable, "draining")
		return
	}
	p.status(w, http.StatusOK, "ok")
}

func (p *Provider) status(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, "{\"status\":%q}\n", text)
}
