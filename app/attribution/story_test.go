package attribution_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
)

const day = 24 * time.Hour

func (w *world) story(event uuid.UUID) attribution.Story {
	w.t.Helper()
	return must(w.attribution.Story(w.ctx, event))(w.t)
}

func TestStory_TellsEveryTouch(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.campaign(campaigns.Input{WindowDays: ptr(30)}, percent("20"))
	_, ada := w.partner("ada", c)
	bob, bobs := w.partner("bob", c)
	w.identify(w.click(ada), "u1")
	w.now = w.now.Add(40 * day)
	w.identify(w.click(bobs), "u1")
	w.now = w.now.Add(day)
	got := w.story(w.sale("u1", 4999).Event.ID)

	if len(got.Touches) != 2 || got.MoreTouches != 0 {
		t.Fatalf("got %d touches and %d more", len(got.Touches), got.MoreTouches)
	}
	first, last := got.Touches[0], got.Touches[1]
	if first.Verdict != attribution.VerdictDropped || first.Reason != attribution.DropOutsideWindow || first.WindowDays != 30 || first.Click.PartnerName != "ada" {
		t.Errorf("the old click: %+v", first)
	}
	if last.Verdict != attribution.VerdictKept || last.Click.LinkKey != bobs.Key {
		t.Errorf("the fresh click: %+v", last)
	}
	if len(got.Shares) != 1 || got.Shares[0].PartnerID != bob.ID || got.Shares[0].Partner != "bob" || got.Campaign != "Summer" {
		t.Fatalf("the shares: %+v", got.Shares)
	}
	key := got.Shares[0].Keys[0]
	if key.Due == nil || key.Due.Whole != 1000 || key.Due.Stays != 1000 || key.Due.Amount != 1000 || key.Rule.RatePPM != 200_000 {
		t.Errorf("the working: %+v", key.Due)
	}
	if len(key.Rows) != 1 || key.Rows[0].Amount != 1000 {
		t.Errorf("the rows: %+v", key.Rows)
	}
}

func TestStory_OfARefundedSale(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.campaign(campaigns.Input{}, percent("20"))
	_, ada := w.partner("ada", c)
	w.identify(w.click(ada), "u1")
	sale := w.sale("u1", 10_000).Event
	w.now = w.now.Add(time.Minute)
	refund := w.record(attribution.EventInput{UserID: "u1", Type: "refund", Amount: ptr(int64(2500)), Reverses: ptr(sale.ID.String())}).Event

	got := w.story(sale.ID)
	key := got.Shares[0].Keys[0]
	if key.Due.Whole != 2000 || key.Due.Remaining != 7500 || key.Due.Paid != 10_000 || key.Due.Stays != 1500 || key.Due.Amount != 1500 {
		t.Errorf("the working: %+v", key.Due)
	}
	if len(key.Rows) != 2 || key.Rows[0].Status != commissions.Reversed || key.Rows[1].Amount != 1500 {
		t.Errorf("the rows: %+v", key.Rows)
	}
	if len(got.Corrections) != 1 || got.Corrections[0].ID != refund.ID {
		t.Errorf("the corrections: %+v", got.Corrections)
	}
	back := w.story(refund.ID)
	if back.Corrects == nil || back.Corrects.ID != sale.ID || len(back.Touches) != 0 {
		t.Errorf("the refund: %+v", back)
	}
}

func TestStory_OfALockedCustomer(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.campaign(campaigns.Input{}, percent("20"))
	_, ada := w.partner("ada", c)
	_, bob := w.partner("bob", c)
	w.identify(w.click(ada), "u1")
	first := w.sale("u1", 1000).Event
	w.now = w.now.Add(day)
	w.identify(w.click(bob), "u1")
	second := w.sale("u1", 1000).Event

	got := w.story(second.ID)
	if got.Binding == nil || got.Binding.ID != first.ID || got.Shares[0].Partner != "ada" {
		t.Errorf("the binding: %+v", got.Binding)
	}
	for _, touch := range got.Touches {
		if touch.Verdict != attribution.VerdictLocked {
			t.Errorf("a touch is %s", touch.Verdict)
		}
	}
	if got := w.story(first.ID).Follow; got != 1 {
		t.Errorf("%d events follow the first, want 1", got)
	}
}

func TestStory_OfABrowserThatSpeaksTooLate(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.campaign(campaigns.Input{}, percent("20"))
	_, ada := w.partner("ada", c)
	_, bob := w.partner("bob", c)
	browser := func(cref uuid.UUID) {
		t.Helper()
		ctx := auth.With(w.ctx, auth.Principal{Kind: auth.Nobody})
		if _, err := w.attribution.Identify(ctx, attribution.IdentifyInput{Cref: cref, UserID: "u1"}); err != nil {
			t.Fatal(err)
		}
	}
	browser(w.click(ada))
	w.now = w.now.Add(time.Minute)
	late := w.click(bob)
	sale := w.sale("u1", 1000).Event
	w.now = w.now.Add(time.Hour)
	browser(late)
	got := w.story(sale.ID)
	if len(got.Touches) != 2 || got.Touches[0].Verdict != attribution.VerdictKept || got.Touches[1].Verdict != attribution.VerdictUnheard {
		t.Errorf("the touches: %+v", got.Touches)
	}
}

func TestExplain_TellsAPartnerTheirOwnPart(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.campaign(campaigns.Input{AttributionModel: ptr(campaigns.Linear)}, percent("10"))
	ada, adas := w.partner("ada", c)
	bob, bobs := w.partner("bob", c)
	w.identify(w.click(adas), "u1")
	w.identify(w.click(bobs), "u1")
	sale := w.sale("u1", 10_000)
	var hers, his commissions.Commission
	for _, row := range sale.Commissions {
		if row.PartnerID == ada.ID {
			hers = row
		} else {
			his = row
		}
	}
	asAda := auth.With(w.ctx, auth.Principal{Kind: auth.Partner, ID: ada.ID, PartnerID: ada.ID})

	got := must(w.attribution.Explain(asAda, hers))(t)
	if got.Event.UserID != "" || got.Event.RequestHash != "" || len(got.Customer) != 6 {
		t.Errorf("the event: %+v, customer %q", got.Event, got.Customer)
	}
	if len(got.Touches) != 1 || len(got.Shares) != 1 || len(got.Commissions) != 1 || got.Decision.Shares != nil || got.Decision.Kept != nil {
		t.Errorf("more than hers: %+v", got)
	}
	if got.Shares[0].Weight.String() != "1/2" || got.Shares[0].Keys[0].Due.Amount != 500 {
		t.Errorf("her share: %+v", got.Shares[0])
	}
	if _, err := w.attribution.Explain(asAda, his); !fault.Is(err, fault.KindNotFound) {
		t.Errorf("the row of %s: want not found, got %v", bob.Name, err)
	}
	_, foreign := w.commissions.Find(asAda, his.ID)
	_, missing := w.commissions.Find(asAda, uuid.New())
	if foreign == nil || foreign.Error() != missing.Error() {
		t.Errorf("a foreign row says %v, a missing one %v", foreign, missing)
	}
}
