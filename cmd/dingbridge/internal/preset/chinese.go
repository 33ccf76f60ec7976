package preset

import (
	"bytes"
	"embed"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

//go:embed zh/*.yaml
var zh embed.FS

// Words are what of a preset people read, in another language. What programs read is the
// same in all (promise P6), so there is nothing of it here.
type Words struct {
	Title string   `yaml:"title"` // empty: the same
	About string   `yaml:"about"`
	Files []string `yaml:"files"` // where each goes; empty: the same
	Check string   `yaml:"check"`
	Notes []string `yaml:"notes"`
	With  string   `yaml:"with"` // of the proof
}

// InChinese is the preset with its words in simplified Chinese. A text that is missing is
// an error.
func (p Preset) InChinese() (Preset, error) {
	text, err := zh.ReadFile("zh/" + p.Name + ".yaml")
	if err != nil {
		return p, fmt.Errorf("reading the Chinese words of %s: %w", p.Name, err)
	}
	var w Words
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&w); err != nil {
		return p, fmt.Errorf("reading the Chinese words of %s: %w", p.Name, err)
	}
	if w.About == "" || w.Check == "" || w.With == "" || len(w.Notes) != len(p.Notes) || len(w.Files) != len(p.Files) || slices.Contains(w.Notes, "") {
		return p, fmt.Errorf("the Chinese words of %s lack some: %d notes of %d, %d files of %d", p.Name, len(w.Notes), len(p.Notes), len(w.Files), len(p.Files))
	}
	p.Files = slices.Clone(p.Files)
	for i, name := range w.Files {
		if name != "" {
			p.Files[i].Name = name
		}
	}
	if w.Title != "" {
		p.Title = w.Title
	}
	p.About, p.Check, p.Notes, p.Proof.With = w.About, w.Check, w.Notes, w.With
	return p, nil
}
