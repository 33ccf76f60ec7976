package conformance_test

import (
	"slices"
)

// errorPage is what the suite wants a screenshot of: a page of the provider's that says
// what is wrong, and no way back to an app.
func (a *app) errorPage(l landing, check string) {
	a.Helper()
	a.need(l.page != nil, check, "sent to the app: %s", l)
	a.must(l.page.status/100 == 4 && l.page.kind != "", check, "%s", l)
}

// OIDCCResponseTypeMissing
func responseTypeMissing(a *app) {
	r := a.ask("response_type", "")
	code := a.refused(r, a.response(r))
	a.must(slices.Contains([]string{"invalid_request", "unsupported_response_type"}, code),
		"CheckErrorFromAuthorizationEndpointErrorInvalidRequestOrUnsupportedResponseType", "%q", code)
}

// OIDCCEnsureRegisteredRedirectUri
func registeredRedirectURI(a *app) {
	l := a.sendOff(a.ask("redirect_uri", a.client.redirect+"/"+random(20)))
	a.errorPage(l, "ExpectRedirectUriErrorPage")
}

// byValue is a request of which all stands in an unsigned request object, and beside it
// only what OAuth wants there (BuildRequestObjectByValueRedirectToAuthorizationEndpoint).
func (a *app) byValue(name string) *authRequest {
	a.Helper()
	r := a.ask()
	claims := map[string]any{}
	for parameter := range r.values {
		claims[parameter] = r.values.Get(parameter)
		if !slices.Contains([]string{"response_type", "client_id", "scope", "redirect_uri"}, parameter) {
			r.values.Del(parameter)
		}
	}
	object := unsigned(claims)
	if name == "request_uri" {
		object = "https://rp.example.com/requesturi/" + random(64) + "#" + half(object)
		if a.formPost {
			r.values.Set("response_mode", "form_post") // what nobody fetches can say nothing
		}
	}
	r.values.Set(name, object)
	return r
}

// noneUnsupported is skipTestIfNoneUnsupported: it tells whether the metadata says that there are request objects
// and none without signature.
func (a *app) noneUnsupported() bool {
	_, published := a.metadata["request_object_signing_alg_values_supported"].([]any)
	if published && !a.lists("request_object_signing_alg_values_supported", "none") {
		a.skips("none is not listed in request_object_signing_alg_values_supported")
		return true
	}
	return false
}

// OIDCCUnsignedRequestObjectSupportedCorrectlyOrRejectedAsUnsupported. The state was
// in the object alone, so nobody can expect it back.
func requestObject(a *app) {
	if a.noneUnsupported() {
		return
	}
	params := a.response(a.byValue("request"))
	a.must(params.Get("error") == "request_not_supported" && !params.Has("code"), "CheckErrorFromAuthorizationEndpoint", "%s", params.Encode())
	a.should(a.metadata["request_parameter_supported"] != true, "CheckDiscEndpointRequestParameterSupported", "supported, and refused")
	a.skips("request_not_supported says that there are no request objects, which is permitted")
}

// OIDCCRequestUriUnsignedSupportedCorrectlyOrRejectedAsUnsupported. The suite has it for
// clients that register themselves, and the address with them.
func requestURI(a *app) {
	if a.noneUnsupported() {
		return
	}
	params := a.response(a.byValue("request_uri"))
	a.must(params.Get("error") == "request_uri_not_supported" && !params.Has("code"), "CheckErrorFromAuthorizationEndpoint", "%s", params.Encode())
	// Left out, it would mean true (Discovery section 3).
	a.must(a.metadata["request_uri_parameter_supported"] == false, "CheckDiscEndpointRequestUriParameterSupported",
		"%v, and refused", a.metadata["request_uri_parameter_supported"])
	a.skips("clients are registered beforehand, and request_uri_not_supported says that there is no request_uri, which is permitted")
}

// OIDCCEnsureRequestObjectWithRedirectUri: beside the object stands a redirect URI that
// is not registered, so there is nowhere to send the browser.
func requestObjectRedirect(a *app) {
	if a.noneUnsupported() {
		return
	}
	r := a.byValue("request")
	r.values.Set("redirect_uri", a.client.redirect+random(8))
	a.errorPage(a.sendOff(r), "ExpectRedirectUriErrorPage")
}
