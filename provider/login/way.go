package login

import "slices"

// A Way is one of the ways in that DingTalk offers. Its text stands in configuration
// files, links of our pages and the audit log.
type Way string

// The ways in. The codes of OAuth2 and Frame are of one kind, those of Sns and
// Password of another, those of InApp of a third; DingTalk takes each at its own
// exchange alone.
const (
	OAuth2   Way = "oauth2"   // DingTalk's login page
	Sns      Way = "sns"      // the QR page of 2020, with a signed exchange
	Password Way = "password" // its variant with account and password
	Frame    Way = "frame"    // DingTalk's QR code in a page of ours
	InApp    Way = "inapp"    // inside the DingTalk client
)

// ways lists them in the order of their numbers in a state. Number 0 is no way.
var ways = []Way{"", OAuth2, Sns, Password, Frame, InApp}

// ParseWay returns the way of a text.
func ParseWay(text string) (Way, bool) {
	return Way(text), text != "" && slices.Contains(ways, Way(text))
}

// Ways lists all ways.
func Ways() []Way { return slices.Clone(ways[1:]) }

// FullPage reports whether the way is a page of DingTalk's own, which works in every
// browser. The other ways need one beside them.
func (w Way) FullPage() bool { return w == OAuth2 || w == Sns || w == Password }

func (w Way) number() byte { return byte(max(0, slices.Index(ways, w))) }
