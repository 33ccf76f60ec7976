package config

import (
	"cmp"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Prefix begins the names of our environment variables.
const Prefix = "DINGBRIDGE_"

// foreign are names with our prefix that others set: Kubernetes, in every pod of
// a namespace with a Service called dingbridge, and our own test suites.
var foreign = regexp.MustCompile(`^DINGBRIDGE_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_.*)?|REQUIRE_ALL(_BUT)?)$`)

const maxItems = 100 // of a list that the environment makes longer

// environment lays the variables of environ (as [os.Environ] gives them) over the
// struct that out points to.
func environment(environ []string, out any, at positions) Faults {
	var faults Faults
	ours := slices.DeleteFunc(slices.Clone(environ), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return !strings.HasPrefix(name, Prefix) || foreign.MatchString(name)
	})
	// By length, then by letter, so that item 2 comes before item 10.
	slices.SortFunc(ours, func(a, b string) int {
		nameA, _, _ := strings.Cut(a, "=")
		nameB, _, _ := strings.Cut(b, "=")
		return cmp.Or(cmp.Compare(len(nameA), len(nameB)), cmp.Compare(nameA, nameB))
	})
	for _, pair := range ours {
		name, text, _ := strings.Cut(pair, "=")
		file := "environment " + name
		path, v, ok := locate(reflect.ValueOf(out).Elem(), "", strings.TrimPrefix(name, Prefix))
		switch {
		case !ok:
			faults = append(faults, Fault{File: file, Text: "names no value of config.yaml",
				Remedy: "take it out, or name it " + Prefix + " and the path of the value in capitals, joined by _"})
			continue
		case strings.TrimSpace(text) == "":
			faults = append(faults, Fault{File: file, Path: path, Text: "is empty",
				Remedy: "give it a value or take it out"})
			continue
		case v.Kind() == reflect.Slice:
			setList(v, text)
		default:
			if err := setText(v, text); err != nil {
				want, _ := wanted(v)
				faults = append(faults, Fault{File: file, Path: path, Text: err.Error(), Remedy: "write " + want})
				continue
			}
		}
		maps.DeleteFunc(at, func(p string, _ position) bool { return within(p, path) }) // the file's items
		at[path] = position{file: file}
	}
	return faults
}

// locate finds the scalar, or list of texts, in v that the rest of a variable's
// name means. Keys have underscores too, so each key that fits is tried.
func locate(v reflect.Value, path, rest string) (string, reflect.Value, bool) {
	switch {
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		return locateItem(v, path, rest)
	case v.Kind() != reflect.Struct:
		return path, v, rest == ""
	}
	for f, field := range v.Fields() {
		name := f.Tag.Get("yaml")
		after, ok := strings.CutPrefix(rest, strings.ToUpper(name))
		if !ok || after == "_" || (after != "" && after[0] != '_') {
			continue
		}
		if p, found, ok := locate(field, join(path, name), strings.TrimPrefix(after, "_")); ok {
			return p, found, true
		}
	}
	return "", reflect.Value{}, false
}

// locateItem goes into the item of a list, or begins the one after the last.
func locateItem(v reflect.Value, path, rest string) (string, reflect.Value, bool) {
	digits, after, _ := strings.Cut(rest, "_")
	i, err := strconv.Atoi(digits)
	if err != nil || i < 0 || i > v.Len() || i >= maxItems || strconv.Itoa(i) != digits {
		return "", reflect.Value{}, false
	}
	if i == v.Len() {
		fresh := reflect.New(v.Type().Elem()).Elem()
		if _, _, ok := locate(fresh, "", after); !ok {
			return "", reflect.Value{}, false
		}
		v.Set(reflect.Append(v, fresh))
	}
	return locate(v.Index(i), item(path, i), after)
}

// setList gives v the texts between the commas.
func setList(v reflect.Value, text string) {
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	v.Set(reflect.ValueOf(list))
}
