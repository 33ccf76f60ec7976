package config

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// Clients is clients.yaml: the apps that may ask for a login. It is read again
// when it changes; a file with a fault leaves the old clients in force. Each app is
// a [clients.Spec].
type Clients struct {
	Clients []clients.Spec `yaml:"clients"`
}

// allow reads `allow: everyone`, or a map with groups and people.
func (d *decoder) allow(path string, n *yaml.Node, v reflect.Value) {
	switch {
	case n.Kind == yaml.MappingNode:
		d.object(path, n, v)
	case n.Kind == yaml.ScalarNode && n.Value == "everyone":
		v.Set(reflect.ValueOf(clients.Allow{Everyone: true}))
	default:
		d.fault(n, path, "is neither the word everyone nor a map", "write everyone, or groups or people below it")
	}
}

// A ClientsDocument is a clients.yaml that has been read, with the places of its
// values.
type ClientsDocument struct {
	Specs []clients.Spec
	at    positions
}

// ParseClients reads the text of a clients.yaml called file. Its error is a
// [Faults], all of them about the form; what a client may be, [ClientsDocument.Set]
// says.
func ParseClients(file string, data []byte) (*ClientsDocument, error) {
	var c Clients
	at, faults := decode(file, data, &c)
	if len(faults) == 0 && !at.given("clients") {
		faults = append(faults, at.fault("clients", "is missing", "begin the file with the line `clients:`"))
	}
	return &ClientsDocument{Specs: c.Clients, at: at}, faults.Err()
}

// LoadClients reads the clients.yaml called file and checks the clients, also against
// the organisations that there are (promise C7). Its error is a [Faults].
func LoadClients(file string, corpIDs []string) (*clients.Set, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, Faults{{File: file, Text: reason(err), Remedy: "make it with `dingbridge client add`"}}
	}
	d, err := ParseClients(file, data)
	set, wrong := d.Set()
	wrong = append(wrong, untold(d.organisations(corpIDs), wrong)...)
	if err, ok := err.(Faults); ok {
		wrong = append(slices.Clone(err), untold(wrong, err)...)
	}
	if len(wrong) > 0 {
		return nil, wrong.Err()
	}
	return set, nil
}

// organisations are the faults of clients that serve an organisation which config.yaml
// does not have, or do not say which of several they serve. corpIDs are those of
// config.yaml; none: it is not known which it has.
func (d *ClientsDocument) organisations(corpIDs []string) (faults Faults) {
	if len(corpIDs) == 0 {
		return nil
	}
	for i, c := range d.Specs {
		at := item("clients", i) + ".organisations"
		if len(c.Organisations) == 0 && len(corpIDs) > 1 {
			faults = append(faults, d.at.fault(at, "is missing, and config.yaml has several",
				"name the corp_id of each organisation whose people may log in: "+strings.Join(corpIDs, ", ")))
		}
		for k, id := range c.Organisations {
			if !slices.Contains(corpIDs, id) {
				faults = append(faults, d.at.fault(item(at, k), "is the corp_id of no organisation in config.yaml", suggest(printable(id), corpIDs)))
			}
		}
	}
	return faults
}

// Set makes the clients of the document, or tells all that is wrong with them.
func (d *ClientsDocument) Set() (*clients.Set, Faults) {
	set, wrong := clients.NewSet(d.Specs)
	var faults Faults
	for _, f := range wrong {
		faults = append(faults, d.at.fault(join(item("clients", f.Index), f.Field), f.Text, f.Remedy))
	}
	return set, faults
}
