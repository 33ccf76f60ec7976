package config

import "reflect"

// defaults gives what nobody gave the value of its `default` tag. A value that
// was written, be it zero, stays.
func defaults(out any, at positions) { fill(reflect.ValueOf(out).Elem(), "", at) }

func fill(v reflect.Value, path string, at positions) {
	switch v.Kind() {
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Struct {
			for i := range v.Len() {
				fill(v.Index(i), item(path, i), at)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			tag := v.Type().Field(i).Tag
			inner, p := v.Field(i), join(path, tag.Get("yaml"))
			text, ok := tag.Lookup("default")
			switch {
			case !ok:
				fill(inner, p, at)
			case at.given(p):
			case inner.Kind() == reflect.Slice:
				setList(inner, text)
			default:
				if err := setText(inner, text); err != nil {
					panic("config: bad default for " + p + ": " + err.Error()) // a test fills every type
				}
			}
		}
	}
}
