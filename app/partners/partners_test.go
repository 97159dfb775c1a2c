package partners_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/tests/testkit"
)

func ptr[T any](v T) *T { return &v }

type bundle struct {
	t         *testing.T
	ctx       context.Context
	partners  *partners.Service
	campaigns *campaigns.Service
}

func setup(t *testing.T) *bundle {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }
	return &bundle{t: t, ctx: testkit.Tx(t), partners: partners.NewService(nil, now), campaigns: campaigns.NewService(nil, now)}
}

func (b *bundle) partner(in partners.CreateInput) partners.Partner {
	b.t.Helper()
	in.Email, in.Name = "zoe@example.com", "Zoe"
	p, err := b.partners.Create(b.ctx, in)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *bundle) campaign(name string) campaigns.Campaign {
	b.t.Helper()
	c, err := b.campaigns.Create(b.ctx, campaigns.Input{
		Name: &name, DestinationURL: ptr("https://shop.example.com"), Rules: &[]campaigns.RuleInput{{Kind: "percent", Rate: "20"}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func TestService_Promotions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	winter, summer := b.campaign("Winter"), b.campaign("Summer")
	b.campaign("Not granted")
	p := b.partner(partners.CreateInput{})
	if _, err := b.partners.SetCampaigns(b.ctx, p.ID, []uuid.UUID{winter.ID, summer.ID}); err != nil {
		t.Fatal(err)
	}
	own := []campaigns.RuleInput{{Kind: "percent", Rate: "30"}, {Kind: "fixed", Amount: ptr(int64(500)), Currency: "USD"}}
	if _, err := b.campaigns.SetOverride(b.ctx, p.ID, winter.ID, own); err != nil {
		t.Fatal(err)
	}
	found, err := b.partners.Promotions(b.ctx, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	type line struct {
		Name, Status string
		OwnRules     int
	}
	var got []line
	for _, f := range found {
		got = append(got, line{f.CampaignName, f.CampaignStatus, f.OwnRules})
	}
	if diff := cmp.Diff([]line{{"Summer", "active", 0}, {"Winter", "active", 2}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestService_Update_NamesTheWrongPlatform(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.partner(partners.CreateInput{})
	profile := partners.Profile{Platforms: []partners.Platform{
		{Platform: "YouTube", URL: "https://youtube.com/@zoe", Followers: ptr(int64(1200))},
		{Platform: " ", URL: "youtube.com", Followers: ptr(int64(-1))},
	}}
	_, err := b.partners.Update(b.ctx, p.ID, partners.UpdateInput{Profile: &profile})
	f, ok := fault.From(err)
	if !ok || len(f.Fields) != 3 {
		t.Fatalf("got %v", err)
	}
	for _, name := range []string{"platform", "url", "followers"} {
		if f.Fields["profile.platforms.1."+name] == "" {
			t.Errorf("%s of the second platform is not named: %v", name, f.Fields)
		}
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.partner(partners.CreateInput{SendInvite: true})
	if _, err := b.partners.Revoke(b.ctx, p.ID, partners.Ending{Reason: "Spam"}); err != nil {
		t.Fatal(err)
	}
	found, err := audit.Of(b.ctx, p.ID, 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range found {
		got = append(got, one.Action)
	}
	if diff := cmp.Diff([]string{"partner.revoked", "partner.created"}, got); diff != "" {
		t.Error(diff)
	}
}
