package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	newID = regexp.MustCompile(`"requestid":"[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}"`)
	oldID = regexp.MustCompile(`"request_id":"16[0-9a-z]{11}"`)
)

// exact compares a body byte for byte, request ids apart, whose looks count.
func exact(t *testing.T, r result, status int, want string) {
	t.Helper()
	if r.err != nil {
		t.Errorf("no answer: %v", r.err)
		return
	}
	got := newID.ReplaceAll(r.body, []byte(`"requestid":"ID"`))
	got = oldID.ReplaceAll(got, []byte(`"request_id":"ID"`))
	if r.StatusCode != status || string(got) != want {
		t.Errorf("got  %d %s\nwant %d %s", r.StatusCode, got, status, want)
	}
}

// shape writes a JSON value with types in place of values, keys sorted; of an
// array it takes the first element.
func shape(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+":"+shape(v[k]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		return "[" + shape(v[0]) + "]"
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return "float"
		}
		return "int"
	case string:
		return "string"
	case bool:
		return "bool"
	}
	return fmt.Sprint(v)
}

func shapeOf(t *testing.T, body []byte) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return shape(v)
}

// likeSample compares an answer's member names and types with a documented
// sample answer.
func likeSample(t *testing.T, r result, sample string) {
	t.Helper()
	if r.err != nil || r.StatusCode != 200 {
		t.Fatalf("answer %v: %s", r.err, r.body)
	}
	if got, want := shapeOf(t, r.body), shapeOf(t, []byte(sample)); got != want {
		t.Errorf("got  %s\nwant %s\nbody %s", got, want, r.body)
	}
}

func jsonOf(r result, v any) error { return json.Unmarshal(r.body, v) }
