package doctor

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// TestThreat_DoctorAtAForeignIssuer: another server answers at the issuer's address, and
// its document names endpoints without end. Those that apps go to are asked, and no more.
func TestThreat_DoctorAtAForeignIssuer(t *testing.T) {
	var asked atomic.Int64
	var issuer string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if !strings.HasSuffix(r.URL.Path, "/openid-configuration") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"jwks_uri":%q`, issuer, issuer+"/authorize", issuer+"/keys")
		for i := range 500 {
			fmt.Fprintf(w, `,"x%d_endpoint":"%s/x%d"`, i, issuer, i)
		}
		fmt.Fprint(w, "}")
	}))
	defer s.Close()
	issuer = s.URL
	r := Examine(t.Context(), Subject{Issuer: issuer})
	if n := asked.Load(); n != 4 { // the document, authorize, the callback, the keys
		t.Errorf("%d requests", n)
	}
	if n := len(r.Findings); n > 8 {
		t.Errorf("%d findings", n)
	}
}
