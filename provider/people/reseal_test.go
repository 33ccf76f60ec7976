package people

import (
	"errors"
	"fmt"
	"testing"

	"github.com/dingbridge/dingbridge/keys/secret"
)

func TestP23_ResealMovesEverybody(t *testing.T) {
	a, b := secret.Generate(), secret.Generate()
	list := secrets(t, a)
	h := build(t, Config{Secrets: list})
	account, member := zhangsan()
	var all []Person
	for i := range resealBatch + 7 {
		account.UnionID = fmt.Sprint("union", i)
		member.UnionID, member.UserID = account.UnionID, fmt.Sprint("user", i)
		all = append(all, h.login(t, account, member))
	}
	corpID := all[0].CorpID
	if n, err := h.SealedBeyond(t.Context(), corpID, secrets(t, b)); err != nil || n != len(all) {
		t.Fatalf("%d of %d records need the old secret: %v", n, len(all), err)
	}
	list.Replace(secrets(t, b, a))
	gone := all[3] // somebody whom nobody asks about any more
	if moved, err := h.Reseal(t.Context(), corpID); err != nil || moved != len(all) {
		t.Fatalf("%d of %d records were sealed again: %v", moved, len(all), err)
	}
	if moved, err := h.Reseal(t.Context(), corpID); err != nil || moved != 0 {
		t.Errorf("%d records were sealed for nothing: %v", moved, err)
	}
	if n, err := h.SealedBeyond(t.Context(), corpID, secrets(t, b)); err != nil || n != 0 {
		t.Errorf("%d records still need the old secret: %v", n, err)
	}
	alone := build(t, Config{Secrets: secrets(t, b), Store: h.store})
	for _, p := range all {
		now := alone.mustRead(t, p.Subject)
		if now.Epoch != p.Epoch || now.Username != p.Username || fmt.Sprintf("%#v", now.Profile) != fmt.Sprintf("%#v", p.Profile) || !now.CheckedAt.Equal(p.CheckedAt) {
			t.Errorf("%s became another", p.Subject)
		}
	}
	if _, err := build(t, Config{Secrets: secrets(t, a), Store: h.store}).read(gone.Subject); !errors.Is(err, ErrRecord) {
		t.Errorf("the old secret still opens a record: %v", err)
	}
}
