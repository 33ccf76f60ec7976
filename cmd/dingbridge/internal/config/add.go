package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// ErrClientExists: the file has a client of that id.
var ErrClientExists = errors.New("a client of that id exists")

const clientsHeader = "# The apps that may ask for a login. `dingbridge client add` adds one.\nclients:\n"

// AddClient adds clients to the clients.yaml called file, all or none. The file is made if
// it is not there (promise C6). A file with faults is left alone and the error is its
// [Faults]; a client of the same id is [ErrClientExists].
func AddClient(file string, specs ...clients.Spec) error {
	if real, err := filepath.EvalSymlinks(file); err == nil {
		file = real // a rename would replace the link, not what it points to
	}
	unlock, err := lockFolder(filepath.Dir(file))
	if err != nil {
		return fmt.Errorf("locking the folder of %s: %w", file, err)
	}
	defer unlock()
	mode := fs.FileMode(0o644) // it holds hashes only
	data, err := readFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return Faults{{File: file, Text: reason(err), Remedy: "name another with --clients-file"}}
	default:
		if info, err := os.Stat(file); err == nil {
			mode = info.Mode().Perm()
		}
	}
	for _, c := range specs {
		if data, err = withClient(file, data, c); err != nil {
			return err
		}
	}
	if err := replaceFile(file, data, mode); err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return nil
}

// withClient is the text of a clients.yaml with c added at its end.
func withClient(file string, data []byte, c clients.Spec) ([]byte, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		data = []byte(clientsHeader)
	}
	before, err := ParseClients(file, data)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(before.Specs, func(s clients.Spec) bool { return strings.EqualFold(s.ID, c.ID) }) {
		return nil, fmt.Errorf("adding %q to %s: %w", c.ID, file, ErrClientExists)
	}
	want := append(before.Specs, c)
	// As text, which leaves every other byte alone; else as nodes, which keeps the
	// comments but not the blank lines. Either is read back before it is believed.
	for _, edit := range []func([]byte, clients.Spec) ([]byte, error){appendText, appendNode} {
		edited, err := edit(data, c)
		if err != nil {
			continue
		}
		if after, err := ParseClients(file, edited); err == nil && reflect.DeepEqual(after.Specs, want) && reflect.DeepEqual(after.Groups, before.Groups) {
			return edited, nil
		}
	}
	return nil, fmt.Errorf("adding %q to %s: its form is too unusual to edit; write the client by hand", c.ID, file)
}

// appendText adds c's lines after the last client, as deep as its neighbours.
func appendText(data []byte, c clients.Spec) ([]byte, error) {
	list, doc, err := clientsNode(data)
	if err != nil {
		return nil, err
	}
	data, rest := cutBelow(data, list, doc)
	indent := 2
	if list.Kind == yaml.SequenceNode && len(list.Content) > 0 {
		indent = list.Column - 1
	}
	var entry bytes.Buffer
	enc := yaml.NewEncoder(&entry)
	enc.SetIndent(2)
	if err := enc.Encode(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{clientNode(c)}}); err != nil {
		return nil, err
	}
	out := bytes.NewBuffer(bytes.Clone(data))
	if !bytes.HasSuffix(data, []byte("\n")) {
		out.WriteByte('\n')
	}
	if len(list.Content) > 0 {
		out.WriteByte('\n')
	}
	for line := range strings.Lines(entry.String()) {
		out.WriteString(strings.Repeat(" ", indent) + line)
	}
	if len(rest) > 0 {
		out.WriteByte('\n')
	}
	out.Write(rest)
	return out.Bytes(), nil
}

// cutBelow cuts data where another key follows the list of clients, before what is
// written above that key.
func cutBelow(data []byte, list, doc *yaml.Node) (before, after []byte) {
	keys := doc.Content[0].Content
	i := slices.Index(keys, list)
	if i+1 >= len(keys) || keys[i+1].Line <= list.Line {
		return data, nil
	}
	lines := slices.Collect(bytes.Lines(data))
	cut := keys[i+1].Line - 1
	for cut > 0 && (lines[cut-1][0] == '#' || len(bytes.TrimSpace(lines[cut-1])) == 0) {
		cut--
	}
	before, after = bytes.Join(lines[:cut], nil), bytes.Join(lines[cut:], nil)
	return before, bytes.TrimLeft(after, "\r\n")
}

// appendNode adds c to the tree of data and writes all of it anew.
func appendNode(data []byte, c clients.Spec) ([]byte, error) {
	list, doc, err := clientsNode(data)
	if err != nil {
		return nil, err
	}
	if list.LineComment != "" { // it has no place beside a list of many lines
		doc.Content[0].HeadComment = strings.TrimSpace(doc.Content[0].HeadComment + "\n" + list.LineComment)
		list.LineComment = ""
	}
	list.Kind, list.Tag, list.Value, list.Style = yaml.SequenceNode, "!!seq", "", 0
	list.Content = append(list.Content, clientNode(c))
	doc.Content[0].Style = 0
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// clientsNode finds the value of the key clients in a file without faults.
func clientsNode(data []byte) (list, doc *yaml.Node, err error) {
	doc = &yaml.Node{}
	if err := yaml.Unmarshal(data, doc); err != nil {
		return nil, nil, err
	}
	for i := 0; i+1 < len(doc.Content[0].Content); i += 2 {
		if doc.Content[0].Content[i].Value == "clients" {
			return doc.Content[0].Content[i+1], doc, nil
		}
	}
	return nil, nil, errors.New("no clients")
}

// clientNode is c as a map of what it has, in the order of the type.
func clientNode(c clients.Spec) *yaml.Node { return writtenAs(reflect.ValueOf(c)) }

// writtenAs is v as an operator would write it: of a struct only what it has.
func writtenAs(v reflect.Value) *yaml.Node {
	n := &yaml.Node{}
	allow, _ := v.Interface().(clients.Allow)
	switch {
	case allow.Everyone:
		n.SetString("everyone")
	case v.Kind() == reflect.Struct:
		n.Kind = yaml.MappingNode
		for f, field := range v.Fields() {
			key := f.Tag.Get("yaml")
			if key == "-" || field.IsZero() || field.Kind() == reflect.Slice && field.Len() == 0 {
				continue
			}
			n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, writtenAs(field))
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		n.Kind = yaml.SequenceNode
		for i := range v.Len() {
			n.Content = append(n.Content, writtenAs(v.Index(i)))
		}
	default:
		_ = n.Encode(v.Interface()) // texts, numbers, booleans and lists of them: it cannot fail
	}
	return n
}
