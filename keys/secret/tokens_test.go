package secret

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

const (
	lineA = "qmF3sWcXk1Zr8uTgB5vNhJ0pLyEdC7aM"
	lineB = "Zx9KcPq4VtR2mWb7YnLg5HdJ1sFfQe8U"
)

func list(t testing.TB, lines ...string) *List {
	t.Helper()
	l, err := Parse([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return l
}

func TestX1_OpenAcceptsOnlyWhatIssueMade(t *testing.T) {
	code := list(t, lineA).Tokens("code")
	for _, payload := range [][]byte{{}, []byte("x"), []byte("grant-1"), bytes.Repeat([]byte{0xff}, MaxPayload)} {
		token := code.Issue(payload)
		got, id, err := code.Open(token)
		if err != nil || !bytes.Equal(got, payload) || id != list(t, lineA).IDs()[0] {
			t.Errorf("Open(Issue(%d bytes)) = %d bytes, %v, %v", len(payload), len(got), id, err)
		}
		if code.Issue(payload) != token {
			t.Errorf("Issue of %d bytes is not deterministic", len(payload))
		}
	}

	token := code.Issue([]byte("grant-1"))
	if _, _, err := list(t, lineA).Tokens("refresh").Open(token); err != ErrInvalid {
		t.Errorf("other purpose: %v", err)
	}
	if _, _, err := list(t, lineB).Tokens("code").Open(token); err != ErrInvalid {
		t.Errorf("other secret: %v", err)
	}
	// The ID is no proof: another secret that claims the same name is refused.
	forged := list(t, lineB).Tokens("code")
	forged.keys.get().ids = code.keys.get().ids
	if _, _, err := code.Open(forged.Issue([]byte("grant-1"))); err != ErrInvalid {
		t.Errorf("forged under our ID: %v", err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(raw) * 8 {
		flipped := bytes.Clone(raw)
		flipped[bit/8] ^= 1 << (bit % 8)
		if _, _, err := code.Open(base64.RawURLEncoding.EncodeToString(flipped)); err != ErrInvalid {
			t.Errorf("bit %d flipped: %v", bit, err)
		}
	}
	for n := range raw {
		if _, _, err := code.Open(base64.RawURLEncoding.EncodeToString(raw[:n])); err != ErrInvalid {
			t.Errorf("first %d bytes: %v", n, err)
		}
	}
}

func TestX2_ATokenHasOneSpelling(t *testing.T) {
	code := list(t, lineA).Tokens("code")
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for n := range 6 { // all remainders of the length
		token := code.Issue(bytes.Repeat([]byte{0xfb}, n))
		for _, other := range []string{
			token + "=", token + "==", token + "\n", token + "\r\n", "\n" + token, " " + token,
			token[:10] + "\n" + token[10:], token[:10] + "\r" + token[10:], token[:2] + "\n" + token[2:],
			token + "A", token + ".", token[:len(token)-1], token + "\n\n\n\n",
			strings.NewReplacer("-", "+", "_", "/").Replace(token) + "+",
		} {
			if _, _, err := code.Open(other); err != ErrInvalid {
				t.Errorf("%d bytes: Open(%q) = %v", n, other, err)
			}
		}
		if std := strings.NewReplacer("-", "+", "_", "/").Replace(token); std != token {
			if _, _, err := code.Open(std); err != ErrInvalid {
				t.Errorf("%d bytes: the standard alphabet: %v", n, err)
			}
		}
		last := strings.IndexByte(alphabet, token[len(token)-1])
		for c := range len(alphabet) {
			other := token[:len(token)-1] + alphabet[c:c+1]
			if _, _, err := code.Open(other); c != last && err != ErrInvalid {
				t.Errorf("%d bytes: last character %q for %q: %v", n, alphabet[c], alphabet[last], err)
			}
		}
	}
}

func TestX3_OneErrorForWhateverIsWrong(t *testing.T) {
	l := list(t, lineA)
	code, sealer := l.Tokens("code"), l.Sealer("person")
	token := code.Issue([]byte("grant-1"))
	for name, wrong := range map[string]string{
		"empty":          "",
		"one character":  "A",
		"version":        "Ag" + token[2:],
		"unknown secret": "AQ_____" + token[7:],
		"alphabet":       "!!!!" + token[4:],
		"shorter":        token[:len(token)-4],
		"longer":         token + "AAAA",
		"too long":       token + strings.Repeat("A", MaxToken),
		"not ASCII":      "张三" + token,
	} {
		payload, id, err := code.Open(wrong)
		if err != ErrInvalid || payload != nil || id != (ID{}) {
			t.Errorf("%s: %q, %v, %v", name, payload, id, err)
		}
		plain, id, err := sealer.Open([]byte(wrong), nil)
		if err != ErrInvalid || plain != nil || id != (ID{}) {
			t.Errorf("sealed, %s: %q, %v, %v", name, plain, id, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("Issue took a payload that Open would refuse")
		}
	}()
	code.Issue(make([]byte, MaxPayload+1))
}

func TestX4_TheFirstIssuesAndAllAccept(t *testing.T) {
	before, appended, moved, after := list(t, lineA), list(t, lineA, lineB), list(t, lineB, lineA), list(t, lineB)
	idA, idB := before.IDs()[0], after.IDs()[0]
	if idA == idB {
		t.Fatal("two secrets have one name")
	}
	tests := []struct {
		name   string
		issuer *List
		by     ID
		opens  []*List
		closed []*List
	}{
		{"before", before, idA, []*List{before, appended, moved}, []*List{after}},
		{"appended", appended, idA, []*List{before, appended, moved}, []*List{after}},
		{"moved", moved, idB, []*List{appended, moved, after}, []*List{before}},
		{"after", after, idB, []*List{appended, moved, after}, []*List{before}},
	}
	for _, test := range tests {
		token := test.issuer.Tokens("code").Issue([]byte("p"))
		sealed := test.issuer.Sealer("person").Seal([]byte("p"), []byte("c"))
		if id, ok := SealedBy(sealed); !ok || id != test.by {
			t.Errorf("%s: SealedBy = %v, %v", test.name, id, ok)
		}
		for _, l := range test.opens {
			if p, id, err := l.Tokens("code").Open(token); err != nil || id != test.by || string(p) != "p" {
				t.Errorf("%s: token under %v: %q, %v, %v", test.name, l.IDs(), p, id, err)
			}
			if p, id, err := l.Sealer("person").Open(sealed, []byte("c")); err != nil || id != test.by || string(p) != "p" {
				t.Errorf("%s: sealed under %v: %q, %v, %v", test.name, l.IDs(), p, id, err)
			}
			if !l.Has(test.by) {
				t.Errorf("%s: Has(%v) is false", test.name, test.by)
			}
		}
		for _, l := range test.closed {
			if _, _, err := l.Tokens("code").Open(token); err != ErrInvalid {
				t.Errorf("%s: token outlived its secret: %v", test.name, err)
			}
			if _, _, err := l.Sealer("person").Open(sealed, []byte("c")); err != ErrInvalid {
				t.Errorf("%s: sealed outlived its secret: %v", test.name, err)
			}
			if l.Has(test.by) {
				t.Errorf("%s: Has(%v) is true", test.name, test.by)
			}
		}
	}
}

func TestX9_ManyAtOnce(t *testing.T) {
	l := list(t, lineA, lineB)
	code, sealer, want := l.Tokens("code"), l.Sealer("person"), l.Derive("d", []byte("p"))
	for range 8 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for i := range 200 {
				p := []byte{byte(i)}
				if got, _, err := code.Open(code.Issue(p)); err != nil || !bytes.Equal(got, p) {
					t.Fatalf("token %d: %v, %v", i, got, err)
				}
				if got, _, err := sealer.Open(sealer.Seal(p, p), p); err != nil || !bytes.Equal(got, p) {
					t.Fatalf("sealed %d: %v, %v", i, got, err)
				}
				if !bytes.Equal(l.Derive("d", []byte("p")), want) {
					t.Fatalf("derived %d differs", i)
				}
			}
		})
	}
}

func FuzzOpenToken(f *testing.F) {
	code := list(f, lineA, lineB).Tokens("code")
	for _, payload := range []string{"", "g", "grant-1", strings.Repeat("p", 300)} {
		f.Add(code.Issue([]byte(payload)))
		f.Add(list(f, lineB).Tokens("code").Issue([]byte(payload)))
	}
	f.Add("AQ==")
	second := list(f, lineB).Tokens("code")
	f.Fuzz(func(t *testing.T, token string) {
		payload, id, err := code.Open(token)
		if err != nil {
			if err != ErrInvalid || payload != nil {
				t.Fatalf("%q, %v", payload, err)
			}
			return
		}
		issuer := code
		if id == second.keys.get().ids[0] {
			issuer = second
		}
		if again := issuer.Issue(payload); again != token {
			t.Fatalf("%q opened, but is spelt %q", token, again)
		}
	})
}

func BenchmarkTokens(b *testing.B) {
	code := list(b, lineA).Tokens("code")
	payload := bytes.Repeat([]byte("p"), 96)
	token := code.Issue(payload)
	b.Run("issue", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			code.Issue(payload)
		}
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			code.Open(token)
		}
	})
	b.Run("derive", func(b *testing.B) {
		l := list(b, lineA)
		b.ReportAllocs()
		for b.Loop() {
			l.Derive("cookie", payload)
		}
	})
}
