package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/keys"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/provider/audit"
)

// rotations are the watches on secrets: our own, and those of each organisation's apps.
func (h *house) rotations() (all []*watch) {
	m := h.materials
	if m.doc == nil {
		return nil
	}
	told := "" // why it was refused last; that is told once
	all = append(all, &watch{look: reread(m.doc, m.config.SecretFile), seen: m.secretLook, changed: func(ctx context.Context) bool {
		reason, err := h.secretChanged(ctx)
		if err == nil {
			told = ""
		} else if err.Error() != told {
			told = err.Error()
			m.audit.Record(ctx, audit.Event{Name: audit.SecretRejected, Reason: reason, Err: err})
		}
		return err != nil && reason != faulty
	}})
	for i, o := range m.config.DingTalk.Organisations {
		told := ""
		look := reread(m.doc, o.ClientSecretFile, o.ScanApp.AppSecretFile)
		all = append(all, &watch{look: look, seen: m.appLooks[i], changed: func(ctx context.Context) bool {
			reason, err := h.appChanged(ctx, i)
			if err == nil {
				told = ""
			} else if err.Error() != told {
				told = err.Error()
				m.audit.Record(ctx, audit.Event{Name: audit.AppSecretRejected, CorpID: o.CorpID, Reason: reason, Err: err})
			}
			return err != nil && reason == unanswered
		}})
	}
	return all
}

// Why secrets are not taken up.
const (
	faulty     = "faulty"     // the file
	inUse      = "in_use"     // something is still sealed under a secret that is not there any more
	unanswered = "unanswered" // that, or whether DingTalk takes the secret, could not be found out
	refused    = "refused"    // by DingTalk
)

// secretChanged takes secret_file up, unless a secret is gone under which something is
// still sealed.
func (h *house) secretChanged(ctx context.Context) (reason string, err error) {
	m := h.materials
	data, faults := m.doc.ReadSecret("secret_file", m.config.SecretFile)
	if faults != nil {
		return faulty, faults
	}
	next, err := secret.Parse(data)
	if err != nil {
		return faulty, err
	}
	first, _ := m.secrets.First()
	switch {
	case fmt.Sprint(next.IDs()) == fmt.Sprint(m.secrets.IDs()):
		return "", nil
	case lacks(next, m.secrets):
		if reason, err := h.sealedBeyond(ctx, next); err != nil {
			return reason, err
		}
	}
	now, name := next.First()
	if !m.secrets.Has(now) && m.config.Storage.Scheme() != "bolt" {
		m.log.Warn("a secret issues that was not in the file before; other replicas refuse what it makes until they have it, too", "secret", name)
	}
	m.secrets.Replace(next)
	m.audit.Record(ctx, audit.Event{Name: audit.SecretReplaced, Count: len(next.IDs())})
	if now != first {
		h.reseal(ctx)
	}
	return "", nil
}

// lacks tells whether next is without a secret that now has.
func lacks(next, now *secret.List) bool {
	for _, id := range now.IDs() {
		if !next.Has(id) {
			return true
		}
	}
	return false
}

// sealedBeyond is the error that with next something could not be opened any more.
func (h *house) sealedBeyond(ctx context.Context, next *secret.List) (reason string, err error) {
	if err := h.ring.WouldOpen(ctx, next); errors.Is(err, keys.ErrUnreadable) {
		return inUse, err
	} else if err != nil {
		return unanswered, err
	}
	for _, corpID := range h.materials.config.DingTalk.CorpIDs() {
		switch n, err := h.provider.SealedBeyond(ctx, corpID, next); {
		case err != nil:
			return unanswered, err
		case n > 0:
			return inUse, fmt.Errorf("the records of %d people of %s are sealed under a secret that is not in the file; put it back, below another, until they are sealed again", n, corpID)
		}
	}
	return "", nil
}

// reseal seals everything that lasts under the first secret.
func (h *house) reseal(ctx context.Context) {
	m := h.materials
	if err := h.ring.Reseal(ctx); err != nil {
		m.log.Warn("the signing keys are not sealed by the first secret yet; that is tried again each hour", "error", err)
	}
	for _, corpID := range m.config.DingTalk.CorpIDs() {
		n, err := h.provider.Reseal(ctx, corpID)
		if err != nil {
			m.log.Warn("some records of people are not sealed by the first secret yet; they are as they are written, or at a restart", "corp_id", corpID, "error", err)
		} else if n > 0 {
			m.log.Info("records of people were sealed by the first secret", "corp_id", corpID, "count", n)
		}
	}
}

// resealOnStart goes on with a change of secrets that was made while no server ran, or
// that was cut off.
func (h *house) resealOnStart(ctx context.Context) {
	if m := h.materials; m.doc != nil && len(m.secrets.IDs()) > 1 {
		h.reseal(ctx)
	}
}

// appChanged takes the secrets of an organisation's apps up, if DingTalk takes them.
func (h *house) appChanged(ctx context.Context, i int) (reason string, err error) {
	m := h.materials
	o := m.config.DingTalk.Organisations[i]
	secrets, faults := readAppSecrets(m.doc, i, o)
	if len(faults) > 0 {
		return faulty, faults
	}
	changed, err := m.upstreams[i].ReplaceSecrets(ctx, secrets.app, secrets.scanApp)
	if fault, ok := errors.AsType[*dingtalk.Error](err); ok && fault.Reason == dingtalk.ReasonConfig {
		return refused, err
	} else if err != nil {
		return unanswered, err
	}
	if !changed {
		return "", nil
	}
	h.mu.Lock()
	for _, l := range h.listening {
		if l.corpID == o.CorpID {
			err = errors.Join(err, l.client.ReplaceSecret(secrets.app))
		}
	}
	h.mu.Unlock()
	if err != nil {
		return faulty, err
	}
	m.audit.Record(ctx, audit.Event{Name: audit.AppSecretReplaced, CorpID: o.CorpID})
	return "", nil
}

// readAppSecrets reads the secrets of the apps of the organisation i.
func readAppSecrets(doc *config.Document, i int, o config.Organisation) (secrets appSecrets, faults config.Faults) {
	at := fmt.Sprintf("dingtalk.organisations[%d]", i)
	secrets.app, faults = doc.ReadLine(at+".client_secret_file", o.ClientSecretFile)
	if o.ScanApp.AppSecretFile != "" {
		var more config.Faults
		secrets.scanApp, more = doc.ReadLine(at+".scan_app.app_secret_file", o.ScanApp.AppSecretFile)
		faults = append(faults, more...)
	}
	return secrets, faults
}
