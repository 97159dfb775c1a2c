package attribution

import (
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/tracking"
)

// notRunning is the reason of an attributed event that pays nobody.
const notRunning = string(commissions.ReasonCampaignNotRunning)

// reasonOfAShare is why a share earned nothing.
type reasonOfAShare = commissions.Reason

func weight(num, den int64) money.Weight { return money.Weight{Num: num, Den: den} }

func touchOf(t tracking.Stitched) Touch {
	return Touch{
		ClickID: t.ClickID, PartnerID: t.PartnerID, CampaignID: t.CampaignID, OccurredAt: t.OccurredAt, Flag: t.Flag, Reviewed: t.Reviewed,
		Verified: t.Verified, StitchedAt: t.StitchedAt, IdentityID: t.IdentityID,
	}
}

func modelOf(text *string) campaigns.Model { return campaigns.Model(value(text)) }

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// orNull is nil for the zero value.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
