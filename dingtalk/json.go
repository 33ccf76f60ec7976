package dingtalk

import (
	"bytes"
	"encoding/json"
	"errors"
)

// An object is a JSON object of which some members are wanted. encoding/json would
// take a member in other letters, the last of two, and null for anything; who
// somebody is must not hang on that. Here names are exact, a wanted member that
// comes twice is an error, and so is a value of another type. Members not wanted
// are skipped.
//
// The first error sticks in err, and what is read after it is to be thrown away.
type object struct {
	names  []string
	values [][]byte // raw, by position in names; nil if absent
	err    error
}

var errNotJSON = errors.New("the answer is not a JSON object")

// parse checks raw and opens the object that it is. It never fails halfway: raw is
// valid JSON as a whole, or an error.
func parse(raw []byte, names []string) *object {
	if !json.Valid(raw) {
		return &object{err: errNotJSON}
	}
	return open(bytes.TrimLeft(raw, " \t\r\n"), names)
}

// open reads the members of an object in JSON already found valid.
func open(raw []byte, names []string) *object {
	o := &object{names: names, values: make([][]byte, len(names))}
	if raw[0] != '{' {
		o.err = errNotJSON
		return o
	}
	for i := skipSpace(raw, 1); raw[i] != '}'; {
		if raw[i] == ',' {
			i = skipSpace(raw, i+1)
		}
		end := skipString(raw, i)
		name := raw[i:end]
		i = skipSpace(raw, skipSpace(raw, end)+1) // the colon
		end = skipValue(raw, i)
		if k := o.wanted(name); k >= 0 {
			if o.values[k] != nil {
				o.err = errors.New("the answer has " + names[k] + " twice")
				return o
			}
			o.values[k] = raw[i:end]
		}
		i = skipSpace(raw, end)
	}
	return o
}

// wanted returns the position of a quoted name, or -1.
func (o *object) wanted(quoted []byte) int {
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name = []byte(unquote(quoted))
	}
	return o.position(string(name))
}

func (o *object) position(name string) int {
	for k, n := range o.names {
		if n == name {
			return k
		}
	}
	return -1
}
