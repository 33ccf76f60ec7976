package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/dingbridge/dingbridge/provider/clients"
)

var update = flag.Bool("update", false, "write the generated parts of files anew")

// chartOwns are the keys of config.yaml that the Helm chart sets itself.
var chartOwns = []string{"listen", "drain_delay", "secret_file", "clients_file", "clients_dir", "admin_socket", "metrics_listen"}

// TestChartKnowsEveryKey: the chart's schema of values has every key of config.yaml and
// clients.yaml, and no other, so that Helm refuses a misspelt one. -update writes it.
func TestChartKnowsEveryKey(t *testing.T) {
	file := filepath.Join(root, "deploy", "helm", "dingbridge", "values.schema.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	config := schemaOf(reflect.TypeFor[Config]())
	for _, key := range chartOwns {
		delete(config["properties"].(map[string]any), key)
	}
	schema["definitions"] = map[string]any{
		"config": config, "client": schemaOf(reflect.TypeFor[clients.Spec]()), "group": schemaOf(reflect.TypeFor[clients.GroupSpec]()),
	}
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(text, want.Bytes()) {
		return
	}
	if !*update {
		t.Fatal("the chart's values.schema.json is not that of the keys there are: go test ./cmd/dingbridge/internal/config -run Chart -update")
	}
	if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// schemaOf is the JSON Schema of what may be written for a type.
func schemaOf(typ reflect.Type) map[string]any {
	switch {
	case typ == reflect.TypeFor[Duration]():
		return map[string]any{"type": "string", "pattern": "^[0-9]"}
	case typ.Kind() == reflect.Pointer:
		return schemaOf(typ.Elem())
	case typ.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(typ.Elem())}
	case typ.Kind() == reflect.Struct:
		properties := map[string]any{}
		for f := range typ.Fields() {
			if key := f.Tag.Get("yaml"); key != "-" {
				properties[key] = schemaOf(f.Type)
			}
		}
		of := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
		if typ == reflect.TypeFor[clients.Allow]() {
			delete(properties, "everyone")
			return map[string]any{"anyOf": []any{map[string]any{"const": "everyone"}, of}}
		}
		return of
	}
	kinds := map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer", reflect.Int64: "integer", reflect.Float64: "number"}
	return map[string]any{"type": kinds[typ.Kind()]}
}

// TestChartOwnsKeysThatExist: what the chart sets itself is there to be set.
func TestChartOwnsKeysThatExist(t *testing.T) {
	known := keys(reflect.TypeFor[Config]())
	for _, key := range chartOwns {
		if !slices.Contains(known, key) {
			t.Errorf("config.yaml has no %s", key)
		}
	}
}
