package dingtalk

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
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

// raw returns the value of a member as it was written, nil if it is absent.
func (o *object) raw(name string) []byte {
	if o.err != nil {
		return nil
	}
	return o.values[o.position(name)]
}

func (o *object) has(name string) bool  { return o.raw(name) != nil }
func (o *object) null(name string) bool { return string(o.raw(name)) == "null" }

func (o *object) fail(name, why string) {
	if o.err == nil {
		o.err = errors.New(name + " " + why)
	}
}

// fault returns the error as an Error.
func (o *object) fault() *Error { return strange(o.err.Error()) }

// optional returns a string and whether it is there; null counts as absent.
func (o *object) optional(name string) (string, bool) {
	v := o.raw(name)
	switch {
	case v == nil || v[0] == 'n':
		return "", false
	case v[0] != '"':
		o.fail(name, "is not a string")
		return "", false
	}
	return unquote(v), true
}

// text returns a string, empty if absent.
func (o *object) text(name string) string {
	s, _ := o.optional(name)
	return s
}

// id returns a string that must be there and be usable as an id.
func (o *object) id(name string) string {
	s := o.text(name)
	if !isID(s) {
		o.fail(name, "is missing or not an id")
	}
	return s
}

// token returns a string that must be there and be usable in a header.
func (o *object) token(name string) string {
	s := o.text(name)
	if !isToken(s) {
		o.fail(name, "is missing or not a token")
	}
	return s
}

// integer returns a whole number that must be there.
func (o *object) integer(name string) int64 {
	n, err := strconv.ParseInt(string(o.raw(name)), 10, 64)
	if err != nil {
		o.fail(name, "is missing or not a whole number")
	}
	return n
}

// flag returns true or false, false if absent.
func (o *object) flag(name string) bool {
	switch string(o.raw(name)) {
	case "true":
		return true
	case "false", "null", "":
	default:
		o.fail(name, "is neither true nor false")
	}
	return false
}

// list calls f with each element of an array, raw; absent is empty.
func (o *object) list(name string, f func(element []byte)) {
	v := o.raw(name)
	switch {
	case v == nil || v[0] == 'n':
		return
	case v[0] != '[':
		o.fail(name, "is not an array")
		return
	}
	for i := skipSpace(v, 1); v[i] != ']' && o.err == nil; {
		if v[i] == ',' {
			i = skipSpace(v, i+1)
		}
		end := skipValue(v, i)
		f(v[i:end])
		i = skipSpace(v, end)
	}
}

// integers returns an array of whole numbers, nil if absent.
func (o *object) integers(name string) (all []int64) {
	o.list(name, func(element []byte) {
		n, err := strconv.ParseInt(string(element), 10, 64)
		if err != nil {
			o.fail(name, "holds something other than whole numbers")
		}
		all = append(all, n)
	})
	return all
}

// strings returns an array of strings, nil if absent.
func (o *object) strings(name string) (all []string) {
	o.list(name, func(element []byte) {
		if element[0] != '"' {
			o.fail(name, "holds something other than strings")
			return
		}
		all = append(all, unquote(element))
	})
	return all
}

// each calls f with each object of an array; absent is empty.
func (o *object) each(name string, names []string, f func(*object)) {
	o.list(name, func(element []byte) {
		inner := open(element, names)
		if inner.err == nil {
			f(inner)
		}
		if inner.err != nil {
			o.fail(name, "holds an odd element: "+inner.err.Error())
		}
	})
}

// inner opens an object that is a member and must be there.
func (o *object) inner(name string, names []string) *object {
	v := o.raw(name)
	if v == nil || v[0] != '{' {
		o.fail(name, "is missing or not an object")
		return &object{err: o.err}
	}
	return open(v, names)
}

// isID reports whether s can name somebody: short, visible, exact. A replacement
// character would make different ids equal.
func isID(s string) bool {
	if s == "" || len(s) > 256 || !utf8.ValidString(s) || strings.TrimSpace(s) != s {
		return false
	}
	for _, r := range s {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// isToken reports whether s can travel in a header and a URL: visible ASCII.
func isToken(s string) bool {
	if s == "" || len(s) > 4096 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// unquote returns the value of a JSON string already found valid. Bytes that are
// no UTF-8 and lone surrogates become replacement characters.
func unquote(quoted []byte) string {
	inside := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inside, '\\') < 0 && utf8.Valid(inside) {
		return string(inside)
	}
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return "" // cannot be: the JSON is valid
	}
	return s
}

// The skip functions walk over valid JSON and return the index after what they skip.

func skipSpace(raw []byte, i int) int {
	for raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\r' || raw[i] == '\n' {
		i++
	}
	return i
}

func skipString(raw []byte, i int) int {
	for i++; raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func skipValue(raw []byte, i int) int {
	depth := 0
	for {
		switch raw[i] {
		case '"':
			i = skipString(raw, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			i++
		default: // a number or a word
			for i < len(raw) && bytes.IndexByte(ends, raw[i]) < 0 {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
}

var ends = []byte(",]} \t\r\n")
