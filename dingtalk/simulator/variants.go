package simulator

import (
	"fmt"
	"maps"
	"slices"
)

// variant is a point on which DingTalk's documents, its own code and what was
// observed contradict one another, so that a relying party should bear each
// reading. The first value is the one that holds unless told otherwise.
type variant struct {
	name   string
	values []string
}

// Names of variants; doc.go says what each value does.
const (
	snsSignature = "sns_signature"
	snsCallers   = "sns_callers"
	snsRefusal   = "sns_refusal"
	bearerHeader = "bearer"
	redirectCode = "redirect_code"
	promptRule   = "prompt"
	scopePlus    = "scope_plus"
	clientCheck  = "client"
	eventChannel = "events"
	eventTopic   = "event_topic"
	allPeople    = "directory"
)

var variantTable = []variant{
	{snsSignature, []string{"timestamp", "timestamp-newline-secret"}},
	{snsCallers, []string{"any", "scan-app"}},
	{snsRefusal, []string{"page", "redirect"}},
	{bearerHeader, []string{"refused", "accepted"}},
	{redirectCode, []string{"both", "authCode", "code"}},
	{promptRule, []string{"required", "optional"}},
	{scopePlus, []string{"accepted", "refused"}},
	{clientCheck, []string{"dingtalk", "any"}},
	{eventChannel, []string{"kept", "lost", "off"}},
	{eventTopic, []string{"star", "dingTalk"}},
	{allPeople, []string{"full", "empty"}},
}

// checkVariant says what is wrong with a choice, or nothing.
func checkVariant(name, value string) error {
	names := make([]string, len(variantTable))
	for i, v := range variantTable {
		if names[i] = v.name; v.name != name {
			continue
		}
		if !slices.Contains(v.values, value) {
			return fmt.Errorf("variant %s: %q is none of %q", name, value, v.values)
		}
		return nil
	}
	return fmt.Errorf("no variant is named %q; there are %q", name, names)
}

// chosen completes choices by the values that hold otherwise.
func chosen(choices map[string]string) map[string]string {
	all := make(map[string]string, len(variantTable))
	for _, v := range variantTable {
		all[v.name] = v.values[0]
	}
	maps.Copy(all, choices)
	return all
}

// Variants returns the reading that holds for each variant.
func (s *Simulator) Variants() map[string]string { return maps.Clone(*s.variants.Load()) }

// SetVariants changes the variants named in choices, all or none of them.
// [Simulator.Reset] returns to those of the company and of [Config].
func (s *Simulator) SetVariants(choices map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(choices)) {
		if err := checkVariant(name, choices[name]); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := maps.Clone(*s.variants.Load())
	maps.Copy(all, choices)
	s.variants.Store(&all)
	return nil
}

// reads reports whether the variant name has that value now.
func (s *Simulator) reads(name, value string) bool { return (*s.variants.Load())[name] == value }

// resetVariants returns to what New was told; the caller holds s.mu.
func (s *Simulator) resetVariants() {
	all := chosen(s.company.Variants)
	if s.cfg.AnyBrowserIsClient {
		all[clientCheck] = "any"
	}
	s.variants.Store(&all)
}
