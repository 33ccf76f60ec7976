package dingtalk

import (
	"errors"
	"strconv"
)

// What an object's members are read as. Absent and null are the same, except where a
// function says that the member must be there.

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
