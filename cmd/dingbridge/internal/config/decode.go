package config

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// A decoder carries YAML nodes into Go values, strictly, and goes on after a
// fault. yaml.v3's own decoder stops at the first duplicate key, turns numbers
// into texts in silence and follows aliases, which this one refuses: a reader of
// the file should see what holds.
type decoder struct {
	file   string
	at     positions
	faults Faults
}

// decode reads one YAML document into the struct that out points to, and returns
// where each value stands. An empty document is an empty struct.
func decode(file string, data []byte, out any) (positions, Faults) {
	d := &decoder{file: file, at: positions{"": {file, 1}}}
	var doc, second yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	err := dec.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF):
		return d.at, nil
	case err != nil:
		d.syntax(data, err)
		return d.at, d.faults
	}
	if err := dec.Decode(&second); !errors.Is(err, io.EOF) {
		if err != nil {
			d.syntax(data, err)
		} else {
			d.fault(&second, "", "a second document begins here", "keep one document in the file")
		}
	}
	if len(doc.Content) == 1 && doc.Content[0].ShortTag() != "!!null" {
		d.value("", doc.Content[0], reflect.ValueOf(out).Elem())
	}
	return d.at, d.faults
}

func (d *decoder) fault(n *yaml.Node, path, text, remedy string) {
	d.faults = append(d.faults, Fault{File: d.file, Line: max(n.Line, 1), Path: path, Text: text, Remedy: remedy})
}

// value carries n into v and notes its line.
func (d *decoder) value(path string, n *yaml.Node, v reflect.Value) {
	if path != "" {
		d.at[path] = position{d.file, max(n.Line, 1)}
	}
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		d.fault(n, path, "uses an anchor or alias", "write the value out")
	case n.ShortTag() == "!!null" && v.Kind() == reflect.Slice:
		// `clients:` with nothing below it is an empty list, which is not one left out.
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	case n.ShortTag() == "!!null":
		d.fault(n, path, "is empty", "give it a value or take the line out")
	case v.Type() == reflect.TypeFor[clients.Allow]():
		d.allow(path, n, v)
	case v.Kind() == reflect.Struct:
		d.object(path, n, v)
	case v.Kind() == reflect.Slice:
		d.list(path, n, v)
	default:
		d.scalar(path, n, v)
	}
}

func (d *decoder) object(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode || n.ShortTag() != "!!map" {
		d.fault(n, path, "is "+kind(n)+" where a map of keys and values is expected",
			"write "+strings.Join(keys(v.Type()), ", ")+" below it, indented")
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := join(path, key.Value)
		if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" {
			d.fault(key, path, "has a key that is not a text", "use one of "+strings.Join(keys(v.Type()), ", "))
			continue
		}
		field, ok := fieldNamed(v, key.Value)
		if !ok {
			d.fault(key, join(path, printable(key.Value)), "is not a known key", suggest(key.Value, keys(v.Type())))
			continue
		}
		if first, twice := seen[key.Value]; twice {
			d.fault(key, at, fmt.Sprintf("is given twice, first in line %d", first), "keep one of them")
			continue
		}
		seen[key.Value] = key.Line
		d.value(at, value, field)
	}
}

func (d *decoder) list(path string, n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode || n.ShortTag() != "!!seq" {
		d.fault(n, path, "is "+kind(n)+" where a list is expected", "write one item a line, each after a dash")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, child := range n.Content {
		d.value(item(path, i), child, v.Index(i))
	}
}

func (d *decoder) scalar(path string, n *yaml.Node, v reflect.Value) {
	want, tag := wanted(v)
	whole := tag == "!!float" && n.ShortTag() == "!!int" // 1 is as good as 1.0
	if n.Kind != yaml.ScalarNode || n.ShortTag() != tag && !whole {
		remedy := "write " + want
		if n.Kind == yaml.ScalarNode && v.Kind() == reflect.String {
			remedy = "put the value in quotes"
		}
		what, _, _ := strings.Cut(want, " such as ")
		d.fault(n, path, "is "+kind(n)+" where "+what+" is expected", remedy)
		return
	}
	if err := setText(v, n.Value); err != nil {
		d.fault(n, path, err.Error(), "write "+want)
	}
}

// setText gives v the value that text stands for. Errors do not repeat the text.
func setText(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.String:
		if text == "" {
			return errors.New("is empty")
		}
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("is neither true nor false")
		}
		v.SetBool(b)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return setText(v.Elem(), text)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		// 010 is eight to some readers of YAML, and ten to others.
		if err != nil || strconv.FormatInt(n, 10) != text {
			return errors.New("is not a whole number")
		}
		v.SetInt(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return errors.New("is not a number")
		}
		v.SetFloat(n)
	default:
		panic("config: no rule for a field of type " + v.Type().String())
	}
	return nil
}

// wanted says in words, and as a YAML tag, what a scalar of v's type is written as.
func wanted(v reflect.Value) (words, tag string) {
	kind := v.Kind()
	if kind == reflect.Pointer {
		kind = v.Type().Elem().Kind()
	}
	switch {
	case v.Type() == reflect.TypeFor[Duration]():
		return "a duration such as 90s, 12h or 14d", "!!str"
	case kind == reflect.Bool:
		return "true or false", "!!bool"
	case kind == reflect.Int || kind == reflect.Int64:
		return "a whole number", "!!int"
	case kind == reflect.Float64:
		return "a number such as 0.1", "!!float"
	default:
		return "a text", "!!str"
	}
}

// kind says in words what n is.
func kind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a map"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!int" || n.ShortTag() == "!!float":
		return "a number"
	case n.ShortTag() == "!!bool":
		return "true or false"
	case n.ShortTag() == "!!timestamp":
		return "a date"
	case n.ShortTag() == "!!str":
		return "a text"
	default:
		return "something else"
	}
}

// keys are the names under which the fields of t are written.
func keys(t reflect.Type) []string {
	var names []string
	for f := range t.Fields() {
		if name := f.Tag.Get("yaml"); name != "-" {
			names = append(names, name)
		}
	}
	return names
}

func fieldNamed(v reflect.Value, name string) (reflect.Value, bool) {
	for f, field := range v.Fields() {
		if key := f.Tag.Get("yaml"); key == name && key != "-" {
			return field, true
		}
	}
	return reflect.Value{}, false
}
