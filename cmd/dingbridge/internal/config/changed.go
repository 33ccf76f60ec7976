package config

import (
	"reflect"
	"slices"
)

// Changed reads the file of the document again and tells which of its values are others
// than those of the document: by their paths, whole lists by one. Environ is as for
// [Load].
func (d *Document) Changed(environ []string) (paths []string, err error) {
	now, err := Load(d.at[""].file, environ)
	if err != nil {
		return nil, err
	}
	differences("", reflect.ValueOf(d.Config), reflect.ValueOf(now.Config), &paths)
	slices.Sort(paths)
	return paths, nil
}

func differences(path string, a, b reflect.Value, paths *[]string) {
	if a.Kind() != reflect.Struct {
		if !reflect.DeepEqual(a.Interface(), b.Interface()) {
			*paths = append(*paths, path)
		}
		return
	}
	for f, field := range a.Fields() {
		differences(join(path, f.Tag.Get("yaml")), field, b.FieldByIndex(f.Index), paths)
	}
}
