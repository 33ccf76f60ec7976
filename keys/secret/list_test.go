package secret

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestX5_ASealedValueOpensOnlyInItsPlace(t *testing.T) {
	l := list(t, lineA)
	sealer := l.Sealer("person")
	plain, context := []byte("mobile 13800000000"), []byte("person/abc")
	sealed := sealer.Seal(plain, context)
	if bytes.Contains(sealed, plain[:8]) {
		t.Error("the plain text is in the sealed value")
	}
	if bytes.Equal(sealed, sealer.Seal(plain, context)) {
		t.Error("two seals of one value are equal")
	}
	if got, _, err := sealer.Open(sealed, context); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("Open = %q, %v", got, err)
	}
	for name, open := range map[string]func() ([]byte, ID, error){
		"other context": func() ([]byte, ID, error) { return sealer.Open(sealed, []byte("person/abd")) },
		"no context":    func() ([]byte, ID, error) { return sealer.Open(sealed, nil) },
		"other purpose": func() ([]byte, ID, error) { return l.Sealer("keys/ring").Open(sealed, context) },
		"other secret":  func() ([]byte, ID, error) { return list(t, lineB).Sealer("person").Open(sealed, context) },
	} {
		if got, _, err := open(); err != ErrInvalid || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for i := range sealed {
		flipped := bytes.Clone(sealed)
		flipped[i] ^= 0x40
		if _, _, err := sealer.Open(flipped, context); err != ErrInvalid {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, _, err := sealer.Open(sealed[:i], context); err != ErrInvalid {
			t.Errorf("first %d bytes: %v", i, err)
		}
	}
	if _, ok := SealedBy([]byte("{}")); ok {
		t.Error("SealedBy took a value of no shape")
	}
}

func TestX6_DeriveFramesItsParts(t *testing.T) {
	l := list(t, lineA, lineB)
	seen := map[string]string{}
	for _, parts := range [][]string{
		{"p"}, {"p", ""}, {"p", "", ""}, {"p", "a"}, {"p", "ab", "c"}, {"p", "a", "bc"}, {"p", "abc"}, {"p", "a", "b", "c"},
		{"pa", "bc"}, {"", "p"}, {"q", "abc"}, {"p", "\x00\x00\x00\x00\x00\x00\x00\x01a"},
	} {
		args := make([][]byte, len(parts)-1)
		for i, p := range parts[1:] {
			args[i] = []byte(p)
		}
		got := l.Derive(parts[0], args...)
		if len(got) != 32 || !bytes.Equal(got, l.Derive(parts[0], args...)) {
			t.Errorf("Derive(%q) = %x, and then another", parts, got)
		}
		name := fmt.Sprintf("%q", parts)
		if other, ok := seen[string(got)]; ok {
			t.Errorf("Derive(%s) = Derive(%s)", name, other)
		}
		seen[string(got)] = name
	}
	if !bytes.Equal(l.Derive("p"), list(t, lineA).Derive("p")) {
		t.Error("Derive depends on a later secret")
	}
	if bytes.Equal(l.Derive("p"), list(t, lineB, lineA).Derive("p")) {
		t.Error("Derive does not depend on the first secret")
	}
}

func TestX6_DeriveAllGivesWhatEachSecretDerives(t *testing.T) {
	all := list(t, lineA, lineB).DeriveAll("p", []byte("ab"), []byte("c"))
	if len(all) != 2 || !bytes.Equal(all[0], list(t, lineA).Derive("p", []byte("ab"), []byte("c"))) ||
		!bytes.Equal(all[1], list(t, lineB, lineA).Derive("p", []byte("ab"), []byte("c"))) {
		t.Errorf("DeriveAll = %x", all)
	}
}

func TestX7_WeakAndDoubledLinesAreRefused(t *testing.T) {
	strong := "# ours\n\n" + lineA + "\n"
	many := make([]string, MaxSecrets+1)
	for i := range many {
		many[i] = Generate()
	}
	tests := []struct {
		name, file, want string
	}{
		{"nothing", "", "holds no secret"},
		{"only remarks", "# a\n\n  \n", "holds no secret"},
		{"short", strong + lineB[:31], "line 4: the secret is shorter than 32"},
		{"one character", strong + strings.Repeat("a", 40), "line 4: the secret has fewer than 8 different"},
		{"few characters", strong + strings.Repeat("abcabd", 8), "fewer than 8 different"},
		{"repeats itself", strong + strings.Repeat("0123456789abcdef", 2), "line 4: the secret repeats itself"},
		{"doubled", strong + lineB + "\n" + lineA, "line 5: same secret as on line 3"},
		{"remark behind", strong + lineB + " # new", "line 4: a secret has no spaces"},
		{"not ASCII", strong + lineB + "é", "only printable ASCII"},
		{"NUL", strong + lineB + "\x00", "only printable ASCII"},
		{"too long", strong + strings.Repeat(lineB, 40) + "x", "longer than 1024"},
		{"too many", strings.Join(many, "\n"), "line 9: more than 8 secrets"},
		{"not a secret file", strings.Repeat("x", 1<<20), "longer than 64 kB"},
	}
	for _, test := range tests {
		l, err := Parse([]byte(test.file))
		if l != nil || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
			continue
		}
		for _, line := range append(many, lineA[:16], lineB[:16], lineB[15:31]) {
			if strings.Contains(err.Error(), line) {
				t.Errorf("%s: the fault quotes the file: %v", test.name, err)
			}
		}
		if !strings.Contains(err.Error(), "dingbridge secret") && !strings.Contains(err.Error(), "remove") {
			t.Errorf("%s: no remedy: %v", test.name, err)
		}
	}
	// All faults at once.
	_, err := Parse([]byte("short\n" + lineA + "\n" + lineA))
	if err == nil || !strings.Contains(err.Error(), "line 1") || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("two faults: %v", err)
	}

	for name, file := range map[string]string{
		"CR LF":       lineA + "\r\n" + lineB + "\r\n",
		"mark":        "\xef\xbb\xbf" + lineA + "\n" + lineB,
		"surrounding": "\t" + lineA + "  \n\n # b\n" + lineB + "\n",
	} {
		l, err := Parse([]byte(file))
		if err != nil || fmt.Sprint(l.IDs()) != fmt.Sprint(list(t, lineA, lineB).IDs()) {
			t.Errorf("%s: %v, %v", name, l, err)
		}
	}
	for range 200 {
		if _, err := Parse([]byte(Generate())); err != nil {
			t.Fatalf("a generated secret was refused: %v", err)
		}
		if _, err := Parse([]byte(hex.EncodeToString(randomBytes(16)))); err != nil {
			t.Fatalf("a hexadecimal secret was refused: %v", err)
		}
	}
}

func TestX8_NothingPrintsASecret(t *testing.T) {
	l := list(t, lineA, lineB)
	tokens, sealer := l.Tokens("code"), l.Sealer("person")
	var shown strings.Builder
	for _, v := range []any{l, *l, tokens, *tokens, sealer, *sealer, struct{ L *List }{l}, struct{ l List }{*l}, struct{ l *List }{l},
		struct{ t Tokens }{*tokens}, struct{ t *Tokens }{tokens}, struct{ s Sealer }{*sealer}, struct{ s *Sealer }{sealer}, []any{l, tokens, sealer}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%c", "%U"} {
			fmt.Fprintf(&shown, verb+"\n", v)
		}
		slog.New(slog.NewJSONHandler(&shown, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&shown, nil)).Info("x", "v", v)
		if b, err := json.Marshal(v); err == nil {
			shown.Write(b)
		}
	}
	text := shown.String()
	if !strings.Contains(text, "secret.List{2, hidden}") {
		t.Error("a List does not even say how long it is")
	}
	for _, e := range l.lines().entries {
		for _, key := range [][]byte{prk(lineA), prk(lineB), e.key("dingbridge/token/code"), e.key("dingbridge/seal/person"), e.key("dingbridge/derive"), []byte(lineA), []byte(lineB)} {
			plain := strings.Trim(fmt.Sprint(key[:6]), "[]")
			for _, form := range []string{string(key), fmt.Sprintf("%x", key[:6]), fmt.Sprintf("%X", key[:6]), plain, strings.ReplaceAll(plain, " ", ", "), strings.Trim(fmt.Sprintf("%#v", key[:4]), "[]byte{}")} {
				if strings.Contains(text, form) {
					t.Errorf("printed: key material as %q", form)
				}
			}
		}
	}
}

func FuzzOpenSealed(f *testing.F) {
	l := list(f, lineA)
	sealer := l.Sealer("person")
	f.Add(sealer.Seal([]byte("plain"), []byte("c")), []byte("c"))
	f.Add([]byte{version}, []byte{})
	f.Fuzz(func(t *testing.T, sealed, context []byte) {
		plain, id, err := sealer.Open(sealed, context)
		if err != nil && (err != ErrInvalid || plain != nil) {
			t.Fatalf("%q, %v", plain, err)
		}
		if by, ok := SealedBy(sealed); err == nil && (!ok || by != id || len(sealed) != len(plain)+prefixLen+sealOverhead) {
			t.Fatalf("opened %x under %v, claimed by %v", sealed, id, by)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(lineA + "\n# b\n" + lineB + "\r\n"))
	f.Add([]byte(lineA + "\n" + lineA))
	f.Add([]byte("\xef\xbb\xbf\n" + strings.Repeat("ab", 20)))
	f.Fuzz(func(t *testing.T, file []byte) {
		l, err := Parse(file)
		if err == nil {
			if n := len(l.IDs()); n < 1 || n > MaxSecrets {
				t.Fatalf("%d secrets", n)
			}
			token := l.Tokens("p").Issue([]byte("x"))
			if _, id, err := l.Tokens("p").Open(token); err != nil || id != l.IDs()[0] {
				t.Fatalf("its own token: %v, %v", id, err)
			}
			return
		}
		for line := range bytes.Lines(file) {
			line = bytes.TrimSpace(line)
			if len(line) >= MinLength && bytes.Contains([]byte(err.Error()), line) {
				t.Fatalf("the fault quotes line %q: %v", line, err)
			}
		}
	})
}

// prk is what HKDF extracts from a line, computed here by hand.
func prk(line string) []byte {
	m := hmac.New(sha256.New, []byte("dingbridge/secret/1"))
	m.Write([]byte(line))
	return m.Sum(nil)
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
