package bolt

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"go.etcd.io/bbolt"

	"github.com/dingbridge/dingbridge/storage"
)

const (
	endSize    = 8
	headSize   = endSize + len(storage.Version{})
	withoutEnd = uint64(math.MaxUint64)
)

// errStrange: a record that this package did not write. errNothing ends a
// transaction that has nothing to commit.
var (
	errStrange = fmt.Errorf("what is stored there is not ours: %w", storage.ErrUnknown)
	errNothing = errors.New("nothing to do")
)

func newJob(op *storage.Op) job {
	j := job{op: op, verb: op.Verb, key: op.Key, member: op.Member, from: op.From, life: op.Life}
	switch op.Verb {
	case storage.VerbCreate, storage.VerbPut, storage.VerbSwap:
		j.record = make([]byte, headSize+len(op.Input))
		rand.Read(j.record[endSize:headSize])
		copy(j.record[headSize:], op.Input)
	}
	return j
}

// endOf is the moment a life that begins now ends.
func endOf(now time.Time, life time.Duration) uint64 {
	if life == 0 {
		return withoutEnd
	}
	return uint64(now.Add(life).UnixNano())
}

func ended(end uint64, now time.Time) bool {
	return end != withoutEnd && end <= uint64(now.UnixNano())
}

// perform does the jobs in order. An error is the file's and undoes all of them;
// what concerns one job is in its result.
func perform(tx *bbolt.Tx, jobs []job, now time.Time) error {
	for i := range jobs {
		j := &jobs[i]
		j.result = result{}
		var err error
		switch j.verb {
		case storage.VerbJoin:
			err = j.join(tx, now)
		case storage.VerbMembers:
			err = j.readMembers(tx, now)
		case storage.VerbDelete:
			err = j.remove(tx)
		default:
			err = j.performValue(tx, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// performValue does Create, Get, Put and Swap.
func (j *job) performValue(tx *bbolt.Tx, now time.Time) error {
	values := tx.Bucket(bucketValue)
	old := values.Get([]byte(j.key))
	if old != nil && len(old) < headSize {
		j.err = errStrange
		return nil
	}
	var oldEnd uint64
	live := false
	if old != nil {
		oldEnd = binary.BigEndian.Uint64(old)
		live = !ended(oldEnd, now)
	}
	switch {
	case j.verb == storage.VerbGet && live:
		j.present(old)
		return nil
	case j.verb != storage.VerbCreate && j.verb != storage.VerbPut && !live:
		j.err = storage.ErrNotFound
		return nil
	case j.verb == storage.VerbCreate && live,
		j.verb == storage.VerbSwap && j.from != storage.Version(old[endSize:headSize]):
		j.present(old)
		j.err = storage.ErrConflict
		return nil
	}
	end := endOf(now, j.life)
	binary.BigEndian.PutUint64(j.record, end)
	if err := moveEnd(tx, kindValue, []byte(j.key), old != nil, oldEnd, end); err != nil {
		return err
	}
	if j.verb != storage.VerbPut {
		j.version = storage.Version(j.record[endSize:headSize])
	}
	return values.Put([]byte(j.key), j.record)
}

// present copies a record to the result: its memory is the file's.
func (j *job) present(record []byte) {
	j.version = storage.Version(record[endSize:headSize])
	j.value = bytes.Clone(record[headSize:])
}

// remove deletes the value or the set under the key.
func (j *job) remove(tx *bbolt.Tx) error {
	values := tx.Bucket(bucketValue)
	if old := values.Get([]byte(j.key)); old != nil {
		if len(old) >= endSize {
			if err := moveEnd(tx, kindValue, []byte(j.key), true, binary.BigEndian.Uint64(old), withoutEnd); err != nil {
				return err
			}
		}
		if err := values.Delete([]byte(j.key)); err != nil {
			return err
		}
	}
	// Deleting through a moving cursor skips entries, so the names come first.
	var gone [][]byte
	for k := range eachMember(tx, j.key) {
		gone = append(gone, bytes.Clone(k))
	}
	for _, k := range gone {
		if err := removeMember(tx, k); err != nil {
			return err
		}
	}
	return nil
}
