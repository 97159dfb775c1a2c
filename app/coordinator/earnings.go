package coordinator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
)

// Partnership is a creator's work for one vendor: its links, and what the vendor last said it earned.
type Partnership struct {
	VendorID          uuid.UUID
	VendorName        string
	InstanceURL       string
	CallbackKeySealed *string
	Open              bool // the vendor can be asked
	VendorPartnerID   string
	Status            string
	Figures           json.RawMessage
	ReadAt            *time.Time
	TriedAt           *time.Time
	Links             []SharedLink `bun:"-"`
}

// SharedLink is a link that came of an approved request.
type SharedLink struct {
	VendorID        uuid.UUID
	VendorPartnerID string
	Title           string
	ShareURL        string
}

// Figures are what a creator brought in and earned at one vendor.
type Figures struct {
	Clicks      int64          `json:"clicks"`
	Conversions int64          `json:"conversions"`
	Money       []FigureAmount `json:"money"`
}

// FigureAmount is the commission of one currency by status, in minor units.
type FigureAmount struct {
	Currency   string `json:"currency"`
	Commission struct {
		Pending  int64 `json:"pending"`
		Held     int64 `json:"held"`
		Approved int64 `json:"approved"`
		Paid     int64 `json:"paid"`
	} `json:"commission"`
}

// plausible reports whether figures are as short as those of a program are.
func (f Figures) plausible() bool {
	return len(f.Money) <= 50 && !slices.ContainsFunc(f.Money, func(a FigureAmount) bool { return len(a.Currency) != 3 })
}

// Earned are the figures, if the vendor ever gave any.
func (p Partnership) Earned() (f Figures, known bool) {
	return f, p.Figures != nil && json.Unmarshal(p.Figures, &f) == nil
}

// Current reports whether the figures are those of the last try.
func (p Partnership) Current() bool {
	return p.ReadAt != nil && p.TriedAt != nil && !p.ReadAt.Before(*p.TriedAt)
}

const (
	fresh     = time.Minute     // how long figures are taken for the present ones
	lately    = 2 * time.Hour   // how old figures are at most that a page may show without waiting
	glance    = time.Second     // that a page waits for something newer than those
	patience  = 5 * time.Second // for a vendor that said nothing lately
	askAtOnce = 50              // vendors of one creator
)

// Partnerships gives those of the creator who is signed in, with what is known of their earnings.
func (s *Service) Partnerships(ctx context.Context) ([]Partnership, error) {
	creator, err := creatorOf(ctx)
	if err != nil {
		return nil, err
	}
	return partnershipsOf(ctx, creator)
}

// Reading is what a vendor said of a partnership; nil figures when it could not be asked.
type Reading struct {
	VendorID        uuid.UUID
	VendorPartnerID string
	Figures         []byte
	At              time.Time
}

// Read asks the vendors for figures that are not fresh, all at the same time, and runs outside of any
// transaction. It never takes longer than a person waits, and hardly any time where figures are known: a
// vendor that is slow then has said nothing, neither good nor bad.
func (s *Service) Read(ctx context.Context, all []Partnership) []Reading {
	var readings []Reading
	var wait sync.WaitGroup
	now := s.now()
	got := make([]*Reading, min(len(all), askAtOnce))
	for i := range got {
		p := all[i]
		if !p.Open || (p.TriedAt != nil && now.Sub(*p.TriedAt) < fresh) {
			continue
		}
		wait.Go(func() {
			known := p.Current() && now.Sub(*p.ReadAt) < lately
			longest := patience
			if known {
				longest = glance
			}
			figures, a := s.figures(ctx, p, longest)
			if !known || a.status != 0 || !errors.Is(a.err, context.DeadlineExceeded) {
				got[i] = &Reading{p.VendorID, p.VendorPartnerID, figures, now}
			}
		})
	}
	wait.Wait()
	for _, r := range got {
		if r != nil {
			readings = append(readings, *r)
		}
	}
	return readings
}

// figures asks a vendor for those of one partnership; nil when it gives none that can be read.
func (s *Service) figures(ctx context.Context, p Partnership, patience time.Duration) ([]byte, answer) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	key, err := s.openKey(tableVendors, p.VendorID, *p.CallbackKeySealed)
	if err != nil {
		return nil, answer{err: err}
	}
	f, a := ask[Figures](ctx, s, call{method: http.MethodGet, base: p.InstanceURL, path: "partners/" + url.PathEscape(p.VendorPartnerID) + "/dashboard", key: key})
	if !a.ok() || !f.plausible() {
		return nil, a
	}
	body, err := json.Marshal(f)
	if err != nil {
		return nil, answer{err: err}
	}
	return body, a
}

// Note keeps what vendors said. A try that failed leaves the figures of the one before.
func (s *Service) Note(ctx context.Context, readings []Reading) error {
	for _, r := range readings {
		if err := noteReading(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func noteReading(ctx context.Context, r Reading) error {
	var figures *string
	var at *time.Time
	if r.Figures != nil {
		text := string(r.Figures)
		figures, at = &text, &r.At
	}
	return exec(ctx, "note earnings", `
		insert into coordinator.earnings as e (vendor_id, vendor_partner_id, figures, read_at, tried_at)
		select vendor_id, vendor_partner_id, ?2::jsonb, ?3::timestamptz, ?4::timestamptz from coordinator.vendor_partners where vendor_id = ?0 and vendor_partner_id = ?1
		on conflict (vendor_id, vendor_partner_id) do update
		set figures = coalesce(excluded.figures, e.figures), read_at = coalesce(excluded.read_at, e.read_at), tried_at = excluded.tried_at`,
		r.VendorID, r.VendorPartnerID, figures, at, r.At)
}

const selectPartnerships = `
	select p.vendor_id, v.display_name as vendor_name, v.instance_url, v.callback_key_sealed, p.vendor_partner_id, p.status, e.figures, e.read_at, e.tried_at,
		v.status = 'active' and v.suspended_at is null and v.callback_key_sealed is not null as open
	from coordinator.vendor_partners p join coordinator.vendors v on v.id = p.vendor_id
		left join coordinator.earnings e on e.vendor_id = p.vendor_id and e.vendor_partner_id = p.vendor_partner_id`

func partnershipsOf(ctx context.Context, creator uuid.UUID) ([]Partnership, error) {
	var all []Partnership
	err := db.Tx(ctx).NewRaw(selectPartnerships+` where p.creator_id = ? order by p.created_at desc, p.record_id limit 200`, creator).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("list partnerships: %w", err)
	}
	var links []SharedLink
	err = db.Tx(ctx).NewRaw(`
		select r.vendor_id, r.vendor_partner_id, o.title, r.share_url from coordinator.requests r join coordinator.offerings o on o.id = r.offering_id
		where r.creator_id = ? and r.status = 'approved' order by r.decided_at`, creator).Scan(ctx, &links)
	if err != nil {
		return nil, fmt.Errorf("list shared links: %w", err)
	}
	for i, p := range all {
		for _, l := range links {
			if l.VendorID == p.VendorID && l.VendorPartnerID == p.VendorPartnerID {
				all[i].Links = append(all[i].Links, l)
			}
		}
	}
	return all, nil
}
