package config

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// Clients is clients.yaml: the apps that may ask for a login, and the groups that the
// operator names for their rules and tables. It is read again when it changes; a file
// with a fault leaves the old clients in force.
type Clients struct {
	Groups  []clients.GroupSpec `yaml:"groups"`
	Clients []clients.Spec      `yaml:"clients"`
}

// allow reads `allow: everyone`, or a map of lists.
func (d *decoder) allow(path string, n *yaml.Node, v reflect.Value) {
	switch {
	case n.Kind == yaml.MappingNode:
		d.object(path, n, v)
	case n.Kind == yaml.ScalarNode && n.Value == "everyone":
		v.Set(reflect.ValueOf(clients.Allow{Everyone: true}))
	default:
		d.fault(n, path, "is neither the word everyone nor a map", "write everyone, or groups, departments, roles or people below it")
	}
}

// A ClientsDocument is a clients.yaml that has been read, with the places of its
// values.
type ClientsDocument struct {
	Specs  []clients.Spec
	Groups []clients.GroupSpec
	at     positions
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
	return &ClientsDocument{Specs: c.Clients, Groups: c.Groups, at: at}, faults.Err()
}

// LoadClients reads the clients.yaml called file and checks the clients, also against
// what config.yaml says; nil: that is not known. Its error is a [Faults].
func LoadClients(file string, c *Config) (*clients.Set, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, Faults{{File: file, Text: reason(err), Remedy: "make it with `dingbridge client add`"}}
	}
	d, err := ParseClients(file, data)
	set, wrong := d.Set()
	if c != nil {
		wrong = append(wrong, untold(d.organisations(c.DingTalk.CorpIDs()), wrong)...)
		wrong = append(wrong, d.substitutes(c.Claims)...)
	}
	if err, ok := err.(Faults); ok {
		wrong = append(slices.Clone(err), untold(wrong, err)...)
	}
	if len(wrong) > 0 {
		return nil, wrong.Err()
	}
	return set, nil
}

// substitutes are the faults of clients for which addresses are to be made up, where no
// domain is said to make them of: the app would refuse people, and nobody know why.
func (d *ClientsDocument) substitutes(claims Claims) (faults Faults) {
	for i, c := range d.Specs {
		if c.SubstituteEmail && claims.SubstituteEmailDomain == "" {
			faults = append(faults, d.at.fault(item("clients", i)+".substitute_email", "has no domain to make addresses of",
				"give claims.substitute_email_domain in config.yaml one that you own and at which nobody has mail"))
		}
	}
	return faults
}

// organisations are the faults of clients and groups that name an organisation which
// config.yaml does not have, or do not say which of several they are for. corpIDs are those of
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
			faults = append(faults, d.strange(item(at, k), id, corpIDs)...)
		}
	}
	for i, g := range d.Groups {
		at := item("groups", i) + ".organisation"
		switch {
		case g.Organisation != "":
			faults = append(faults, d.strange(at, g.Organisation, corpIDs)...)
		case len(corpIDs) > 1:
			faults = append(faults, d.at.fault(at, "is missing, and config.yaml has several",
				"name the corp_id of the organisation whose departments, roles and people these are: "+strings.Join(corpIDs, ", ")))
		}
	}
	return faults
}

// strange is the fault of a corpId at path that is none of those that there are.
func (d *ClientsDocument) strange(path, id string, corpIDs []string) Faults {
	if slices.Contains(corpIDs, id) {
		return nil
	}
	return Faults{d.at.fault(path, "is the corp_id of no organisation in config.yaml", suggest(printable(id), corpIDs))}
}

// Set makes the clients of the document, or tells all that is wrong with them.
func (d *ClientsDocument) Set() (*clients.Set, Faults) {
	set, wrong := clients.NewSet(d.Specs, d.Groups...)
	var faults Faults
	for _, f := range wrong {
		path := item(f.List, f.Index)
		if f.Field != "" {
			path = join(path, f.Field)
		}
		faults = append(faults, d.at.fault(path, f.Text, f.Remedy))
	}
	return set, faults
}
