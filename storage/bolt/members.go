package bolt

import (
	"bytes"
	"encoding/binary"
	"iter"
	"time"

	"go.etcd.io/bbolt"
)

// setPrefix begins the names of a set's members: the key's length, then the key,
// so that no key with odd characters reaches into another's set.
func setPrefix(key string) []byte {
	name := make([]byte, 0, 2+len(key)+64)
	name = binary.BigEndian.AppendUint16(name, uint16(len(key)))
	return append(name, key...)
}

// eachMember walks a set: name and end. Both are the file's memory.
func eachMember(tx *bbolt.Tx, key string) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		prefix := setPrefix(key)
		c := tx.Bucket(bucketMember).Cursor()
		for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
			if !yield(k, v) {
				return
			}
		}
	}
}

// join adds the member or renews its life, which never shortens.
func (j *job) join(tx *bbolt.Tx, now time.Time) error {
	members := tx.Bucket(bucketMember)
	name := append(setPrefix(j.key), j.member...)
	end := endOf(now, j.life)
	old := members.Get(name)
	var oldEnd uint64
	if old != nil {
		if len(old) != endSize {
			j.err = errStrange
			return nil
		}
		oldEnd = binary.BigEndian.Uint64(old)
		if oldEnd >= end {
			return nil
		}
	}
	if err := moveEnd(tx, kindMember, name, old != nil, oldEnd, end); err != nil {
		return err
	}
	return members.Put(name, binary.BigEndian.AppendUint64(nil, end))
}

func (j *job) readMembers(tx *bbolt.Tx, now time.Time) error {
	skip := 2 + len(j.key)
	for name, end := range eachMember(tx, j.key) {
		if len(end) != endSize {
			j.result = result{err: errStrange}
			return nil
		}
		if !ended(binary.BigEndian.Uint64(end), now) {
			j.members = append(j.members, string(name[skip:]))
		}
	}
	return nil
}

func removeMember(tx *bbolt.Tx, name []byte) error {
	members := tx.Bucket(bucketMember)
	if old := members.Get(name); len(old) == endSize {
		if err := moveEnd(tx, kindMember, name, true, binary.BigEndian.Uint64(old), withoutEnd); err != nil {
			return err
		}
	}
	return members.Delete(name)
}
