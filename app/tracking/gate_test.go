package tracking_test

import (
	"context"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/tests/testkit"
)

// world is a committed program with a link, and gates that lead through it.
type world struct {
	t        *testing.T
	db       *testkit.Database
	partners *partners.Service
	partner  partners.Partner
	campaign campaigns.Campaign
	link     links.Link

	mu  sync.Mutex
	now time.Time
}

func newWorld(t *testing.T, d *testkit.Database) *world {
	t.Helper()
	s := &world{t: t, db: d, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	s.partners = partners.NewService(nil, s.clock)
	s.do(func(ctx context.Context) (err error) {
		c := campaigns.NewService(nil, s.clock)
		name, home, domains := "Summer", "https://shop.example.com/", []string{"blog.example.com"}
		s.campaign, err = c.Create(ctx, campaigns.Input{
			Name: &name, DestinationURL: &home, DeepLinkDomains: &domains, Rules: &[]campaigns.RuleInput{{Kind: "percent", Rate: "20"}},
		})
		if err != nil {
			return err
		}
		s.partner, err = s.partners.Create(ctx, partners.CreateInput{Email: "zoe@example.com", Name: "Zoe", CampaignIDs: []uuid.UUID{s.campaign.ID}})
		if err != nil {
			return err
		}
		s.link, err = links.NewService(c, s.partners, s.clock).Create(ctx, s.partner.ID, links.Input{Key: "zoe", CampaignID: s.campaign.ID})
		return err
	})
	return s
}

func (s *world) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *world) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// do runs one piece of work as an admin and commits it.
func (s *world) do(work func(ctx context.Context) error) {
	s.t.Helper()
	if err := tenancy.Run(testkit.AsAdmin(context.Background()), s.db.App, testkit.Tenant(), work); err != nil {
		s.t.Fatal(err)
	}
}

// exec changes rows by hand.
func (s *world) exec(statement string, args ...any) {
	s.t.Helper()
	s.do(func(ctx context.Context) error {
		_, err := db.Tx(ctx).NewRaw(statement, args...).Exec(ctx)
		return err
	})
}

// gate opens one as a replica would have it.
func (s *world) gate() *tracking.Gate {
	s.t.Helper()
	g := tracking.NewGate(tracking.RecorderOptions{
		System: s.db.System, Log: slog.New(slog.DiscardHandler), Now: s.clock, Spool: s.t.TempDir(), Patience: time.Minute,
	})
	g.Recorder.Start()
	s.t.Cleanup(g.Recorder.Stop)
	return g
}

func visit(query string) tracking.Visit {
	values, _ := url.ParseQuery(query)
	return tracking.Visit{Key: "zoe", Query: values, Address: netip.MustParseAddr("203.0.113.7"), UserAgent: browser}
}

func open(t *testing.T, g *tracking.Gate, v tracking.Visit) tracking.Passage {
	t.Helper()
	p, err := g.Open(tenancy.With(context.Background(), testkit.Tenant()), v)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// stored counts the clicks by flag; an empty one for those that count.
func (s *world) stored() map[string]int {
	s.t.Helper()
	out := map[string]int{}
	s.do(func(ctx context.Context) error {
		var rows []struct {
			Flag string
			N    int
		}
		if err := db.Tx(ctx).NewRaw(`select coalesce(flag, '') as flag, count(*) as n from clicks group by 1`).Scan(ctx, &rows); err != nil {
			return err
		}
		for _, r := range rows {
			out[r.Flag] = r.N
		}
		return nil
	})
	return out
}

// checkDaily holds the sums of the days against the clicks.
func (s *world) checkDaily() {
	s.t.Helper()
	s.do(func(ctx context.Context) error {
		var wrong int
		err := db.Tx(ctx).NewRaw(`
			select count(*) from (
				select (occurred_at at time zone 'UTC')::date as day, partner_id, campaign_id, link_id,
					count(*) filter (where flag is null) as clicks, count(flag) as flagged
				from clicks group by 1, 2, 3, 4) k
			full join daily_clicks d on d.day = k.day and d.partner_id = k.partner_id and d.campaign_id = k.campaign_id
				and coalesce(d.link_id, d.partner_id) = coalesce(k.link_id, k.partner_id)
			where (d.clicks, d.flagged) is distinct from (k.clicks, k.flagged)`).Scan(ctx, &wrong)
		if wrong != 0 {
			s.t.Errorf("%d daily sums are not those of the clicks", wrong)
		}
		return err
	})
}

func TestGate_Open(t *testing.T) {
	t.Parallel()
	const plain = "https://shop.example.com/"
	for name, c := range map[string]struct {
		change string // of the program
		visit  func(v *tracking.Visit)
		query  string
		want   string // the destination; CREF stands for the click
		stored map[string]int
	}{
		"Counts":          {want: plain + "?cref=CREF", stored: map[string]int{"": 1}},
		"KeyInAnyCase":    {visit: func(v *tracking.Visit) { v.Key = "ZoE" }, want: plain + "?cref=CREF", stored: map[string]int{"": 1}},
		"TagsAreSentOn":   {query: "utm_source=mail&sub1=a+b&other=x", want: plain + "?utm_source=mail&sub1=a+b&cref=CREF", stored: map[string]int{"": 1}},
		"DeepLink":        {query: "url=https://www.blog.example.com/p?x=1", want: "https://www.blog.example.com/p?x=1&cref=CREF", stored: map[string]int{"": 1}},
		"ForeignDeepLink": {query: "url=https://evil.example.org/", want: plain + "?cref=CREF", stored: map[string]int{"": 1}},
		"Peek":            {visit: func(v *tracking.Visit) { v.Peek = true }, want: plain, stored: map[string]int{}},
		"Bot":             {visit: func(v *tracking.Visit) { v.UserAgent = robot }, want: plain + "?cref=CREF", stored: map[string]int{"bot": 1}},
		"Preview": {
			visit: func(v *tracking.Visit) { v.UserAgent = "WhatsApp/2.23.20.0" }, want: plain + "?cref=CREF", stored: map[string]int{"bot": 1},
		},
		"EmptyAgent": {visit: func(v *tracking.Visit) { v.UserAgent = "" }, want: plain + "?cref=CREF", stored: map[string]int{"": 1}},
		"Archived":   {change: `update links set archived_at = now()`, want: plain, stored: map[string]int{}},
		"Paused":     {change: `update campaigns set status = 'paused'`, want: plain, stored: map[string]int{}},
		"Upcoming":   {change: `update campaigns set starts_at = '2026-05-01 12:00:01Z'`, want: plain, stored: map[string]int{}},
		"Begins":     {change: `update campaigns set starts_at = '2026-05-01 12:00Z'`, want: plain + "?cref=CREF", stored: map[string]int{"": 1}},
		"Ended":      {change: `update campaigns set ends_at = '2026-05-01 12:00Z'`, want: plain, stored: map[string]int{}},
		"Revoked":    {change: `update partners set status = 'revoked'`, want: plain + "?cref=CREF", stored: map[string]int{"revoked": 1}},
		"Declined":   {change: `update partners set status = 'declined'`, want: plain + "?cref=CREF", stored: map[string]int{"revoked": 1}},
		"OwnDestination": {
			change: `update links set destination_url = 'https://shop.example.com/shoes?cref=old&utm_source=own#top'`,
			query:  "utm_source=mail", want: "https://shop.example.com/shoes?utm_source=own&cref=CREF#top", stored: map[string]int{"": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newWorld(t, testkit.DB(t))
			if c.change != "" {
				s.exec(c.change)
			}
			v := visit(c.query)
			if c.visit != nil {
				c.visit(&v)
			}
			got := open(t, s.gate(), v)
			if want := strings.Replace(c.want, "CREF", got.ClickID.String(), 1); got.Location != want {
				t.Errorf("got %s, want %s", got.Location, want)
			}
			if diff := cmp.Diff(c.stored, s.stored()); diff != "" {
				t.Error(diff)
			}
			s.checkDaily()
		})
	}
}

func TestGate_Open_UnknownKey(t *testing.T) {
	t.Parallel()
	s := newWorld(t, testkit.DB(t))
	g := s.gate()
	ctx := tenancy.With(context.Background(), testkit.Tenant())
	for _, key := range []string{"nobody", "a", "../etc", "zoe\x00", strings.Repeat("a", 65)} {
		if _, err := g.Open(ctx, tracking.Visit{Key: key}); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("%q: %v", key, err)
		}
	}
}

// A click keeps what recognises a visitor today, and nothing of the address itself.
func TestGate_Open_KeepsNoAddress(t *testing.T) {
	t.Parallel()
	s := newWorld(t, testkit.DB(t))
	g := s.gate()
	for _, address := range []string{"203.0.113.7", "203.0.113.7", "203.0.113.8"} {
		v := visit("")
		v.Address = netip.MustParseAddr(address)
		open(t, g, v)
		s.pass(time.Second)
	}
	s.pass(24 * time.Hour)
	open(t, g, visit(""))
	s.do(func(ctx context.Context) error {
		var hashes []string
		if err := db.Tx(ctx).NewRaw(`select ip_hash from clicks order by id`).Scan(ctx, &hashes); err != nil {
			return err
		}
		if len(hashes) != 4 || hashes[0] != hashes[1] || hashes[1] == hashes[2] || hashes[0] == hashes[3] {
			t.Errorf("got %v, want the same twice, another one, and a new one on the next day", hashes)
		}
		return nil
	})
}

func TestGate_Velocity(t *testing.T) {
	t.Parallel()

	t.Run("ExactAcrossReplicas", func(t *testing.T) {
		t.Parallel()
		s := newWorld(t, testkit.DB(t))
		gates := []*tracking.Gate{s.gate(), s.gate()}
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() { open(t, gates[i%2], visit("")) })
		}
		all.Wait()
		if diff := cmp.Diff(map[string]int{"": 20, "velocity": 30}, s.stored()); diff != "" {
			t.Error(diff)
		}
		s.checkDaily()
	})
	t.Run("SlidesWithTime", func(t *testing.T) {
		t.Parallel()
		s := newWorld(t, testkit.DB(t))
		g := s.gate()
		for range 20 {
			open(t, g, visit(""))
			s.pass(time.Second)
		}
		s.pass(40*time.Second - 1) // the first is still within the minute
		open(t, g, visit(""))
		s.pass(1)
		s.pass(time.Second) // two have left it, and the flagged one has come
		open(t, g, visit(""))
		if diff := cmp.Diff(map[string]int{"": 21, "velocity": 1}, s.stored()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("MachinesUseUpNothing", func(t *testing.T) {
		t.Parallel()
		s := newWorld(t, testkit.DB(t))
		g := s.gate()
		for range 25 {
			v := visit("")
			v.UserAgent = robot
			open(t, g, v)
			v = visit("")
			v.Peek = true
			open(t, g, v)
		}
		open(t, g, visit(""))
		if diff := cmp.Diff(map[string]int{"": 1, "bot": 25}, s.stored()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("AddressesAndLinksAreApart", func(t *testing.T) {
		t.Parallel()
		s := newWorld(t, testkit.DB(t))
		g := s.gate()
		for i := range 40 {
			v := visit("")
			v.Address = netip.AddrFrom4([4]byte{203, 0, 113, byte(i % 2)})
			open(t, g, v)
		}
		if diff := cmp.Diff(map[string]int{"": 40}, s.stored()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("ProgramsChooseTheirs", func(t *testing.T) {
		t.Parallel()
		s := newWorld(t, testkit.DB(t))
		s.exec(`insert into config (tenant_id, key, value, updated_at) values (?, 'fraud', '{"velocity_clicks": 2, "velocity_seconds": 5}', now())`, tenancy.DefaultID())
		g := s.gate()
		for range 3 {
			open(t, g, visit(""))
		}
		s.pass(6 * time.Second)
		open(t, g, visit(""))
		if diff := cmp.Diff(map[string]int{"": 3, "velocity": 1}, s.stored()); diff != "" {
			t.Error(diff)
		}
	})
}

// A replica hears of changes and does not wait for what it remembers to grow old.
func TestGate_HearsOfChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.DB(t))
	g := w.gate()
	heard, listening := make(chan string, 10), make(chan struct{}, 1)
	l := &db.Listener{
		URL: w.db.OwnerURL, Log: slog.New(slog.DiscardHandler),
		Heard:  func(payload string) { g.Targets.Heard(payload); heard <- payload },
		Missed: func() { g.Targets.Missed(); listening <- struct{}{} },
	}
	l.Start()
	t.Cleanup(l.Stop)
	<-listening
	const counts, plain = "https://shop.example.com/?cref=", "https://shop.example.com/"
	if got := open(t, g, visit("")); !strings.HasPrefix(got.Location, counts) {
		t.Errorf("at first: %s", got.Location)
	}
	id := tenancy.DefaultID().String()
	for _, c := range []struct{ statement, heard, want string }{
		{`update campaigns set status = 'paused'`, "links " + id, plain},
		{`update campaigns set status = 'active'`, "links " + id, counts},
		{`update links set destination_url = 'https://shop.example.com/shoes'`, "link " + id + " zoe", plain + "shoes?cref="},
		{`update links set archived_at = now()`, "link " + id + " zoe", plain + "shoes"},
	} {
		w.exec(c.statement)
		if got := <-heard; got != c.heard {
			t.Errorf("%s: heard %q, want %q", c.statement, got, c.heard)
		}
		got := open(t, g, visit(""))
		if bare := strings.TrimSuffix(got.Location, got.ClickID.String()); bare != c.want && got.Location != c.want {
			t.Errorf("%s: got %s, want %s", c.statement, got.Location, c.want)
		}
	}
	// A key that was looked for in vain is found once it exists.
	ctx := tenancy.With(context.Background(), testkit.Tenant())
	if _, err := g.Open(ctx, tracking.Visit{Key: "newcomer"}); !fault.Is(err, fault.KindNotFound) {
		t.Fatalf("got %v", err)
	}
	w.exec(`insert into links (tenant_id, id, key, key_norm, partner_id, campaign_id, created_at)
		select tenant_id, gen_random_uuid(), 'newcomer', 'newcomer', partner_id, campaign_id, now() from links`)
	if got, want := <-heard, "link "+id+" newcomer"; got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
	if _, err := g.Open(ctx, tracking.Visit{Key: "newcomer"}); err != nil {
		t.Error(err)
	}
}

// Without notifications what is remembered is believed for half a minute.
func TestGate_ForgetsAfterHalfAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.DB(t))
	g := w.gate()
	open(t, g, visit(""))
	w.exec(`update campaigns set destination_url = 'https://new.example.com/'`)
	if got := open(t, g, visit("")); !strings.HasPrefix(got.Location, "https://shop.example.com/") {
		t.Errorf("at once: %s", got.Location)
	}
	w.pass(31 * time.Second)
	if got := open(t, g, visit("")); !strings.HasPrefix(got.Location, "https://new.example.com/") {
		t.Errorf("later: %s", got.Location)
	}
}

func TestService_Expire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.DB(t))
	g := w.gate()
	lonely, stitched := open(t, g, visit("")), open(t, g, visit(""))
	w.do(func(ctx context.Context) error {
		_, err := tracking.NewService(nil, w.clock).Stitch(ctx, stitched.ClickID, "u1", true, w.clock())
		return err
	})
	w.pass(399 * 24 * time.Hour)
	young := open(t, g, visit(""))
	expire := func() (deleted int) {
		err := w.db.System.InTx(context.Background(), db.TxOptions{Tenant: tenancy.DefaultID()}, func(ctx context.Context) (err error) {
			deleted, _, err = tracking.NewService(nil, w.clock).Expire().Next(ctx, tenancy.DefaultID())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return deleted
	}
	if got := expire(); got != 0 {
		t.Errorf("after 399 days %d clicks were deleted", got)
	}
	w.pass(2 * 24 * time.Hour)
	if got := expire(); got != 1 {
		t.Errorf("after 401 days %d clicks were deleted", got)
	}
	w.do(func(ctx context.Context) error {
		s := tracking.NewService(nil, w.clock)
		if _, err := s.Click(ctx, lonely.ClickID); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("the click that led to nothing: %v", err)
		}
		for _, id := range []uuid.UUID{stitched.ClickID, young.ClickID} {
			if _, err := s.Click(ctx, id); err != nil {
				t.Error(err)
			}
		}
		var sum int
		if err := db.Tx(ctx).NewRaw(`select sum(clicks) from daily_clicks`).Scan(ctx, &sum); err != nil {
			return err
		}
		if sum != 3 {
			t.Errorf("the sums of the days say %d clicks, want 3", sum)
		}
		return nil
	})
}
