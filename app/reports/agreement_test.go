package reports_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/reports"
)

// ledger adds the ledger up by itself.
func ledger(t *testing.T, ctx context.Context) map[string]int64 {
	t.Helper()
	var rows []struct {
		Currency string
		Amount   int64
	}
	err := db.Tx(ctx).NewRaw(`select currency, sum(amount)::bigint as amount from commissions where status <> 'reversed' group by 1`).Scan(ctx, &rows)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, r := range rows {
		out[r.Currency] = r.Amount
	}
	return out
}

// sums adds money up by currency, nothings left out.
func sums(of func(reports.Money) int64, figures ...reports.Figures) map[string]int64 {
	out := map[string]int64{}
	for _, f := range figures {
		for _, m := range f.Money {
			if out[m.Currency] += of(m); out[m.Currency] == 0 {
				delete(out, m.Currency)
			}
		}
	}
	return out
}

func revenue(m reports.Money) int64 { return m.Revenue }

// The whole is the sum of its partners, of its days and of its weeks, and what the ledger says,
// in currencies of no, two and three decimals, to the last minor unit.
func TestService_Agreement(t *testing.T) {
	t.Parallel()
	ctx, s, ada, bo, record := story(t)
	for i, sale := range []struct {
		currency string
		amount   int64
		refund   int64
	}{{"USD", 10001, 333}, {"JPY", 501, 0}, {"KWD", 1001, 1000}, {"USD", 7, 0}, {"JPY", 1, 1}} {
		id := "o" + string(rune('a'+i))
		record(2+i, attribution.EventInput{Type: "purchase", Amount: &sale.amount, Currency: &sale.currency, ExternalID: &id})
		if sale.refund > 0 {
			record(9+i, attribution.EventInput{Type: "refund", Amount: &sale.refund, Currency: &sale.currency, Reverses: &id})
		}
	}
	march := reports.Filter{From: ptr(day(1)), To: ptr(day(32))}
	whole, err := s.Overview(ctx, march)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int64{"USD": 9675, "JPY": 501, "KWD": 1}, sums(revenue, whole)); diff != "" {
		t.Errorf("revenue (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(ledger(t, ctx), sums(reports.Money.Commission, whole)); diff != "" {
		t.Errorf("commission (-ledger +overview):\n%s", diff)
	}
	if whole.Clicks != 2 || whole.Conversions != 5 {
		t.Errorf("got %+v", whole)
	}
	parts := map[string][]reports.Figures{}
	for _, id := range []uuid.UUID{ada, bo} {
		own, err := s.Overview(ctx, reports.Filter{From: march.From, To: march.To, PartnerID: &id})
		if err != nil {
			t.Fatal(err)
		}
		parts["Overviews"] = append(parts["Overviews"], own)
		of, err := s.FiguresOf(ctx, march, []uuid.UUID{id, uuid.New()})
		if diff := cmp.Diff(map[uuid.UUID]reports.Figures{id: own}, of); err != nil || diff != "" {
			t.Errorf("err %v (-overview +figures of a partner):\n%s", err, diff)
		}
	}
	ranked, err := s.Partners(ctx, march, reports.Ranking{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ranked.Items {
		parts["Partners"] = append(parts["Partners"], p.Figures)
	}
	for _, bucket := range []reports.Bucket{reports.Day, reports.Week} {
		series, err := s.Timeseries(ctx, march, bucket)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range series {
			parts[string(bucket)] = append(parts[string(bucket)], m.Figures)
		}
	}
	for name, figures := range parts {
		if diff := cmp.Diff(sums(revenue, whole), sums(revenue, figures...)); diff != "" {
			t.Errorf("%s, revenue (-whole +parts):\n%s", name, diff)
		}
		if diff := cmp.Diff(sums(reports.Money.Commission, whole), sums(reports.Money.Commission, figures...)); diff != "" {
			t.Errorf("%s, commission (-whole +parts):\n%s", name, diff)
		}
	}
}

func TestService_WeeksBeginOnMonday(t *testing.T) {
	t.Parallel()
	ctx, s, _, _, record := story(t)
	for _, d := range []int{8, 9, 15, 16} { // Sunday, Monday, Sunday, Monday
		record(d, attribution.EventInput{Type: "signup"})
	}
	series, err := s.Timeseries(ctx, reports.Filter{From: ptr(day(8)), To: ptr(day(17))}, reports.Week)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, m := range series {
		got[m.Start.Format(time.DateOnly)] = m.Leads
	}
	if diff := cmp.Diff(map[string]int64{"2026-03-02": 1, "2026-03-09": 2, "2026-03-16": 1}, got); diff != "" {
		t.Errorf("leads by week (-want +got):\n%s", diff)
	}
}

// A time within a day stands for the whole day, at both ends.
func TestService_WholeDays(t *testing.T) {
	t.Parallel()
	ctx, s, _, _, record := story(t)
	for _, d := range []int{3, 4, 5} { // at noon
		record(d, attribution.EventInput{Type: "signup"})
	}
	at := func(n, hour int) *time.Time { return ptr(day(n).Add(time.Duration(hour) * time.Hour)) }
	for name, c := range map[string]struct {
		from, to *time.Time
		want     int64
	}{
		"Midnights":  {at(3, 0), at(5, 0), 2},
		"Afternoons": {at(3, 18), at(4, 18), 2},
		"OneDay":     {at(4, 13), at(4, 14), 1},
		"ElsewhereMidnight": {
			ptr(time.Date(2026, 3, 4, 0, 0, 0, 0, time.FixedZone("", 9*3600))), ptr(time.Date(2026, 3, 4, 1, 0, 0, 0, time.FixedZone("", 9*3600))), 1,
		},
	} {
		got, err := s.Overview(ctx, reports.Filter{From: c.from, To: c.to})
		if err != nil || got.Leads != c.want {
			t.Errorf("%s: err %v, want %d leads, got %d", name, err, c.want, got.Leads)
		}
	}
	if _, err := s.Overview(ctx, reports.Filter{From: at(4, 14), To: at(4, 13)}); err == nil {
		t.Error("an end before the beginning was taken")
	}
}

// Partners come by the figure that was asked for, page by page, each once.
func TestService_PartnersByRank(t *testing.T) {
	t.Parallel()
	ctx, s, ada, bo, record := story(t)
	record(2, attribution.EventInput{Type: "purchase", Amount: ptr(int64(10001)), Currency: ptr("USD")})
	ranked := map[reports.Order][]uuid.UUID{}
	for _, by := range reports.Orders() {
		q := reports.Ranking{By: by, Currency: "USD", Limit: 1}
		for more := true; more; {
			page, err := s.Partners(ctx, reports.Filter{}, q)
			if err != nil || len(page.Items) != 1 {
				t.Fatalf("%s: err %v, got %+v", by, err, page)
			}
			ranked[by] = append(ranked[by], page.Items[0].PartnerID)
			if q.After, err = paging.ParseRank(page.Next); err != nil {
				t.Fatal(err)
			}
			more = page.Next != ""
		}
	}
	want := []uuid.UUID{ada, bo} // the odd cent goes to the earlier touch
	if diff := cmp.Diff(want, ranked[reports.ByRevenue]); diff != "" {
		t.Errorf("by revenue (-want +got):\n%s", diff)
	}
	for by, got := range ranked {
		if len(got) != 2 || got[0] == got[1] {
			t.Errorf("%s: got %v", by, got)
		}
	}
}
