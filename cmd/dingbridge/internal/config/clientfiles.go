package config

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// Bounds of a folder of clients.
const (
	mostFiles = 10_000
	mostText  = 64 << 20 // bytes of all together
)

// ClientFiles is where clients are written: clients.yaml, and a folder of files like it.
// Either may be missing. All are read as one set.
type ClientFiles struct {
	File   string // clients.yaml
	Folder string // whose *.yaml files are read after it, in the order of their names
}

// ClientFiles are those that the config names.
func (d *Document) ClientFiles() (f ClientFiles) {
	if d.Config.ClientsFile != "" {
		f.File = d.File(d.Config.ClientsFile)
	}
	if d.Config.ClientsDir != "" {
		f.Folder = d.File(d.Config.ClientsDir)
	}
	return f
}

// Look is how all the files are now.
func (f ClientFiles) Look() Look {
	names, _ := f.names()
	if f.Folder != "" {
		names = append(names, f.Folder)
	}
	return LookAt(names...)
}

// Read reads all files as they are at one moment. Its error is a [Faults], all of them
// about the form; what a client may be, [ClientsDocument.Set] says.
func (f ClientFiles) Read() (doc *ClientsDocument, err error) {
	if !Settled(f.Look, func() { doc, err = f.read() }) {
		return nil, Faults{{File: f.any(), Text: "changes all the time while it is read",
			Remedy: "let whatever writes it write a file beside it and rename that"}}
	}
	return doc, err
}

// Load reads the files and checks the clients, also against what config.yaml says; nil:
// that is not known. Its error is a [Faults].
func (f ClientFiles) Load(c *Config) (*clients.Set, error) {
	d, err := f.Read()
	if d == nil {
		return nil, err
	}
	set, wrong := d.Set()
	if c != nil {
		wrong = append(wrong, untoldThere(d.organisations(c.DingTalk.CorpIDs()), wrong)...)
		wrong = append(wrong, d.substitutes(c.Claims)...)
	}
	if err, ok := err.(Faults); ok {
		wrong = append(slices.Clone(err), untoldThere(wrong, err)...)
	}
	if len(wrong) > 0 {
		return nil, wrong.Err()
	}
	return set, nil
}

// read reads what is there. The document is nil if something could not be read at all.
func (f ClientFiles) read() (*ClientsDocument, error) {
	names, faults := f.names()
	whole, size := new(ClientsDocument), 0
	for _, name := range names {
		data, err := readFile(name)
		if size += len(data); size > mostText {
			return nil, append(faults, Fault{File: name, Text: "is too much: all files of clients together are larger than 64 MB"})
		}
		if err != nil {
			remedy := "let this program read it"
			if name == f.File {
				remedy = "make it with `dingbridge client add`"
			}
			faults = append(faults, Fault{File: name, Text: reason(err), Remedy: remedy})
			continue
		}
		one, wrong := parseClients(name, data, f.Folder == "")
		faults = append(faults, wrong...)
		whole.add(one)
	}
	if len(names) == 0 && len(faults) == 0 { // as where a volume is not mounted
		faults = Faults{{File: f.Folder, Text: "has no file whose name ends in .yaml", Remedy: "make one with `dingbridge client add --clients-file`"}}
	}
	// Where a file could not be read, or not as YAML, the others may name what is in it.
	if slices.ContainsFunc(faults, func(f Fault) bool { return f.Line == 0 || f.Path == "" && len(names) > 1 }) {
		return nil, faults.Err()
	}
	return whole, faults.Err()
}

// names are the files to read, in their order. Hidden files and those that editors leave
// behind are none of them.
func (f ClientFiles) names() (names []string, faults Faults) {
	var main os.FileInfo
	if f.File != "" {
		names = append(names, f.File)
		main, _ = os.Stat(f.File)
	}
	if f.Folder == "" {
		return names, nil
	}
	const remedy = "make the folder, or take clients_dir out of config.yaml"
	folder, err := os.Open(f.Folder)
	if err != nil {
		return names, Faults{{File: f.Folder, Text: strings.Replace(reason(err), "file", "folder", 1), Remedy: remedy}}
	}
	defer folder.Close()
	found, err := folder.Readdirnames(-1)
	if err != nil {
		return names, Faults{{File: f.Folder, Text: "is no folder that can be read", Remedy: remedy}}
	}
	slices.Sort(found)
	for _, name := range found {
		path := filepath.Join(f.Folder, name)
		switch ext := filepath.Ext(name); {
		case strings.HasPrefix(name, "."), strings.HasPrefix(name, "#"):
		case (ext == ".yaml" || ext == ".yml") && !isText(name):
			// It would go to terminals, of those who look for what is wrong.
			faults = append(faults, Fault{File: f.Folder, Text: "has a file whose name has more than text in it, " + strconv.QuoteToASCII(name), Remedy: "give it another name"})
		case ext == ".yml":
			faults = append(faults, Fault{File: path, Text: "would not be read", Remedy: "let its name end in .yaml"})
		case ext != ".yaml":
		default:
			switch info, err := os.Stat(path); {
			case err == nil && main != nil && os.SameFile(info, main): // clients.yaml lies in the folder
			case err == nil && !info.Mode().IsRegular():
				faults = append(faults, Fault{File: path, Text: "is no ordinary file", Remedy: "take it out of the folder"})
			default:
				names = append(names, path)
			}
		}
	}
	if len(names) > mostFiles {
		return nil, append(faults, Fault{File: f.Folder, Text: "has more than 10000 files", Remedy: "put several clients into one file"})
	}
	return names, faults
}

// isText: no control characters, and none that turn a line's direction.
func isText(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
}

func (f ClientFiles) any() string {
	if f.File != "" {
		return f.File
	}
	return f.Folder
}

// untoldThere is [untold] for faults in several files: what is told of one says nothing
// of the others.
func untoldThere(faults, told Faults) Faults {
	return slices.DeleteFunc(faults, func(f Fault) bool {
		same := slices.DeleteFunc(slices.Clone(told), func(t Fault) bool { return t.File != f.File })
		return len(untold(Faults{f}, same)) == 0
	})
}
