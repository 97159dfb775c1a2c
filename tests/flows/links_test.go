package flows_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	reference "rsc.io/qr"

	"github.com/openpartner/openpartner/tests/testkit"
)

func TestLinks_Create(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign := p.promotion("Summer", object{"deep_link_domains": []string{"blog.example.com"}})
	zoe := p.partner("Zoe", campaign)
	has(t, page(t, p.admin, "/admin/links"), `.empty a[href="/admin/links/new"]`)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		key := "zoe-" + strings.ToLower(t.Name()[len("TestLinks_Create/"):])
		doc := page(t, v, "/admin/links/new?partner_id="+zoe)
		has(t, doc, `form[action="/admin/links"][method="post"]`, `[name="partner_id"] [value="`+zoe+`"][selected]`, `[name="campaign_id"] [value="`+campaign+`"]`)
		show := led(t, v, v.Post("/admin/links", url.Values{
			"partner_id": {zoe}, "campaign_id": {campaign}, "key": {" " + key + " "}, "destination_url": {"https://blog.example.com/post"},
		}))
		doc = page(t, v, show)
		says(t, doc, key, "For Zoe, in Summer", "blog.example.com/post")
		has(t, doc, `[data-copy="`+p.URL+`/r/`+key+`"]`, `a[href="`+show+`/qr.svg"][download]`,
			`[data-copy="`+p.URL+`/r/`+key+`?url=https%3A%2F%2Fblog.example.com%2Fthe%2Fpage"]`, `[data-copy$="?sub1=newsletter&sub2=june"]`)
		if got := p.Call("", "GET", "/r/"+key, nil); got.Status != http.StatusFound || !strings.HasPrefix(got.Header.Get("Location"), "https://blog.example.com/post") {
			t.Errorf("the link: %d to %q", got.Status, got.Header.Get("Location"))
		}

		show = led(t, v, v.Post("/admin/partners/"+zoe+"/links", url.Values{"campaign_id": {campaign}}))
		doc = page(t, v, show)
		if made := doc.Find("h1").Text(); len(made) != 8 {
			t.Errorf("the made key is %q", made)
		}
		has(t, page(t, v, "/admin/partners/"+zoe+"/links"), `a[href="`+show+`"]`, `form[action="/admin/partners/`+zoe+`/links"]`)
	})
}

func TestLinks_Refused(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign, other := p.promotion("Summer"), p.promotion("Winter")
	zoe, gone := p.partner("Zoe", campaign), p.partner("Gone", campaign)
	p.api("POST", "/partners/"+zoe+"/links", object{"key": "taken", "campaign_id": campaign})
	p.api("POST", "/partners/"+gone+"/revoke", object{})
	cases := map[string]struct {
		changes []string
		field   string
		says    string
	}{
		"NoCampaign":      {[]string{"campaign_id", ""}, "campaign_id", "Choose what the link promotes."},
		"ForeignCampaign": {[]string{"campaign_id", nobody}, "campaign_id", "There is no such campaign."},
		"NotGranted":      {[]string{"campaign_id", other}, "campaign_id", "Grant this campaign to the partner first."},
		"ShortKey":        {[]string{"key", "zo"}, "key", "A key has 3 to 64"},
		"OddKey":          {[]string{"key", "zoë/1"}, "key", "A key has 3 to 64"},
		"TakenKey":        {[]string{"key", "TAKEN"}, "key", "This key is already in use."},
		"Script":          {[]string{"destination_url", "javascript:alert(1)"}, "destination_url", ""},
		"ForeignSite":     {[]string{"destination_url", "https://evil.example/"}, "destination_url", "its own sites only"},
	}
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		for name, c := range cases {
			for _, action := range []string{"/admin/links", "/admin/partners/" + zoe + "/links"} {
				t.Run(name, func(t *testing.T) {
					f := url.Values{"partner_id": {zoe}, "campaign_id": {campaign}, "key": {"fresh"}, "destination_url": {"https://shop.example.com/a"}}
					f.Set(c.changes[0], c.changes[1])
					doc, fields := refused(t, v, v.Post(action, f))
					if diff := cmp.Diff([]string{c.field}, fields); diff != "" {
						t.Errorf("marked fields: %s", diff)
					}
					says(t, doc, c.says)
					has(t, doc, `[name="key"][value="`+f.Get("key")+`"]`, `[name="destination_url"][value="`+f.Get("destination_url")+`"]`)
				})
			}
		}
		for name, partner := range map[string]string{"NoPartner": "", "ForeignPartner": nobody, "RevokedPartner": gone} {
			t.Run(name, func(t *testing.T) {
				_, fields := refused(t, v, v.Post("/admin/links", url.Values{"partner_id": {partner}, "campaign_id": {campaign}}))
				if diff := cmp.Diff([]string{"partner_id"}, fields); diff != "" {
					t.Errorf("marked fields: %s", diff)
				}
			})
		}
		doc, _ := refused(t, v, v.Post("/admin/partners/"+gone+"/links", url.Values{"campaign_id": {campaign}}))
		says(t, doc, "This partner was revoked.")
		if n := p.rows("/links"); n != 1 {
			t.Errorf("%d links are stored", n)
		}
	})
}

func TestLinks_List(t *testing.T) {
	t.Parallel()
	p := start(t)
	summer, winter := p.promotion("Summer"), p.promotion("Winter")
	zoe, bo := p.partner("Zoe", summer, winter), p.partner("Bo", summer)
	for key, of := range map[string][2]string{"zoe-summer": {zoe, summer}, "zoe-winter": {zoe, winter}, "bo-summer": {bo, summer}, "old": {bo, summer}} {
		made := p.api("POST", "/partners/"+of[0]+"/links", object{"key": key, "campaign_id": of[1]})
		if key == "old" {
			led(t, p.admin, p.admin.Post("/admin/links/"+idOf(made)+"/archival", nil))
		}
	}
	p.Call("", "GET", "/r/zoe-winter", nil)
	p.api("POST", "/partners/"+bo+"/revoke", object{}) // who is no choice for a new link any more
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		for query, want := range map[string]int{
			"": 3, "?archived=true": 4, "?partner_id=" + zoe: 2, "?campaign_id=" + summer: 2, "?partner_id=" + bo + "&campaign_id=" + winter: 0,
			"?partner_id=" + bo + "&archived=true": 2, "?limit=2": 2,
		} {
			doc := page(t, v, "/admin/links"+query)
			if got := doc.Find("#link-list tbody tr").Length(); got != want {
				t.Errorf("%q: want %d links, got %d", query, want, got)
			}
			if whole(doc) == v.HTMX {
				t.Errorf("%q: a whole page: %v", query, whole(doc))
			}
		}
		has(t, page(t, v, "/admin/links?partner_id="+bo+"&campaign_id="+summer),
			`[name="partner_id"] [selected][value="`+bo+`"]:contains("Bo")`, `[name="campaign_id"] [selected][value="`+summer+`"]`)
		doc := page(t, v, "/admin/links?campaign_id="+winter)
		if got := doc.Find("td.num").Text(); strings.TrimSpace(got) != "1" {
			t.Errorf("clicks: got %q", got)
		}
		for _, bad := range []string{"?partner_id=zoe", "?campaign_id=1", "?cursor=x"} {
			if got := v.Get("/admin/links" + bad); got.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s: got %d", bad, got.Status)
			}
		}
	})
}

func TestLinks_Archive(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign := p.promotion("Summer")
	zoe := p.partner("Zoe", campaign)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		made := p.api("POST", "/partners/"+zoe+"/links", object{"campaign_id": campaign})
		show := "/admin/links/" + idOf(made)
		doc := page(t, v, show+"/archival")
		has(t, doc, `form[action="`+show+`/archival"][method="post"]`, map[bool]string{true: `dialog[data-open]`, false: `main .confirm`}[v.HTMX])
		led(t, v, v.Post(show+"/archival", nil))
		doc = page(t, v, show)
		says(t, doc, "Archived", "It still leads visitors on")
		has(t, doc, `!a[href="`+show+`/archival"]`)
	})
}

var darkRun = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// TestLinks_QR reads the code off the page and off the file, module by module.
func TestLinks_QR(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign := p.promotion("Summer")
	made := p.api("POST", "/partners/"+p.partner("Zoe", campaign)+"/links", object{"key": "zoe", "campaign_id": campaign})
	show := "/admin/links/" + idOf(made)
	want, err := reference.Encode(p.URL+"/r/zoe", reference.M)
	if err != nil {
		t.Fatal(err)
	}
	check := func(path, box string) {
		t.Helper()
		if side := strconv.Itoa(want.Size + 8); box != "0 0 "+side+" "+side {
			t.Errorf("the box is %q for %d modules and a margin of 4", box, want.Size)
		}
		dark := map[[2]int]bool{}
		for _, m := range darkRun.FindAllStringSubmatch(path, -1) {
			x, _ := strconv.Atoi(m[1])
			y, _ := strconv.Atoi(m[2])
			run, _ := strconv.Atoi(m[3])
			for i := range run {
				dark[[2]int{x + i, y}] = true
			}
		}
		for y := range want.Size + 8 {
			for x := range want.Size + 8 {
				if dark[[2]int{x, y}] != want.Black(x-4, y-4) {
					t.Fatalf("module %d,%d is wrong", x, y)
				}
			}
		}
	}
	// HTML reads attributes of SVG in their own case, so both are found by the same name.
	inline := page(t, p.admin, show).Find("svg.qr")
	check(inline.Find("path").AttrOr("d", ""), inline.AttrOr("viewBox", ""))

	file := p.admin.Get(show + "/qr.svg")
	for name, want := range map[string]string{"Content-Type": "image/svg+xml", "Content-Disposition": `attachment; filename="zoe.svg"`} {
		if got := file.Header.Get(name); got != want {
			t.Errorf("%s: want %q, got %q", name, want, got)
		}
	}
	drawn := parsed(t, file, http.StatusOK).Find("svg")
	check(drawn.Find("path").Last().AttrOr("d", ""), drawn.AttrOr("viewBox", ""))
	if fill := drawn.Find("path").First().AttrOr("fill", ""); fill != "#fff" {
		t.Errorf("the ground is %q", fill)
	}
}
