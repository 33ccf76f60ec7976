package conformance_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Members of the metadata by their type: RFC 8414 section 2, Discovery section 3, and
// what further standards registered that a provider like this one may have.
var (
	metadataURIs = strings.Fields(`issuer authorization_endpoint token_endpoint userinfo_endpoint jwks_uri registration_endpoint
		revocation_endpoint introspection_endpoint end_session_endpoint pushed_authorization_request_endpoint
		device_authorization_endpoint check_session_iframe service_documentation op_policy_uri op_tos_uri`)
	metadataLists = strings.Fields(`scopes_supported response_types_supported response_modes_supported grant_types_supported
		token_endpoint_auth_methods_supported token_endpoint_auth_signing_alg_values_supported
		revocation_endpoint_auth_methods_supported revocation_endpoint_auth_signing_alg_values_supported
		introspection_endpoint_auth_methods_supported introspection_endpoint_auth_signing_alg_values_supported
		code_challenge_methods_supported subject_types_supported id_token_signing_alg_values_supported
		id_token_encryption_alg_values_supported id_token_encryption_enc_values_supported userinfo_signing_alg_values_supported
		userinfo_encryption_alg_values_supported userinfo_encryption_enc_values_supported request_object_signing_alg_values_supported
		request_object_encryption_alg_values_supported request_object_encryption_enc_values_supported display_values_supported
		claim_types_supported claims_supported claims_locales_supported ui_locales_supported acr_values_supported
		prompt_values_supported dpop_signing_alg_values_supported authorization_details_types_supported`)
	metadataFlags = strings.Fields(`claims_parameter_supported request_parameter_supported request_uri_parameter_supported
		require_request_uri_registration frontchannel_logout_supported frontchannel_logout_session_supported
		backchannel_logout_supported backchannel_logout_session_supported require_pushed_authorization_requests
		authorization_response_iss_parameter_supported tls_client_certificate_bound_access_tokens require_signed_request_object`)
)

// OIDCCDiscoveryEndpointVerification
func discovery(a *app) {
	address := a.house.issuer + "/.well-known/openid-configuration"
	doc := a.get(address)
	a.must(doc.status == http.StatusOK, "EnsureDiscoveryEndpointResponseStatusCodeIs200", "%s", doc)
	a.must(doc.isJSON(), "CheckDiscoveryEndpointReturnedJsonContentType", "%q", doc.header.Get("Content-Type"))
	a.must(a.endpoint("issuer")+"/.well-known/openid-configuration" == address, "CheckDiscEndpointIssuer", "%q", a.endpoint("issuer"))
	issuer, err := url.Parse(a.endpoint("issuer"))
	a.must(err == nil && issuer.Scheme == "https" && issuer.Host != "" && issuer.RawQuery == "" && !issuer.ForceQuery && issuer.Fragment == "" &&
		issuer.User == nil, "CheckDiscEndpointIssuerIsValidUrl", "%q", a.endpoint("issuer"))
	a.checkMembers()
	a.checkEndpoints()

	a.must(a.lists("response_types_supported", "code"), "OIDCCCheckDiscEndpointResponseTypesSupported", "%v", a.metadata["response_types_supported"])
	a.must(a.lists("subject_types_supported", "public") || a.lists("subject_types_supported", "pairwise"),
		"CheckDiscEndpointSubjectTypesSupported", "%v", a.metadata["subject_types_supported"])
	a.must(a.lists("id_token_signing_alg_values_supported", "RS256"), "OIDCCCheckDiscEndpointIdTokenSigningAlgValuesSupported",
		"%v", a.metadata["id_token_signing_alg_values_supported"])
	a.should(a.lists("scopes_supported", "openid"), "CheckDiscEndpointScopesSupportedContainsOpenId", "%v", a.metadata["scopes_supported"])
	if a.metadata["request_object_signing_alg_values_supported"] != nil {
		a.should(a.lists("request_object_signing_alg_values_supported", "RS256"), "CheckDiscEndpointRequestObjectSigningAlgValuesSupportedIncludesRS256",
			"%v", a.metadata["request_object_signing_alg_values_supported"])
	}
	a.should(a.lists("claims_supported", "sub"), "OIDCCCheckDiscEndpointClaimsSupported", "%v", a.metadata["claims_supported"])
	if types, has := a.metadata["grant_types_supported"]; has {
		list, _ := types.([]any)
		a.must(len(list) > 0, "OIDCCCheckDiscEndpointGrantTypesSupported", "%v", types)
	}
	if methods, has := a.metadata["code_challenge_methods_supported"]; has {
		a.must(a.lists("code_challenge_methods_supported", "S256"), "EnsureServerConfigurationCodeChallengeMethodsSupportedIsAnArray", "%v", methods)
	}
	a.checkLocales()
}

// checkMembers is ValidateServerMetadataAgainstSchema and
// CheckForUnexpectedParametersInServerMetadata.
func (a *app) checkMembers() {
	a.Helper()
	const check = "ValidateServerMetadataAgainstSchema"
	for name, value := range a.metadata {
		switch {
		case slices.Contains(metadataURIs, name):
			text, _ := value.(string)
			u, err := url.Parse(text)
			a.must(err == nil && u.IsAbs(), check, "%s is %v", name, value)
		case slices.Contains(metadataLists, name):
			list, ok := value.([]any)
			a.must(ok, check, "%s is %v", name, value)
			for _, one := range list {
				text, ok := one.(string)
				a.must(ok, check, "%s has %v", name, one)
				a.must(name != "scopes_supported" || scopeToken.MatchString(text), "CheckDiscEndpointScopesSupportedSyntax", "%q", text)
			}
		case slices.Contains(metadataFlags, name):
			_, ok := value.(bool)
			a.must(ok, check, "%s is %v", name, value)
		default:
			a.should(false, "CheckForUnexpectedParametersInServerMetadata", "%s", name)
		}
	}
}

// checkEndpoints is CheckDiscEndpoint…Endpoint, CheckJwksUri and
// CheckDiscEndpointAllEndpointsAreHttps.
func (a *app) checkEndpoints() {
	a.Helper()
	for name := range a.metadata {
		if strings.HasSuffix(name, "_endpoint") || name == "jwks_uri" {
			u, err := url.Parse(a.endpoint(name))
			a.must(err == nil && u.Scheme == "https" && u.Host != "", "CheckDiscEndpointAllEndpointsAreHttps", "%s is %v", name, a.metadata[name])
		}
	}
	a.should(a.metadata["userinfo_endpoint"] != nil, "CheckDiscEndpointUserinfoEndpoint", "there is none")
}

// languageTag is a language with script and region, in the case that BCP 47 has them.
var languageTag = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$`)

// checkLocales is CheckDiscEndpointLocalesSyntax and CheckDiscEndpointLocalesCanonicalCasing.
func (a *app) checkLocales() {
	a.Helper()
	for _, name := range []string{"ui_locales_supported", "claims_locales_supported"} {
		list, _ := a.metadata[name].([]any)
		for _, tag := range list {
			text, _ := tag.(string)
			a.should(languageTag.MatchString(text), "CheckDiscEndpointLocalesCanonicalCasing", "%s has %v", name, tag)
		}
	}
}
