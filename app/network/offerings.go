package network

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/app/tenancy"
)

// KindResend is the job kind of Resend.
const KindResend = "network.resend_terms"

// Resend is the order to tell the hub what a campaign pays now.
type Resend struct {
	CampaignID uuid.UUID `json:"campaign_id"`
}

// Draft is an offering as an admin writes it; what is nil stays. Terms are no part of it: they are
// taken from the campaign.
type Draft struct {
	Title       *string
	Description *string
	ProductURL  *string
	CampaignID  *uuid.UUID
	Categories  *[]string
	Published   *bool
}

func (d *Draft) check(whole bool) error {
	fields := fault.Fields{}
	text := func(name string, at *string, least, most int, required bool) {
		if at == nil {
			if whole && required {
				fields.Add(name, "This is required.")
			}
			return
		}
		*at = strings.TrimSpace(*at)
		if n := len([]rune(*at)); n < least || n > most {
			fields.Add(name, bounds(least, most))
		}
	}
	text("title", d.Title, 2, 120, true)
	text("description", d.Description, 0, 4000, false)
	text("product_url", d.ProductURL, 1, 2000, true)
	if d.ProductURL != nil {
		campaigns.Destination(fields, "product_url", *d.ProductURL)
	}
	if whole && d.CampaignID == nil {
		fields.Add("campaign_id", "Choose the campaign that creators are to promote.")
	}
	if d.Categories != nil {
		if len(*d.Categories) > 5 {
			fields.Add("categories", "At most 5 categories.")
		}
		for i, c := range *d.Categories {
			(*d.Categories)[i] = strings.ToLower(strings.TrimSpace(c))
			if n := len([]rune((*d.Categories)[i])); n < 2 || n > 40 {
				fields.Add("categories", "A category has 2 to 40 characters.")
			}
		}
	}
	return fields.Err()
}

func bounds(least, most int) string {
	switch {
	case least > 1 && most == 120:
		return "Enter 2 to 120 characters."
	case least == 1:
		return "Enter a whole web address, such as https://example.com."
	default:
		return "This is too long: at most 4000 characters."
	}
}

// wire is the draft as the hub takes it, with the terms of the campaign.
func (s *Service) wire(d Draft, c *campaigns.Campaign) protocol.OfferingDraft {
	out := protocol.OfferingDraft{Title: d.Title, Description: d.Description, ProductURL: d.ProductURL, Categories: d.Categories, Published: d.Published}
	if c != nil {
		id := c.ID.String()
		out.CampaignID = &id
		s.terms(&out, *c)
	}
	return out
}

// terms are what a campaign pays, in words, and for how long a click counts.
func (s *Service) terms(out *protocol.OfferingDraft, c campaigns.Campaign) {
	words := make([]string, len(c.Rules))
	for i, r := range c.Rules {
		words[i] = s.Words(r)
	}
	summary := strings.Join(words, "; ")
	if summary == "" {
		summary = "Nothing yet"
	}
	if runes := []rune(summary); len(runes) > 200 {
		summary = string(runes[:199]) + "…"
	}
	days := min(max(c.WindowDays, 1), 365)
	out.CommissionSummary, out.CookieWindowDays = &summary, &days
}

// Me asks the hub who we are to it.
func (s *Service) Me(ctx context.Context, unit tenancy.Unit) (v protocol.Vendor, err error) {
	_, err = s.ask(ctx, unit, auth.AdminReadScope, call{method: http.MethodGet, path: protocol.PathMe}, &v)
	return v, err
}

// Offerings asks the hub for the program's offerings.
func (s *Service) Offerings(ctx context.Context, unit tenancy.Unit) ([]protocol.Offering, error) {
	return everything[protocol.Offering](ctx, s, unit, protocol.PathOfferings, nil)
}

// Offering asks the hub for one of them.
func (s *Service) Offering(ctx context.Context, unit tenancy.Unit, id string) (o protocol.Offering, err error) {
	all, err := s.Offerings(ctx, unit)
	if err != nil {
		return o, err
	}
	i := slices.IndexFunc(all, func(o protocol.Offering) bool { return o.ID == id })
	if i < 0 {
		return o, fault.NotFound("offering")
	}
	return all[i], nil
}

// CreateOffering makes one, on the terms of its campaign.
func (s *Service) CreateOffering(ctx context.Context, unit tenancy.Unit, d Draft) (o protocol.Offering, err error) {
	body, err := s.draft(ctx, unit, d, true)
	if err != nil {
		return o, err
	}
	_, err = s.ask(ctx, unit, auth.AdminScope, call{method: http.MethodPost, path: protocol.PathOfferings, in: body}, &o)
	return o, err
}

// UpdateOffering changes one; another campaign brings its own terms.
func (s *Service) UpdateOffering(ctx context.Context, unit tenancy.Unit, id string, d Draft) (o protocol.Offering, err error) {
	body, err := s.draft(ctx, unit, d, false)
	if err != nil {
		return o, err
	}
	_, err = s.ask(ctx, unit, auth.AdminScope, call{method: http.MethodPatch, path: pathOf(protocol.PathOfferings, id), in: body}, &o)
	return o, err
}

// DeleteOffering takes one away.
func (s *Service) DeleteOffering(ctx context.Context, unit tenancy.Unit, id string) error {
	_, err := s.ask(ctx, unit, auth.AdminScope, call{method: http.MethodDelete, path: pathOf(protocol.PathOfferings, id)}, nil)
	return err
}

func pathOf(list, id string) string { return list + "/" + url.PathEscape(id) }

// draft checks what was written and adds the terms.
func (s *Service) draft(ctx context.Context, unit tenancy.Unit, d Draft, whole bool) (body protocol.OfferingDraft, err error) {
	err = unit(ctx, true, func(ctx context.Context) error {
		if err := auth.Require(ctx, auth.AdminScope); err != nil {
			return err
		}
		if err := d.check(whole); err != nil {
			return err
		}
		var c *campaigns.Campaign
		if d.CampaignID != nil {
			found, err := s.Campaigns.Find(ctx, *d.CampaignID)
			if fault.Is(err, fault.KindNotFound) || (err == nil && found.Status == campaigns.Archived) {
				return fault.InvalidField("campaign_id", "There is no such campaign.")
			}
			if err != nil {
				return err
			}
			c = &found
		}
		body = s.wire(d, c)
		return nil
	})
	return body, err
}

// CampaignChanged has the hub told of new terms, in the transaction that changed them.
func (s *Service) CampaignChanged(ctx context.Context, f campaigns.Changed) error {
	m, err := findMembership(ctx, false)
	if err != nil || !m.tells() {
		return err
	}
	return outbox.Add(ctx, outbox.Job{Kind: KindResend, Key: KindResend, Args: Resend{f.Campaign.ID}})
}

// Resend tells the hub what a campaign pays now, for each of its offerings that says something else.
func (s *Service) Resend(ctx context.Context, unit tenancy.Unit, order Resend) error {
	all, err := s.Offerings(ctx, unit)
	if fault.Is(err, fault.KindUnavailable) {
		return nil // not connected any more
	}
	if err != nil {
		return err
	}
	var terms protocol.OfferingDraft
	err = unit(ctx, true, func(ctx context.Context) error {
		c, err := s.Campaigns.Find(ctx, order.CampaignID)
		if err == nil {
			s.terms(&terms, c)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.CampaignID != order.CampaignID.String() || (o.CommissionSummary == *terms.CommissionSummary && o.CookieWindowDays == *terms.CookieWindowDays) {
			continue
		}
		if _, err := s.ask(ctx, unit, auth.AdminScope, call{method: http.MethodPatch, path: pathOf(protocol.PathOfferings, o.ID), in: terms}, nil); err != nil {
			return err
		}
	}
	return nil
}

// mostPages is how much of a hub's list is read.
const mostPages = 20

// everything reads a list of the hub to its end.
func everything[T any](ctx context.Context, s *Service, unit tenancy.Unit, path string, query url.Values) ([]T, error) {
	var all []T
	if query == nil {
		query = url.Values{}
	}
	for range mostPages {
		at := path
		if len(query) > 0 {
			at += "?" + query.Encode()
		}
		var page protocol.List[T]
		if _, err := s.ask(ctx, unit, auth.AdminReadScope, call{method: http.MethodGet, path: at}, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Data...)
		if page.NextCursor == nil || *page.NextCursor == "" {
			break
		}
		query.Set("cursor", *page.NextCursor)
	}
	return all, nil
}
