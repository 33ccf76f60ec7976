package people

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

func TestP7_StrangeRecordsAreErrors(t *testing.T) {
	h := build(t, Config{})
	account, member := zhangsan()
	p := h.login(t, account, member)
	good := string(h.store.values[key(p.Subject)].value)
	account.UnionID, member.UnionID = "unionOther", "unionOther"
	other := string(h.store.values[key(h.login(t, account, member).Subject)].value)
	stranger := build(t, Config{})
	account, member = zhangsan()
	stranger.login(t, account, member)
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the record", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	i := strings.LastIndex(good, `"profile":"`) + 40
	for name, value := range map[string]string{
		"nothing":               "",
		"null":                  "null",
		"an empty object":       "{}",
		"HTML":                  "<html>",
		"half":                  good[:len(good)/2],
		"more":                  good + "{}",
		"a newer format":        replace(`"format":1`, `"format":2`),
		"no format":             replace(`"format":1,`, ``),
		"no epoch":              replace(`"epoch":1,`, ``),
		"a negative epoch":      replace(`"epoch":1`, `"epoch":-1`),
		"an epoch as text":      replace(`"epoch":1`, `"epoch":"1"`),
		"another organisation":  replace(`"corp_id":"dingcorp"`, `"corp_id":"dingothr"`),
		"no username":           replace(`"username":"zhangsan-`, `"username":"","x":"`),
		"a strange username":    replace(`"username":"zhangsan-`, `"username":"Zhang San-`),
		"no time":               replace(`"checked_at":`, `"x":`),
		"a broken seal":         good[:i] + map[bool]string{true: "A", false: "B"}[good[i] != 'A'] + good[i+1:],
		"another person's":      other,
		"sealed by a stranger":  string(stranger.store.values[key(p.Subject)].value),
		"a profile in clear":    good[:i-29] + `"profile":"e30="}`,
		"a profile as an array": good[:i-29] + `"profile":[1]}`,
	} {
		_, err := h.Read(p.Subject, &storage.Op{Verb: storage.VerbGet, Value: []byte(value)})
		if !errors.Is(err, ErrRecord) || errors.Is(err, ErrUnknownPerson) || strings.Contains(err.Error(), "zhangsan") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Read(p.Subject, h.Fetch(p.Subject)); !errors.Is(err, ErrRecord) {
		t.Errorf("an op that was not done: %v", err)
	}
	if _, err := h.Read(p.Subject, &storage.Op{Verb: storage.VerbGet, Value: []byte(replace(`"format":1`, `"format":1,"later":{"a":1}`))}); err != nil {
		t.Errorf("a field of a later minor writer: %v", err)
	}
}

func TestP7_ADumpTellsNothing(t *testing.T) {
	h := build(t, Config{UsernameSources: []string{SourceUserID}})
	account, member := zhangsan()
	p := h.login(t, account, member)
	for key, entry := range h.store.values {
		for _, private := range []string{"13800138000", "张三", "小张", "Zhang@", "corp.example", "unionZhang", "nick.png", "A-007"} {
			if strings.Contains(key, private) || bytes.Contains(entry.value, []byte(private)) {
				t.Errorf("%s holds %q", key, private)
			}
		}
		if escaped := `\u5f20`; bytes.Contains(entry.value, []byte(escaped)) {
			t.Errorf("%s holds a name, escaped", key)
		}
	}
	if printed := fmt.Sprintf("%v %+v %#v", p, p, p); strings.Contains(printed, "13800138000") || strings.Contains(printed, "张三") {
		t.Error("a printed person tells the profile")
	}
}

func TestP7_SecretsRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := secret.Generate(), secret.Generate()
		h := build(t, Config{Secrets: secrets(t, a)})
		account, member := zhangsan()
		s := h.login(t, account, member).Subject
		both := build(t, Config{Secrets: secrets(t, b, a), Store: h.store})
		both.mustRead(t, s)
		time.Sleep(11 * minute)
		if _, err := both.Fresh(t.Context(), both.mustRead(t, s)); err != nil { // seals anew
			t.Fatal(err)
		}
		build(t, Config{Secrets: secrets(t, b), Store: h.store}).mustRead(t, s)
		if _, err := h.read(s); !errors.Is(err, ErrRecord) {
			t.Errorf("a replica without the secret: %v", err)
		}
	})
}

func FuzzRecord(f *testing.F) {
	h := build(f, Config{})
	account, member := zhangsan()
	p := h.login(f, account, member)
	good := h.store.values[key(p.Subject)].value
	for _, seed := range []string{string(good), "", "{}", `{"format":1}`, `{"format":99999999999999999999}`, `{"format":1,"epoch":1,"profile":"AQ=="}`, "[]", "null"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		q, err := h.readRecord(p.Subject, value)
		if err != nil {
			if !errors.Is(err, ErrRecord) {
				t.Fatalf("%v", err)
			}
			return
		}
		// Whatever is accepted carries the seal, so it is this person.
		if !q.Profile.equal(p.Profile) || q.CorpID != p.CorpID || q.Epoch < 1 || !isUsername(q.Username) {
			t.Fatalf("%q is taken for %+v", value, q)
		}
		if again, err := h.readRecord(p.Subject, h.writeRecord(q)); err != nil || again.Epoch != q.Epoch || !again.CheckedAt.Equal(q.CheckedAt) {
			t.Fatalf("does not survive a rewrite: %v", err)
		}
	})
}
