package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dingbridge/dingbridge/storage/redis"
)

// oldestRedis is the first version that has all commands that we send.
var oldestRedis = [2]int{6, 2}

func (x *examination) storage(ctx context.Context) {
	switch s := x.subject; {
	case s.Redis != nil:
		x.redis(ctx, s.Redis)
	case s.File != "":
		x.file(s.File)
	}
}

func (x *examination) redis(ctx context.Context, store *redis.Store) {
	found, err := store.Inspect(ctx)
	if err != nil {
		val := values{"address": store.Address(), "reason": err.Error()}
		outage, ok := errors.AsType[*redis.Outage](err)
		if ok {
			val["reason"] = outage.Reason
		}
		switch {
		case ok && outage.Refused():
			x.find("redis-password", values{"address": val["address"]})
		case ok && outage.Unreached():
			x.find("redis-unreachable", val)
		default:
			x.find("redis-failing", val)
		}
		return
	}
	for _, n := range found.Nodes {
		x.node(n)
	}
}

// node judges one server.
func (x *examination) node(n redis.Node) {
	before := len(x.report.Findings)
	at := func(more values) values {
		val := values{"address": n.Address}
		for name, value := range more {
			val[name] = value
		}
		return val
	}
	if n.Version != "" && older(n.Version, oldestRedis) {
		x.find("redis-old", at(values{"version": n.Version}))
	}
	if n.Replica {
		x.find("redis-replica", at(nil))
		return // how it keeps things is its primary's affair
	}
	if n.Failing != "" {
		x.find("redis-disk", at(values{"what": n.Failing}))
	}
	switch {
	case n.AppendOnly && n.Fsync != "" && n.Fsync != "always":
		x.find("redis-fsync", at(values{"fsync": n.Fsync}))
	case n.AppendOnly || !n.Knows("INFO"):
	case n.Snapshots != "":
		x.find("redis-snapshots", at(values{"snapshots": n.Snapshots}))
	case n.Knows("CONFIG GET"):
		x.find("redis-forgets", at(nil))
	}
	if n.Policy != "" && n.Policy != "noeviction" {
		x.find("redis-evicts", at(values{"policy": n.Policy}))
	}
	if what := unread(n); what != "" {
		x.find("redis-unread", at(values{"questions": strings.Join(n.Denied, ", "), "what": what}))
	}
	if len(x.report.Findings) == before {
		x.find("storage-ok", at(values{"version": n.Version}))
	}
}

// unread names what could not be looked at.
func unread(n redis.Node) string {
	var what []string
	if !n.Knows("INFO") {
		what = append(what, "version", "role", "appendonly")
	}
	if !n.Knows("CONFIG GET") {
		what = append(what, "appendfsync", "save")
	}
	if n.Policy == "" {
		what = append(what, "maxmemory-policy")
	}
	return strings.Join(what, ", ")
}

// older tells whether a version is below another one, by its first two numbers. What is
// no version is not old.
func older(version string, than [2]int) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	if err1 != nil || err2 != nil {
		return false
	}
	return major < than[0] || major == than[0] && minor < than[1]
}

// file looks at a storage file without opening it as such: a server may hold it.
func (x *examination) file(path string) {
	folder := filepath.Dir(path)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if reason := closedFolder(folder); reason != "" {
			x.find("folder-closed", values{"file": path, "folder": folder, "reason": reason})
			return
		}
		x.find("file-new", values{"file": path})
		return
	}
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a file")
	}
	if err == nil {
		err = writable(path)
	}
	if err != nil {
		if wrong, ok := errors.AsType[*fs.PathError](err); ok {
			err = wrong.Err // it names the file, and so do we
		}
		x.find("file-closed", values{"file": path, "reason": err.Error()})
		return
	}
	x.find("file-ok", values{"file": path})
}

// writable opens a file for writing and writes nothing.
func writable(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// closedFolder says why no file can be made in a folder, empty if one can.
func closedFolder(folder string) string {
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "is not there"
	case err != nil:
		return "cannot be looked at"
	case !info.IsDir():
		return "is not a folder"
	case !mayWrite(folder):
		return "cannot be written by this user"
	}
	return ""
}
