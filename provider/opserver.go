package provider

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// opServer is what we implement of the library's Server: token, device authorization,
// introspection and revocation. It is called with the client already authenticated by
// authenticateClient. Parameters are read from the form, not from what the library
// decoded: it takes `CODE` for `code`. The other grants stay with
// UnimplementedServer, which refuses.
type opServer struct {
	op.UnimplementedServer
	p *Provider
}

// grantTypes are the grants that the token endpoint takes: discovery lists them, what
// is not here is refused before the library sees it, and the test of the gate has a
// row for each (promise H5).
var grantTypes = []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeDeviceCode}

// library builds the part of the handler that the library serves.
func (p *Provider) library() http.Handler {
	handler := op.RegisterServer(opServer{p: p}, op.Endpoints{
		Token:               op.NewEndpoint(pathToken),
		Introspection:       op.NewEndpoint(pathIntrospect),
		Revocation:          op.NewEndpoint(pathRevoke),
		DeviceAuthorization: op.NewEndpoint(pathDeviceAuthorization),
	}, op.WithServerCORSOptions(nil))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(&later{w}, r) })
}

// later says with every 503 and 429 when to come again: the library's errors carry no
// headers.
type later struct{ http.ResponseWriter }

func (l *later) WriteHeader(status int) {
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		l.Header().Set("Retry-After", retryAfter(status))
	}
	l.ResponseWriter.WriteHeader(status)
}

func (s opServer) VerifyClient(ctx context.Context, _ *op.Request[op.ClientCredentials]) (op.Client, error) {
	client := callOf(ctx).client
	if client == nil { // cannot be: the route authenticates before
		return nil, oidc.ErrInvalidClient()
	}
	return opClient{client}, nil
}

func (s opServer) CodeExchange(ctx context.Context, r *op.ClientRequest[oidc.AccessTokenRequest]) (*op.Response, error) {
	return s.p.codeExchange(ctx, callOf(ctx).client, r.PostForm.Get("code"), r.PostForm.Get("redirect_uri"), r.PostForm.Get("code_verifier"))
}

func (s opServer) RefreshToken(ctx context.Context, r *op.ClientRequest[oidc.RefreshTokenRequest]) (*op.Response, error) {
	return s.p.refreshToken(ctx, callOf(ctx).client, r.PostForm.Get("refresh_token"), strings.Fields(r.PostForm.Get("scope")))
}

func (s opServer) DeviceAuthorization(ctx context.Context, r *op.ClientRequest[oidc.DeviceAuthorizationRequest]) (*op.Response, error) {
	return s.p.deviceAuthorization(ctx, callOf(ctx).client, r.PostForm.Get("scope"))
}

func (s opServer) DeviceToken(ctx context.Context, r *op.ClientRequest[oidc.DeviceAccessTokenRequest]) (*op.Response, error) {
	return s.p.deviceToken(ctx, callOf(ctx).client, r.PostForm.Get("device_code"))
}

func (s opServer) Introspect(ctx context.Context, r *op.Request[op.IntrospectionRequest]) (*op.Response, error) {
	return s.p.introspect(ctx, callOf(ctx).client, r.PostForm.Get("token"))
}

func (s opServer) Revocation(ctx context.Context, r *op.ClientRequest[oidc.RevocationRequest]) (*op.Response, error) {
	return s.p.revoke(ctx, callOf(ctx).client, r.PostForm.Get("token"))
}

// opClient shows the library the little of a client that it looks at.
type opClient struct{ c *clients.Client }

func (o opClient) GetID() string                    { return o.c.ID }
func (o opClient) RedirectURIs() []string           { return o.c.RedirectURIs }
func (o opClient) PostLogoutRedirectURIs() []string { return o.c.PostLogoutRedirectURIs }
func (o opClient) ApplicationType() op.ApplicationType {
	if o.c.ApplicationType == clients.Native {
		return op.ApplicationTypeNative
	}
	return op.ApplicationTypeWeb
}
func (o opClient) AuthMethod() oidc.AuthMethod {
	return oidc.AuthMethod(o.c.TokenEndpointAuthMethods[0])
}
func (o opClient) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (o opClient) GrantTypes() []oidc.GrantType {
	return grantTypes
}
func (o opClient) LoginURL(string) string              { return "" }
func (o opClient) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeBearer }
func (o opClient) IDTokenLifetime() time.Duration      { return 0 }
func (o opClient) DevMode() bool                       { return false }
func (o opClient) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}
func (o opClient) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}
func (o opClient) IsScopeAllowed(string) bool           { return false }
func (o opClient) IDTokenUserinfoClaimsAssertion() bool { return false }
func (o opClient) ClockSkew() time.Duration             { return 0 }
