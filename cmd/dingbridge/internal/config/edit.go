package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/dingbridge/dingbridge/provider/clients"
)

var (
	// ErrNoClient: no file of the set has a client of that id.
	ErrNoClient = errors.New("there is no such client")
	// ErrStillNamed: another client names the one that is to be removed.
	ErrStillNamed = errors.New("it is still an audience of another client")
	// ErrPublic: a public client has no secret.
	ErrPublic = errors.New("it is public and has no secret")
	// ErrTwoSecrets: a change of the secret is under way.
	ErrTwoSecrets = errors.New("two secrets are live already")
	// ErrOneSecret: no change of the secret is under way.
	ErrOneSecret = errors.New("one secret is live; there is no older one")
)

// RemoveClient takes the client called id, and the comments of its own, out of the file
// that has it, and returns that file's name (promise C10).
func (f ClientFiles) RemoveClient(id string) (file string, err error) {
	return f.edit(id, func(all []clients.Spec, c clients.Spec) (*clients.Spec, error) {
		for _, other := range all {
			if slices.Contains(other.Audiences, c.ID) {
				return nil, fmt.Errorf("%w, %q; take it out there first", ErrStillNamed, other.ID)
			}
		}
		return nil, nil
	}, removeText, removeNode)
}

// AddSecret makes hash the client's first secret; the one before it stays live behind it.
func (f ClientFiles) AddSecret(id, hash string) (file string, err error) {
	return f.edit(id, func(_ []clients.Spec, c clients.Spec) (*clients.Spec, error) {
		switch old := secretsOf(c); {
		case c.Public:
			return nil, ErrPublic
		case len(old) > 1:
			return nil, fmt.Errorf("%w; when the app has the newer, drop the older with --finish", ErrTwoSecrets)
		default:
			c.SecretHash, c.SecretHashes = hash, old
		}
		return &c, nil
	}, addSecretText, secretsNode)
}

// DropSecret leaves the client the first of its secrets alone.
func (f ClientFiles) DropSecret(id string) (file string, err error) {
	return f.edit(id, func(_ []clients.Spec, c clients.Spec) (*clients.Spec, error) {
		switch old := secretsOf(c); {
		case c.Public:
			return nil, ErrPublic
		case len(old) < 2:
			return nil, ErrOneSecret
		default:
			c.SecretHash, c.SecretHashes = old[0], nil
		}
		return &c, nil
	}, dropSecretText, secretsNode)
}

// secretsOf are the hashes of the live secrets, the newest first.
func secretsOf(c clients.Spec) (list []string) {
	if c.SecretHash != "" {
		list = append(list, c.SecretHash)
	}
	return append(list, c.SecretHashes...)
}

// An editor changes the client that is the i-th of the text; become is what it shall be
// then, or nil: it shall go.
type editor func(data []byte, i int, become *clients.Spec) ([]byte, error)

// edit changes one client in the file that has it. decide says what becomes of it, knowing
// all clients of the set. The editors are tried in turn; none is believed before its text
// was read back.
func (f ClientFiles) edit(id string, decide func(all []clients.Spec, c clients.Spec) (*clients.Spec, error), editors ...editor) (string, error) {
	doc, err := f.Read()
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(doc.Specs, func(c clients.Spec) bool { return c.ID == id })
	if i < 0 {
		return "", fmt.Errorf("%w as %q; %s", ErrNoClient, printable(id), suggest(printable(id), idsOf(doc.Specs)))
	}
	name, _ := doc.FileOf(i)
	file := name
	if real, err := filepath.EvalSymlinks(file); err == nil {
		file = real // a rename would replace the link, not what it points to
	}
	unlock, err := lockFolder(filepath.Dir(file))
	if err != nil {
		return "", fmt.Errorf("locking the folder of %s: %w", name, err)
	}
	defer unlock()
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	data, err := readFile(file)
	if err != nil {
		return "", Faults{{File: name, Text: reason(err), Remedy: "let this program read it"}}
	}
	edited, err := withEdit(name, data, id, func(c clients.Spec) (*clients.Spec, error) { return decide(doc.Specs, c) }, editors)
	if err != nil {
		return "", err
	}
	if err := replaceFile(file, edited, info.Mode().Perm()); err != nil {
		return "", fmt.Errorf("writing %s: %w", name, err)
	}
	return name, nil
}

func idsOf(specs []clients.Spec) []string {
	ids := make([]string, len(specs))
	for i, c := range specs {
		ids[i] = c.ID
	}
	slices.Sort(ids)
	return ids
}

// withEdit is the text of a file with the client called id changed as decide says.
func withEdit(file string, data []byte, id string, decide func(clients.Spec) (*clients.Spec, error), editors []editor) ([]byte, error) {
	before, faults := parseClients(file, data, false)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(before.Specs, func(c clients.Spec) bool { return c.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("%w as %q in %s any more", ErrNoClient, printable(id), file)
	}
	become, err := decide(before.Specs[i])
	if err != nil {
		return nil, fmt.Errorf("%q in %s: %w", id, file, err)
	}
	want := slices.Clone(before.Specs)
	if become == nil {
		want = slices.Delete(want, i, i+1)
	} else {
		want[i] = *become
	}
	for _, edit := range editors {
		edited, err := edit(data, i, become)
		if err != nil {
			continue
		}
		after, faults := parseClients(file, edited, false)
		if len(faults) == 0 && same(after.Specs, want) && same(after.Groups, before.Groups) {
			return edited, nil
		}
	}
	return nil, fmt.Errorf("%q in %s: the file's form is too unusual to edit; change the client by hand", id, file)
}

// same compares lists; one that is empty is like one that is not there.
func same[T any](a, b []T) bool { return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b) }

// splitLines keeps the ends of lines.
func splitLines(data []byte) []string {
	return slices.Collect(strings.Lines(string(data)))
}

func joinLines(lines []string) []byte { return []byte(strings.Join(lines, "")) }
