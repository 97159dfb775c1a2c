package api

import (
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/app/webhooks"
)

// Messages to webhooks show things as the API does.

// PartnerMessages are what a change of a partner means.
func PartnerMessages(f partners.Changed) []webhooks.Message {
	data := partnerOf(f.Partner)
	var out []webhooks.Message
	if f.Before == "" {
		out = append(out, webhooks.Message{Type: webhooks.PartnerCreated, Data: data})
	}
	if f.Partner.Status == f.Before {
		return out
	}
	switch f.Partner.Status {
	case partners.StatusActive:
		out = append(out, webhooks.Message{Type: webhooks.PartnerActivated, Data: data})
	case partners.StatusRevoked:
		out = append(out, webhooks.Message{Type: webhooks.PartnerRevoked, Data: data})
	}
	return out
}

// CommissionMessages are one for each row of the ledger that is new or in another state.
func CommissionMessages(f commissions.Written) []webhooks.Message {
	var out []webhooks.Message
	for _, c := range f.Moved {
		kind := map[commissions.Status]string{
			commissions.Approved: webhooks.CommissionApproved, commissions.Reversed: webhooks.CommissionReversed, commissions.Paid: webhooks.CommissionPaid,
		}[c.Status]
		if kind != "" {
			out = append(out, webhooks.Message{Type: kind, Data: commissionOf(c)})
		}
	}
	for _, c := range f.Added {
		out = append(out, webhooks.Message{Type: webhooks.CommissionCreated, Data: commissionOf(c)})
	}
	return out
}

// CreatedMessages are one for each payout that was planned.
func CreatedMessages(f payouts.Created) []webhooks.Message {
	out := make([]webhooks.Message, len(f.Payouts))
	for i, p := range f.Payouts {
		out[i] = webhooks.Message{Type: webhooks.PayoutCreated, Data: payoutOf(p)}
	}
	return out
}

// PayoutPaid is what a payout that is paid means.
func PayoutPaid(f payouts.Settled) webhooks.Message {
	return webhooks.Message{Type: webhooks.PayoutPaid, Data: payoutOf(f.Payout)}
}

// PayoutFailed is what a payout that was refused means.
func PayoutFailed(f payouts.Refused) webhooks.Message {
	return webhooks.Message{Type: webhooks.PayoutFailed, Data: payoutOf(f.Payout)}
}

// AttributedMessages are one for each event that is now attributed.
func AttributedMessages(f attribution.Attributed) []webhooks.Message {
	var out []webhooks.Message
	for _, o := range f.Outcomes {
		data := struct {
			eventJSON

			Attribution attributionJSON `json:"attribution"`
		}{eventOf(o.Event, o.Decision.Status), attributionOf(o)}
		out = append(out, webhooks.Message{Type: webhooks.EventAttributed, Data: data})
	}
	return out
}

// FlaggedMessages are one for each click that does not count any more.
func FlaggedMessages(f tracking.Flagged) []webhooks.Message {
	var out []webhooks.Message
	for _, c := range f.Clicks {
		out = append(out, webhooks.Message{Type: webhooks.ClickFlagged, Data: clickOf(c)})
	}
	return out
}

// JoinedMessages are one for a creator of the Network whose link works now.
func JoinedMessages(f network.Joined) []webhooks.Message {
	data := struct {
		RequestID string      `json:"request_id"`
		Partner   partnerJSON `json:"partner"`
		LinkID    uuid.UUID   `json:"link_id"`
		LinkKey   string      `json:"link_key"`
	}{f.RequestID, partnerOf(f.Partner), f.Link.ID, f.Link.Key}
	return []webhooks.Message{{Type: webhooks.RequestApproved, Data: data}}
}
