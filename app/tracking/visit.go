package tracking

import (
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/ids"
)

// Visit is somebody who opens a link.
type Visit struct {
	Key       string
	Query     url.Values
	Address   netip.Addr
	UserAgent string
	Referer   string
	Peek      bool // a HEAD request or a prefetch: nobody has seen the page yet
}

// Passage is where a visitor goes.
type Passage struct {
	Location string
	ClickID  uuid.UUID // zero when the visit does not count
}

// The lengths to which a visitor's headers are kept.
const (
	maxUserAgent = 400
	maxReferer   = 1000
)

// passage decides where a visit through the target leads, and what is stored of it: nothing
// for machines that look ahead, nor while the link or campaign is out of use. The address hash
// and the velocity flag come later.
func (t Target) passage(v Visit, bot bool, now time.Time) (Passage, *Click) {
	address := t.DestinationURL
	if deep := t.DeepLink(v.Query.Get("url")); deep != "" {
		address = deep
	}
	utm, subIDs := Parameters(v.Query)
	if v.Peek || !t.Counts(now) {
		return Passage{Location: Destination(address, "", utm, subIDs)}, nil
	}
	c := &Click{
		ID: ids.NewAt(now), LinkID: &t.LinkID, PartnerID: t.PartnerID, CampaignID: t.CampaignID, DestinationURL: address,
		UserAgent: storable(v.UserAgent, maxUserAgent), Referer: storable(v.Referer, maxReferer), UTM: utm, SubIDs: subIDs,
		Flag: t.flag(bot), OccurredAt: now, CreatedAt: now,
	}
	return Passage{Location: Destination(address, c.ID.String(), utm, subIDs), ClickID: c.ID}, c
}

// flag judges a visit by what is known at once.
func (t Target) flag(bot bool) Flag {
	switch {
	case t.Revoked():
		return FlagRevoked
	case bot:
		return FlagBot
	default:
		return ""
	}
}

// storable makes text of a stranger fit for the database: valid, without NUL, and not too long.
// Empty text is nil.
func storable(text string, limit int) *string {
	if text = clean(text, limit); text == "" {
		return nil
	}
	return &text
}

func clean(text string, limit int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
	if len(text) <= limit {
		return text
	}
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit])
	}
	return text
}
