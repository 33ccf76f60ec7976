package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// conforms checks a value against as much of JSON Schema (2020-12) as our schema uses. A
// keyword that it does not know is an error, so that none is passed over.
func conforms(schema, value any) error {
	if schema == true {
		return nil
	}
	s, ok := schema.(map[string]any)
	if !ok {
		return fmt.Errorf("%v is no schema", schema)
	}
	m, isObject := value.(map[string]any)
	text, isText := value.(string)
	for keyword, want := range s {
		var err error
		switch keyword {
		case "$schema", "title", "description":
		case "type":
			n, isNumber := value.(float64)
			if is := map[any]bool{"object": isObject, "string": isText, "integer": isNumber && n == math.Trunc(n)}; !is[want] {
				err = fmt.Errorf("%v is no %v", value, want)
			}
		case "const":
			if !reflect.DeepEqual(value, want) {
				err = fmt.Errorf("%v is not %v", value, want)
			}
		case "enum":
			err = fmt.Errorf("%v is none of %v", value, want)
			for _, one := range want.([]any) {
				if reflect.DeepEqual(value, one) {
					err = nil
				}
			}
		case "minLength":
			if isText && float64(utf8.RuneCountInString(text)) < want.(float64) {
				err = errors.New("too short")
			}
		case "maxLength":
			if isText && float64(utf8.RuneCountInString(text)) > want.(float64) {
				err = errors.New("too long")
			}
		case "format":
			if _, wrong := time.Parse(time.RFC3339Nano, text); want != "date-time" || isText && wrong != nil {
				err = fmt.Errorf("%v is no %v", value, want)
			}
		case "required":
			for _, name := range want.([]any) {
				if _, there := m[name.(string)]; isObject && !there {
					err = fmt.Errorf("lacks %v", name)
				}
			}
		case "properties":
			for name, inner := range want.(map[string]any) {
				if value, there := m[name]; there && err == nil {
					if err = conforms(inner, value); err != nil {
						err = fmt.Errorf("%s: %w", name, err)
					}
				}
			}
		case "additionalProperties":
			for name := range m {
				if _, known := s["properties"].(map[string]any)[name]; !known && want == false {
					err = fmt.Errorf("%s is too much", name)
				}
			}
		case "oneOf":
			fits := 0
			for _, one := range want.([]any) {
				if conforms(one, value) == nil {
					fits++
				}
			}
			if fits != 1 {
				err = fmt.Errorf("%d of the kinds fit", fits)
			}
		default:
			err = errors.New("a keyword that is not checked")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", keyword, err)
		}
	}
	return nil
}

func TestManual_LinesConformToTheSchema(t *testing.T) {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var schema any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	var events []Event
	for _, row := range Catalogue() {
		events = append(events, full(row.Name), Event{Name: row.Name})
		for _, v := range nasty {
			events = append(events, Event{Name: row.Name, RequestID: v, ClientID: v, Subject: v, Address: v, Reason: v, GrantID: v,
				SessionID: v, CorpID: v, Way: v, Call: v, KeyID: v, Version: v, Other: v, EventID: v, By: v, Err: errors.New(v), Count: -1, Duration: -1})
		}
	}
	var out bytes.Buffer
	l := NewLog(newLogger(&out, nil))
	for _, e := range append(events, shown...) {
		l.Record(t.Context(), e)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for _, line := range lines {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if err := conforms(schema, m); err != nil {
			t.Errorf("%v: %s", err, line)
		}
	}

	// And it says no to what no line of ours is.
	for name, change := range map[string]func(map[string]any){
		"another event":           func(m map[string]any) { m["event"] = "login.made_up" },
		"another level":           func(m map[string]any) { m["level"] = "ERROR" },
		"no time":                 func(m map[string]any) { delete(m, "time") },
		"no date":                 func(m map[string]any) { m["time"] = "yesterday" },
		"the process log":         func(m map[string]any) { m["msg"] = "server began" },
		"a field of no row":       func(m map[string]any) { m["email"] = "a@example.com" },
		"a field of another row":  func(m map[string]any) { m["kid"] = "k1" },
		"a number for a text":     func(m map[string]any) { m["sub"] = 7.0 },
		"a text for a number":     func(m map[string]any) { m["duration_ms"] = "412" },
		"half of a number":        func(m map[string]any) { m["duration_ms"] = 0.5 },
		"a whole id of a grant":   func(m map[string]any) { m["grant"] = strings.Repeat("a", 22) },
		"a field that is nothing": func(m map[string]any) { m["sub"] = "" },
	} {
		var m map[string]any
		if _, m = record(t, shown[0]); conforms(schema, m) != nil {
			t.Fatal("the line does not conform by itself")
		}
		change(m)
		if conforms(schema, m) == nil {
			t.Errorf("%s conforms: %v", name, m)
		}
	}
}
