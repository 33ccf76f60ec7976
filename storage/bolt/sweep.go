package bolt

import (
	"bytes"
	"encoding/binary"
	"time"

	"go.etcd.io/bbolt"
)

// The kinds of entries in the bucket of ends.
const (
	kindValue  = 'v'
	kindMember = 'm'
)

// endEntry is the name under which a record's end is found.
func endEntry(end uint64, kind byte, key []byte) []byte {
	name := make([]byte, 0, endSize+1+len(key))
	name = binary.BigEndian.AppendUint64(name, end)
	name = append(name, kind)
	return append(name, key...)
}

// moveEnd keeps the bucket of ends true when a record with the old end (if there
// was one) gets the new; "without end" is not listed.
func moveEnd(tx *bbolt.Tx, kind byte, key []byte, had bool, old, end uint64) error {
	ends := tx.Bucket(bucketEnd)
	if had && old == end {
		return nil
	}
	if had && old != withoutEnd {
		if err := ends.Delete(endEntry(old, kind, key)); err != nil {
			return err
		}
	}
	if end == withoutEnd {
		return nil
	}
	return ends.Put(endEntry(end, kind, key), nil)
}

// sweep removes at most limit records that have ended, the oldest first.
func sweep(tx *bbolt.Tx, now time.Time, limit int) (removed int, err error) {
	var due [][]byte
	c := tx.Bucket(bucketEnd).Cursor()
	for k, _ := c.First(); k != nil && len(due) < limit; k, _ = c.Next() {
		if len(k) > endSize && !ended(binary.BigEndian.Uint64(k), now) {
			break
		}
		due = append(due, bytes.Clone(k))
	}
	for _, k := range due {
		if err := sweepOne(tx, k); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// sweepOne removes the entry and the record it names, if the record still has
// that end: a record is never removed on the word of the list alone.
func sweepOne(tx *bbolt.Tx, entry []byte) error {
	if len(entry) > endSize+1 {
		name := entry[endSize+1:]
		bucket := tx.Bucket(bucketValue)
		if entry[endSize] == kindMember {
			bucket = tx.Bucket(bucketMember)
		}
		if old := bucket.Get(name); len(old) >= endSize && bytes.Equal(old[:endSize], entry[:endSize]) {
			if err := bucket.Delete(name); err != nil {
				return err
			}
		}
	}
	return tx.Bucket(bucketEnd).Delete(entry)
}
