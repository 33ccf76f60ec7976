package provider

import (
	"context"
	"fmt"

	"github.com/dingbridge/dingbridge/keys/secret"
)

// Reseal seals what is kept of an organisation's people under the first secret, and tells
// how many records that were. It is for the time after the secrets were replaced.
func (p *Provider) Reseal(ctx context.Context, corpID string) (int, error) {
	moved, err := p.people.Reseal(ctx, corpID)
	if err != nil {
		return moved, fmt.Errorf("seal the records of people: %w", err)
	}
	return moved, nil
}

// SealedBeyond counts the people of an organisation who could not log in any more if next
// took the place of the secrets.
func (p *Provider) SealedBeyond(ctx context.Context, corpID string, next *secret.List) (int, error) {
	n, err := p.people.SealedBeyond(ctx, corpID, next)
	if err != nil {
		return n, fmt.Errorf("look at the records of people: %w", err)
	}
	return n, nil
}
