package keys

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

// ErrUnreadable: there is a ring, and this program cannot read it. The error
// that wraps it says why and what to do.
var ErrUnreadable = errors.New("the signing ring in storage (" + storageKey + ") cannot be read")

// format numbers the record. A program reads its own and the one before.
const format = 1

// record is the ring as it is stored, before it is sealed.
type record struct {
	Format int         `json:"format"`
	Keys   []recordKey `json:"keys"`
}

type recordKey struct {
	KID     string    `json:"kid"`
	Alg     string    `json:"alg"`
	Made    time.Time `json:"made"`
	Signs   time.Time `json:"signs"`             // begins to sign
	Private []byte    `json:"private,omitempty"` // PKCS #8 DER, while it may sign
	Public  []byte    `json:"public,omitempty"`  // PKIX DER, afterwards
}

// A snapshot is one version of the ring, decoded. It does not change.
type snapshot struct {
	keys     []*key // by algorithm, then by the time they begin to sign
	version  storage.Version
	sealedBy secret.ID
}

// of returns the keys of one algorithm, in the order they begin to sign.
func (s *snapshot) of(alg string) []*key {
	from := slices.IndexFunc(s.keys, func(k *key) bool { return k.alg == alg })
	if from < 0 {
		return nil
	}
	to := from
	for to < len(s.keys) && s.keys[to].alg == alg {
		to++
	}
	return s.keys[from:to:to]
}

// seal notes in s which secret it is sealed by.
func (r *Ring) seal(s *snapshot) ([]byte, error) {
	rec := record{Format: format}
	for _, k := range s.keys {
		rk := recordKey{KID: k.kid, Alg: k.alg, Made: k.made, Signs: k.signs}
		if k.private != nil {
			rk.Private = k.der
		} else {
			rk.Public = k.der
		}
		rec.Keys = append(rec.Keys, rk)
	}
	plain, err := json.Marshal(rec)
	if err != nil {
		return nil, fmt.Errorf("encode the signing ring: %w", err)
	}
	sealed := r.sealer.Seal(plain, []byte(storageKey))
	s.sealedBy, _ = secret.SealedBy(sealed)
	return sealed, nil
}

func (r *Ring) unseal(sealed []byte, version storage.Version) (*snapshot, error) {
	plain, id, err := r.sealer.Open(sealed, []byte(storageKey))
	if err != nil {
		by, ok := secret.SealedBy(sealed)
		if ok && !r.secrets.Has(by) {
			return nil, missing(by, r.secrets)
		}
		return nil, damaged(errors.New("it is not what was sealed"))
	}
	s, err := decode(plain)
	if err != nil {
		return nil, err
	}
	s.version, s.sealedBy = version, id
	return s, nil
}

func missing(by secret.ID, l *secret.List) error {
	return fmt.Errorf("%w: it is sealed by the secret with the id %v, and the secret file holds only %s; put that secret back into the file. %s",
		ErrUnreadable, by, strings.Join(names(l.IDs()), ", "), beginAnew("If it is lost"))
}

func damaged(why error) error {
	return fmt.Errorf("%w: %w; restore %s from a backup of the storage. %s", ErrUnreadable, why, storageKey, beginAnew("If there is none"))
}

// beginAnew is the last resort.
func beginAnew(when string) string {
	return when + ": stop every replica, delete " + storageKey + " (bolt: the file) and start again; everybody logs in again"
}

func names(ids []secret.ID) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = id.String()
	}
	return list
}

// decode reads a record strictly: a ring that is understood in part is not used.
func decode(plain []byte) (*snapshot, error) {
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(plain, &head); err != nil {
		return nil, damaged(errors.New("it is not a record of keys"))
	}
	if head.Format > format {
		return nil, fmt.Errorf("%w: it has format %d and was written by a newer version; this one knows up to %d. Run the newer version", ErrUnreadable, head.Format, format)
	}
	if head.Format != format {
		return nil, damaged(fmt.Errorf("format %d is unknown", head.Format))
	}
	var rec record
	dec := json.NewDecoder(bytes.NewReader(plain))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&rec); err != nil {
		return nil, damaged(errors.New("it has fields of another format"))
	}
	s := &snapshot{}
	kids := map[string]bool{}
	for i, rk := range rec.Keys {
		k, err := rk.key()
		if err == nil && kids[rk.KID] {
			err = errors.New("its kid is not its own")
		}
		if err != nil {
			return nil, damaged(fmt.Errorf("key %d: %w", i+1, err))
		}
		kids[rk.KID] = true
		s.keys = append(s.keys, k)
	}
	s.sort()
	for _, alg := range algorithms {
		if keys := s.of(alg); len(keys) == 0 || keys[len(keys)-1].private == nil {
			return nil, damaged(fmt.Errorf("it has no key that signs %s", alg))
		}
	}
	return s, nil
}

// sort brings the keys into the order that the schedule counts on.
func (s *snapshot) sort() {
	slices.SortStableFunc(s.keys, func(a, b *key) int {
		if c := strings.Compare(b.alg, a.alg); c != 0 { // RS256, the default, first
			return c
		}
		return a.signs.Compare(b.signs)
	})
}
