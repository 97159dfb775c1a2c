package coordinator

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/protocol"
)

// Offering is something that a vendor wants promoted.
type Offering struct {
	ID                uuid.UUID
	VendorID          uuid.UUID
	VendorName        string
	Title             string
	Description       string
	ProductURL        string
	CampaignID        string
	CommissionSummary string
	CookieWindowDays  int
	Categories        []string `bun:",array"`
	Published         bool
	WithheldAt        *time.Time
	WithheldReason    string
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

const (
	maxDescription = 4000
	maxCategories  = 5
	maxCategory    = 40
)

// Change gives the offering with what a draft says; absent fields stay.
func (o Offering) Change(d protocol.OfferingDraft) (Offering, error) {
	fields := fault.Fields{}
	set := func(into *string, from *string) {
		if from != nil {
			*into = strings.TrimSpace(*from)
		}
	}
	set(&o.Title, d.Title)
	set(&o.Description, d.Description)
	set(&o.ProductURL, d.ProductURL)
	set(&o.CampaignID, d.CampaignID)
	set(&o.CommissionSummary, d.CommissionSummary)
	if d.CookieWindowDays != nil {
		o.CookieWindowDays = *d.CookieWindowDays
	}
	if d.Published != nil {
		o.Published = *d.Published
	}
	if d.Categories != nil {
		o.Categories = categories(fields, *d.Categories)
	}
	o.Title = person.Line(fields, "title", o.Title, 120)
	if utf8.RuneCountInString(o.Title) < 2 {
		fields.Add("title", "A title has at least 2 characters.")
	}
	o.CampaignID = person.Line(fields, "campaign_id", o.CampaignID, 64)
	if utf8.RuneCountInString(o.Description) > maxDescription {
		fields.Add("description", "A description has at most 4,000 characters.")
	}
	if utf8.RuneCountInString(o.CommissionSummary) > 200 {
		fields.Add("commission_summary", "A summary has at most 200 characters.")
	}
	if o.CookieWindowDays < 1 || o.CookieWindowDays > 365 {
		fields.Add("cookie_window_days", "Choose from 1 to 365 days.")
	}
	if !webAddress(o.ProductURL) {
		fields.Add("product_url", "Give a whole web address, such as https://example.com/product.")
	}
	return o, fields.Err()
}

// categories are words in small letters, each once.
func categories(fields fault.Fields, words []string) []string {
	out := []string{}
	for _, word := range words {
		word = strings.ToLower(strings.Join(strings.Fields(word), " "))
		if word == "" || slices.Contains(out, word) {
			continue
		}
		if utf8.RuneCountInString(word) > maxCategory {
			fields.Add("categories", "A category has at most 40 characters.")
		}
		out = append(out, word)
	}
	if len(out) > maxCategories {
		fields.Add("categories", "Choose at most 5 categories.")
	}
	return out
}

// webAddress reports whether a text is an address that a page may lead to.
func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxURL && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http")
}

// told is the offering as the protocol tells it.
func (o Offering) told() protocol.Offering {
	words := o.Categories
	if words == nil {
		words = []string{}
	}
	return protocol.Offering{
		ID: o.ID.String(), Title: o.Title, Description: o.Description, ProductURL: o.ProductURL, CampaignID: o.CampaignID, CommissionSummary: o.CommissionSummary,
		CookieWindowDays: o.CookieWindowDays, Categories: words, Published: o.Published, CreatedAt: o.CreatedAt.UTC(), UpdatedAt: o.UpdatedAt.UTC(),
	}
}

// Filter narrows the directory.
type Filter struct{ Query, Category string }
