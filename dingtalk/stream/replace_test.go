package stream

import (
	"strings"
	"testing"
)

// TestW9_AReplacedSecretStaysHidden, and the one in its place.
func TestW9_AReplacedSecretStaysHidden(t *testing.T) {
	c, err := New(Config{CorpID: "ding1", ClientID: "id", ClientSecret: "the-old-one", Handle: take})
	if err != nil {
		t.Fatal(err)
	}
	if c.ReplaceSecret("two words") == nil || *c.secret.Load() != "the-old-one" {
		t.Error("an odd secret was taken")
	}
	if err := c.ReplaceSecret("the-new-one"); err != nil {
		t.Fatal(err)
	}
	if said := c.clean("the-old-one and the-new-one"); strings.Contains(said, "the-") {
		t.Errorf("%q tells a secret", said)
	}
}
