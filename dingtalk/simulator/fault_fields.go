package simulator

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// field makes a change of one field of an answer. change returns the new
// value, and false to drop the field.
func field(change func(old any, f *Fault) (any, bool)) func(*call, *Fault, answer) answer {
	return func(_ *call, f *Fault, a answer) answer {
		_, name, _ := strings.Cut(f.Kind, ":")
		return a.alter(name, func(old any) (any, bool) { return change(old, f) })
	}
}

// errcodeString is how some documents show errcode.
func errcodeString(_ *call, _ *Fault, a answer) answer {
	return a.alter("errcode", func(old any) (any, bool) { return retyped(old), true })
}

// retyped is a value of another JSON type.
func retyped(old any) any {
	switch v := old.(type) {
	case string:
		return 7
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	case []any:
		return map[string]any{}
	case map[string]any:
		return []any{}
	}
	return ""
}

// alter changes the field name in the body, where there is one.
func (a answer) alter(name string, change func(any) (any, bool)) answer {
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.UseNumber()
	var doc any
	if d.Decode(&doc) != nil {
		return a
	}
	holder, key := find(doc, name)
	if holder == nil {
		return a
	}
	if v, keep := change(holder[key]); keep {
		holder[key] = v
	} else {
		delete(holder, key)
	}
	a.body = encode(doc)
	return a
}

// find returns the object that holds name, and the key there.
func find(doc any, name string) (map[string]any, string) {
	if path := strings.Split(name, "."); len(path) > 1 {
		for _, step := range path[:len(path)-1] {
			m, _ := doc.(map[string]any)
			doc = m[step]
		}
		last := path[len(path)-1]
		if m, ok := doc.(map[string]any); ok && has(m, last) {
			return m, last
		}
		return nil, ""
	}
	switch v := doc.(type) {
	case map[string]any:
		if has(v, name) {
			return v, name
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if m, key := find(v[k], name); m != nil {
				return m, key
			}
		}
	case []any:
		for _, e := range v {
			if m, key := find(e, name); m != nil {
				return m, key
			}
		}
	}
	return nil, ""
}

func has(m map[string]any, key string) bool {
	_, ok := m[key]
	return ok
}
