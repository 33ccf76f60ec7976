package config

import (
	"fmt"
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

// A ClientsDocument is a clients.yaml that has been read, or several that count as one,
// with the places of their values.
type ClientsDocument struct {
	Specs  []clients.Spec
	Groups []clients.GroupSpec
	places map[string][]place // of each item of the list of that name
}

// A place is where an item of a list was written: in which file, and as which of its.
type place struct {
	at    positions
	index int
}

// add puts what next has behind what d has.
func (d *ClientsDocument) add(next *ClientsDocument) {
	d.Specs, d.Groups = append(d.Specs, next.Specs...), append(d.Groups, next.Groups...)
	if d.places == nil {
		d.places = map[string][]place{}
	}
	for list, places := range next.places {
		d.places[list] = append(d.places[list], places...)
	}
}

// FileOf is the file in which the client Specs[i] is written, and its line.
func (d *ClientsDocument) FileOf(i int) (file string, line int) {
	f := d.fault("clients", i, "", "", "")
	return f.File, f.Line
}

// fault is about the field of an item of a list.
func (d *ClientsDocument) fault(list string, i int, field, text, remedy string) Fault {
	p := d.places[list][i]
	path := item(list, p.index)
	if field != "" {
		path = join(path, field)
	}
	return p.at.fault(path, text, remedy)
}

// ParseClients reads the text of a clients.yaml called file. Its error is a
// [Faults], all of them about the form; what a client may be, [ClientsDocument.Set]
// says.
func ParseClients(file string, data []byte) (*ClientsDocument, error) {
	d, faults := parseClients(file, data, true)
	return d, faults.Err()
}

// parseClients is ParseClients also for a file that is not alone: it may have groups and
// no clients.
func parseClients(file string, data []byte, alone bool) (*ClientsDocument, Faults) {
	var c Clients
	at, faults := decode(file, data, &c)
	if len(faults) == 0 && !at.given("clients") && (alone || !at.given("groups")) {
		faults = append(faults, at.fault("clients", "is missing", "begin the file with the line `clients:`"))
	}
	d := &ClientsDocument{Specs: c.Clients, Groups: c.Groups, places: map[string][]place{}}
	for i := range c.Clients {
		d.places["clients"] = append(d.places["clients"], place{at, i})
	}
	for i := range c.Groups {
		d.places["groups"] = append(d.places["groups"], place{at, i})
	}
	return d, faults
}

// substitutes are the faults of clients for which addresses are to be made up, where no
// domain is said to make them of: the app would refuse people, and nobody know why.
func (d *ClientsDocument) substitutes(claims Claims) (faults Faults) {
	for i, c := range d.Specs {
		if c.SubstituteEmail && claims.SubstituteEmailDomain == "" {
			faults = append(faults, d.fault("clients", i, "substitute_email", "has no domain to make addresses of",
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
		if len(c.Organisations) == 0 && len(corpIDs) > 1 {
			faults = append(faults, d.fault("clients", i, "organisations", "is missing, and config.yaml has several",
				"name the corp_id of each organisation whose people may log in: "+strings.Join(corpIDs, ", ")))
		}
		for k, id := range c.Organisations {
			faults = append(faults, d.strange("clients", i, item("organisations", k), id, corpIDs)...)
		}
	}
	for i, g := range d.Groups {
		switch {
		case g.Organisation != "":
			faults = append(faults, d.strange("groups", i, "organisation", g.Organisation, corpIDs)...)
		case len(corpIDs) > 1:
			faults = append(faults, d.fault("groups", i, "organisation", "is missing, and config.yaml has several",
				"name the corp_id of the organisation whose departments, roles and people these are: "+strings.Join(corpIDs, ", ")))
		}
	}
	return faults
}

// strange is the fault of a corpId in the field of an item that is none of those that
// there are.
func (d *ClientsDocument) strange(list string, i int, field, id string, corpIDs []string) Faults {
	if slices.Contains(corpIDs, id) {
		return nil
	}
	return Faults{d.fault(list, i, field, "is the corp_id of no organisation in config.yaml", suggest(printable(id), corpIDs))}
}

// Set makes the clients of the document, or tells all that is wrong with them.
func (d *ClientsDocument) Set() (*clients.Set, Faults) {
	set, wrong := clients.NewSet(d.Specs, d.Groups...)
	var faults Faults
	for _, f := range wrong {
		fault := d.fault(f.List, f.Index, f.Field, f.Text, f.Remedy)
		if f.Twin > 0 { // whose number counts all files
			fault.Text = strings.Replace(f.Text, item(f.List, f.Twin-1), d.twin(fault, f.List, f.Twin-1), 1)
		}
		faults = append(faults, fault)
	}
	return set, faults
}

// twin says where the item stands that the one at fault is the double of.
func (d *ClientsDocument) twin(at Fault, list string, i int) string {
	other := d.fault(list, i, "", "", "")
	if other.File == at.File {
		return other.Path
	}
	return fmt.Sprintf("%s in %s:%d", other.Path, other.File, other.Line)
}
