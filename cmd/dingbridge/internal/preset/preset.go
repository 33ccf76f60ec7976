package preset

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/dingbridge/dingbridge/provider/clients"
)

//go:embed data/*.yaml
var data embed.FS

//go:embed generic.yaml
var generic []byte

// A Preset is an app, as its data file says. Its texts have places for values; see
// [Preset.For].
type Preset struct {
	Name  string `yaml:"-"`     // of the file, and on the command line
	Title string `yaml:"title"` // as people know it
	About string `yaml:"about"` // in a few words
	// Nowhere: the app has no address of its own to which a login comes back.
	Nowhere bool `yaml:"nowhere"`
	// Clients are what is registered. The first is the app; others, such as its command
	// line, are called after it.
	Clients []clients.Spec `yaml:"clients"`
	// Files are the app's side.
	Files []File `yaml:"files"`
	// Entry are lines for the app's entry in clients.yaml that depend on the operator's
	// own groups, as a proposal.
	Entry string `yaml:"entry"`
	// EmailNeeded: the app refuses people without an e-mail address.
	EmailNeeded bool `yaml:"email_needed"`
	// Check is what to look at after the first login.
	Check string   `yaml:"check"`
	Notes []string `yaml:"notes"`
	Proof Proof    `yaml:"proof"`
}

// A File is a part of the app's side, in the app's own format.
type File struct {
	Name   string `yaml:"name"`   // where it goes
	Format string `yaml:"format"` // one of Formats
	Text   string `yaml:"text"`
}

// Formats are what a file may be in. In steps, people do by hand what each line says.
var Formats = []string{"apache", "env", "ini", "javascript", "json", "properties", "python", "ruby", "sh", "steps", "toml", "yaml"}

// A Proof says how far a preset has been tried.
type Proof struct {
	// Tests log into the app, or into the library that the app logs in with; none: the
	// texts were only read by parsers of their formats.
	Tests []string `yaml:"tests"`
	// With is what ran.
	With string `yaml:"with"`
}

// LoggedInto reports whether a login was made with what the preset prints.
func (p Proof) LoggedInto() bool { return len(p.Tests) > 0 }

// All returns every preset, by name.
func All() []Preset { return slices.Clone(all()) }

// Named finds a preset.
func Named(name string) (Preset, bool) {
	i := slices.IndexFunc(all(), func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return Preset{}, false
	}
	return all()[i], true
}

// Generic is for an app that has no preset. Its client is the operator's to describe.
func Generic() Preset {
	p, err := parse("generic", generic)
	if err != nil {
		panic("preset: " + err.Error())
	}
	return p
}

// all reads the data files, once. They are part of the program: a fault in one is ours,
// and a test finds it.
var all = sync.OnceValue(func() []Preset {
	files, err := data.ReadDir("data")
	if err != nil {
		panic("preset: " + err.Error())
	}
	list := make([]Preset, 0, len(files))
	for _, f := range files {
		text, err := data.ReadFile("data/" + f.Name())
		if err != nil {
			panic("preset: " + err.Error())
		}
		p, err := parse(strings.TrimSuffix(path.Base(f.Name()), ".yaml"), text)
		if err != nil {
			panic("preset: " + err.Error())
		}
		list = append(list, p)
	}
	return list
})

// parse reads a data file. It is strict: a key that nobody reads is a mistake.
func parse(name string, text []byte) (Preset, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	p := Preset{Name: name}
	if err := dec.Decode(&p); err != nil {
		return p, fmt.Errorf("reading %s: %w", name, err)
	}
	if err := dec.Decode(&Preset{}); !errors.Is(err, io.EOF) {
		return p, fmt.Errorf("reading %s: more than one document", name)
	}
	return p, nil
}
