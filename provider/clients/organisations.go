package clients

import (
	"fmt"
	"slices"
	"strings"
)

// Serves reports whether people of the organisation may enter by the client. One that
// names no organisation serves none here: whether there is only one to serve, and
// nothing to name, is for the caller to know.
func (c *Client) Serves(corpID string) bool { return slices.Contains(c.Organisations, corpID) }

// organisations checks whose people may enter (promise C13). Which organisations there
// are is not known here.
func (k *checker) organisations(c *Client) {
	c.Organisations = slices.Clone(k.spec.Organisations)
	for i, corpID := range c.Organisations {
		at := fmt.Sprintf("organisations[%d]", i)
		switch {
		case !isCorpID(corpID):
			k.faultf(at, "copy the CorpId from DingTalk's developer console, as in config.yaml", "it is not a corpId")
		case slices.Contains(c.Organisations[:i], corpID):
			k.faultf(at, "keep it once", "the organisation is there twice")
		}
	}
}

// isCorpID takes what DingTalk issues ("ding" and hexadecimal digits) and what
// simulators do, and nothing that could run into the text around it.
func isCorpID(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}
