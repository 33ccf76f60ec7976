package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/dingbridge/dingbridge/storage"
)

var (
	bucketValue  = []byte("value")
	bucketMember = []byte("member")
	bucketEnd    = []byte("end")
)

// lockTimeout is how long Open waits for a process that is just ending, as in a
// restart by a supervisor.
const lockTimeout = 2 * time.Second

// Store is a [storage.Store] in one file. It is safe for concurrent use by the
// goroutines of one process.
type Store struct {
	db     *bbolt.DB
	queue  chan *request
	stop   chan struct{} // closed by Close: the committer drains and ends
	ended  chan struct{} // closed by the committer
	closed func() error
}

// Open opens the file, or makes it with mode 0600; its folder must exist. It
// starts one goroutine, which ends in [Store.Close].
func Open(path string) (*Store, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:      lockTimeout,
		FreelistType: bbolt.FreelistMapType,
		NoStatistics: true,
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("open %s: another process has it open; stop that one, or use a redis:// storage to run several", path)
	}
	if err != nil {
		return nil, openFault(path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{bucketValue, bucketMember, bucketEnd} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare %s: %w", path, err), db.Close())
	}
	s := &Store{
		db:    db,
		queue: make(chan *request, maxGroup),
		stop:  make(chan struct{}),
		ended: make(chan struct{}),
	}
	s.closed = sync.OnceValue(s.close)
	go s.commitAll()
	return s, nil
}

// openFault says why the file does not open, and what to do.
func openFault(path string, err error) error {
	if wrong, ok := errors.AsType[*fs.PathError](err); ok {
		err = wrong.Err // it names the file, and so do we
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("open %s: there is no folder %s; make it, and let this program's user write there", path, filepath.Dir(path))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("open %s: %w; let this program's user write the file and its folder", path, err)
	}
	return fmt.Errorf("open %s: %w; name a file of ours, or one that is not there yet", path, err)
}

// Ping asks for a commit, so that a full disk does not go unnoticed.
func (s *Store) Ping(ctx context.Context) error { return s.commit(ctx, nil) }

// Close commits what is waiting and closes the file. Calling it again does
// nothing more.
func (s *Store) Close() error { return s.closed() }

func (s *Store) close() error {
	close(s.stop)
	<-s.ended
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close storage file: %w", err)
	}
	return nil
}

var _ storage.Store = (*Store)(nil)
