package partners

import (
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/partners"
	campaignsview "github.com/openpartner/openpartner/views/campaigns"
)

// OverridePage is what one partner earns in one campaign.
type OverridePage struct {
	Partner  partners.Partner
	Campaign campaigns.Campaign
	Own      []campaigns.Rule // in place of the campaign's; none where those count
}

// OverrideForm are a partner's own rules as they were typed. Where there are none yet, the
// campaign's are what one goes on from.
func OverrideForm(c campaigns.Campaign, own []campaigns.Rule) campaignsview.FormPage {
	if len(own) > 0 {
		c.Rules = own
	}
	return campaignsview.EditForm(c)
}

func (p OverridePage) example(rules []campaigns.Rule) campaignsview.Example {
	return campaignsview.NewExample(rules, nil, campaignsview.SampleFor(rules))
}
