package dingtalk

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestU9_SignatureVectors(t *testing.T) {
	for _, v := range []struct{ key, timestamp, signature string }{
		{"testappSecret", "1546084445901", "HCbG3xNE3vzhO+u7qCUL1jS5hsu2n5r2cFhnTrtyDAE="},
		{"s3cretS3cretS3cret", "1763800000000", "RarneIqGmOvjqXD42l94j5vJoKHtdI1LjM3wQNhB1Ww="},
	} {
		if got := sign(v.key, v.timestamp); got != v.signature {
			t.Errorf("%s signed with %s: %s, want %s", v.timestamp, v.key, got, v.signature)
		}
	}
}

// An integration written in 2020 sends this, byte by byte, but for the order of the
// headers and its name.
const request2020 = "POST /sns/getuserinfo_bycode?accessKey=dingoab7x2k9qw4m1ztr&timestamp=1763800000000" +
	"&signature=RarneIqGmOvjqXD42l94j5vJoKHtdI1LjM3wQNhB1Ww%3D HTTP/1.1\r\n" +
	"Host: oapi.dingtalk.com\r\n" +
	"User-Agent: dingbridge\r\n" +
	"Content-Length: 52\r\n" +
	"Accept: application/json\r\n" +
	"Content-Type: application/json\r\n" +
	"\r\n" +
	`{"tmp_auth_code":"5a1d7e0c94b83f62a7d8e1c05b9f4426"}`

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestU9_TheRequestOf2020(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.UnixMilli(1763800000000))) // virtual
		var sent []byte
		c := inProcess(t, newUpstream())
		c.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			var wire bytes.Buffer
			if err := r.Write(&wire); err != nil {
				t.Error(err)
			}
			sent = append(sent, wire.Bytes()...)
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(scanJSON))}, nil
		})
		if _, err := c.ScanAccount(t.Context(), code); err != nil {
			t.Fatal(err)
		}
		if string(sent) != request2020 {
			t.Errorf("sent\n%s\nwant\n%s", sent, request2020)
		}
	})
}

// A plus or a stroke in a signature is spoilt by encoding it twice, or not at all. The
// vector above has neither; among two hundred moments many have.
func TestU9_SignedAnewAndEncodedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUpstream()
		spoilt, before := 0, ""
		u.handle(CallScan, func(w http.ResponseWriter, r *http.Request) {
			q, err := url.ParseQuery(r.URL.RawQuery)
			if err != nil || len(q) != 3 || len(q["accessKey"]) != 1 || len(q["timestamp"]) != 1 || len(q["signature"]) != 1 {
				t.Errorf("query %s: %v", r.URL.RawQuery, err)
			}
			timestamp, signature := q.Get("timestamp"), q.Get("signature")
			if timestamp != strconv.FormatInt(time.Now().UnixMilli(), 10) || timestamp == before {
				t.Errorf("timestamp %s, want now", timestamp)
			}
			if q.Get("accessKey") != scanAppID || signature != sign(scanSecret, timestamp) {
				t.Errorf("key %s, signature %s", q.Get("accessKey"), signature)
			}
			if strings.ContainsAny(signature, "+/") {
				spoilt++
			}
			before = timestamp
			io.WriteString(w, scanJSON)
		})
		c := inProcess(t, u)
		for range 200 {
			if account, err := c.ScanAccount(t.Context(), code); err != nil || account != wantScan {
				t.Fatalf("%+v, %v", account, err)
			}
			time.Sleep(7919 * time.Millisecond)
		}
		if spoilt == 0 {
			t.Error("no signature needed encoding: the test tests nothing")
		}
	})
}

func TestU9_TheAppsOwnCredentialsSignIfNoOthersAreConfigured(t *testing.T) {
	u := newUpstream()
	u.handle(CallScan, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("accessKey") != clientID || q.Get("signature") != sign(secret, q.Get("timestamp")) {
			t.Errorf("signed by %s", q.Get("accessKey"))
		}
		io.WriteString(w, scanJSON)
	})
	c := dial(t, u, func(c *Config) { c.ScanAppID, c.ScanAppSecret = "", "" })
	if _, err := c.ScanAccount(t.Context(), code); err != nil {
		t.Fatal(err)
	}
	if page, _ := url.Parse(c.ScanURL("r", "s")); page.Query().Get("appid") != clientID {
		t.Errorf("%s", page)
	}
}

func TestU9_ClockSkew(t *testing.T) {
	for name, test := range map[string]struct {
		theirs time.Duration // what their clock is ahead of ours
		date   []string      // if set, instead
		text   string
	}{
		"behind":                 {theirs: 95 * time.Second, text: "this machine's clock is 95 s behind DingTalk's"},
		"ahead":                  {theirs: -61 * time.Second, text: "this machine's clock is 61 s ahead of DingTalk's"},
		"hours":                  {theirs: -8 * time.Hour, text: "28800 s ahead"},
		"decades":                {theirs: 30 * 365 * 24 * time.Hour, text: "946080000 s behind"},
		"a lie, or set since":    {theirs: 0, text: "the clocks do not differ"},
		"no date":                {date: []string{}, text: "the answer has no Date header"},
		"two":                    {date: []string{"Sat, 01 Jan 2000 00:00:00 GMT", "Sat, 01 Jan 2000 00:02:00 GMT"}, text: "no Date header that can be read"},
		"no date but a word":     {date: []string{"now"}, text: "no Date header that can be read"},
		"a date of another kind": {date: []string{"2000-01-01T00:00:00Z"}, text: "no Date header that can be read"},
		"the end of the world":   {date: []string{"Fri, 31 Dec 9999 23:59:59 GMT"}, text: "s behind"},
	} {
		for shape, body := range map[string]string{
			"plain": clockJSON, "wrapped": `{"errcode":88,"sub_code":"853002","sub_msg":"m","errmsg":"x"}`,
		} {
			t.Run(name+"/"+shape, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					u := newUpstream()
					u.handle(CallScan, func(w http.ResponseWriter, _ *http.Request) {
						w.Header()["Date"] = test.date
						if test.date == nil {
							w.Header().Set("Date", time.Now().Add(test.theirs).UTC().Format(http.TimeFormat))
						}
						io.WriteString(w, body)
					})
					_, err := inProcess(t, u).ScanAccount(t.Context(), code)
					e := want(t, err, ReasonClock)
					if e.Err == nil || !strings.Contains(e.Err.Error(), test.text) || !strings.Contains(e.Error(), test.text) {
						t.Errorf("%v, want %q", err, test.text)
					}
					if e.Call != CallScan || e.Code != "853002" || e.Transient() || e.Gone() || u.asked(CallScan) != 1 {
						t.Errorf("%+v, sent %d times", e, u.asked(CallScan))
					}
				})
			})
		}
	}
	t.Run("over a network", func(t *testing.T) {
		u := newUpstream()
		u.answer(CallScan, 200, clockJSON) // net/http adds the date
		_, err := dial(t, u).ScanAccount(t.Context(), code)
		e := want(t, err, ReasonClock)
		if strings.Contains(e.Error(), "no Date") {
			t.Errorf("%v", e)
		}
	})
}

func TestScanURLs(t *testing.T) {
	c := dial(t, newUpstream(), func(c *Config) { c.Endpoints = Endpoints{} })
	for page, raw := range map[string]string{
		"https://oapi.dingtalk.com/connect/qrconnect":            c.ScanURL("https://idp.example.cn/login/callback", "Jk2p&x=y%z"),
		"https://oapi.dingtalk.com/connect/oauth2/sns_authorize": c.PasswordURL("https://idp.example.cn/login/callback", "Jk2p&x=y%z"),
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := u.Scheme + "://" + u.Host + u.Path; got != page {
			t.Errorf("page %s, want %s", got, page)
		}
		for name, value := range map[string]string{
			"appid": scanAppID, "redirect_uri": "https://idp.example.cn/login/callback",
			"response_type": "code", "scope": "snsapi_login", "state": "Jk2p&x=y%z",
		} {
			if got := u.Query()[name]; len(got) != 1 || got[0] != value {
				t.Errorf("%s = %q, want %q", name, got, value)
			}
		}
		if len(u.Query()) != 5 {
			t.Errorf("unexpected parameters: %v", u.Query())
		}
	}
}

func TestScanAccount_Errors(t *testing.T) {
	for name, test := range map[string]struct {
		body   string
		reason Reason
	}{
		"timestamp no number": {`{"errcode":853001,"errmsg":"m"}`, ReasonStrange},
		"key unknown":         {`{"errcode":853003,"errmsg":"m"}`, ReasonConfig},
		"signature wrong":     {`{"errcode":853004,"errmsg":"m"}`, ReasonConfig},
		"code used":           {usedOldCodeJSON, ReasonCodeRejected},
		"code missing":        {`{"errcode":41026,"errmsg":"m"}`, ReasonCodeRejected},
		"code expired":        {`{"errcode":40102,"errmsg":"m"}`, ReasonCodeRejected},
		"code invalid":        {`{"errcode":42008,"errmsg":"m"}`, ReasonCodeRejected},
		"no redirect":         {`{"errcode":50001,"errmsg":"redirect_uri未授权"}`, ReasonConfig},
		"a result instead":    {strings.Replace(scanJSON, `"user_info"`, `"result"`, 1), ReasonStrange},
		"at top level":        {`{"errcode":0,"errmsg":"ok","unionid":"` + unionID + `"}`, ReasonStrange},
		"no user_info":        {`{"errcode":0,"errmsg":"ok"}`, ReasonStrange},
		"in the new letters":  {strings.Replace(scanJSON, `"unionid"`, `"unionId"`, 1), ReasonStrange},
		"with a sub_code":     {strings.Replace(scanJSON, `"errcode":0`, `"errcode":0,"sub_code":"40078"`, 1), ReasonStrange},
		"a bad token":         {badAppTokenJSON, ReasonConfig}, // there is none: nothing to renew
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream()
			u.answer(CallScan, 200, test.body)
			account, err := dial(t, u).ScanAccount(t.Context(), code)
			e := want(t, err, test.reason)
			if account != (Account{}) || e.Call != CallScan || e.Status != 200 || e.Gone() {
				t.Errorf("%+v, %+v", account, e)
			}
			if u.asked(CallScan) != 1 || u.asked(CallAppToken) != 0 {
				t.Errorf("asked %v", u.count)
			}
		})
	}
	t.Run("no code", func(t *testing.T) {
		u := newUpstream()
		for _, odd := range []string{"", "a b", "钉", "a\nb", strings.Repeat("a", 5000)} {
			_, err := dial(t, u).ScanAccount(t.Context(), odd)
			if e := want(t, err, ReasonStrange); e.Call != CallScan {
				t.Errorf("%+v", e)
			}
		}
		if u.asked(CallScan) != 0 {
			t.Error("asked with an impossible code")
		}
	})
	t.Run("a code that needs quoting", func(t *testing.T) {
		u := newUpstream()
		u.handle(CallScan, func(w http.ResponseWriter, r *http.Request) {
			var got map[string]string
			if err := json.NewDecoder(r.Body).Decode(&got); err != nil || len(got) != 1 || got["tmp_auth_code"] != `a"\&<b` {
				t.Errorf("%v, %v", got, err)
			}
			io.WriteString(w, scanJSON)
		})
		if _, err := dial(t, u).ScanAccount(t.Context(), `a"\&<b`); err != nil {
			t.Error(err)
		}
	})
}
