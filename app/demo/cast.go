package demo

import (
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/campaigns"
)

// part is one partner.
type part struct {
	name, company, country, platform string
	followers                        int64
	campaigns                        []int // positions in bills
}

// key is what the partner's links begin with.
func (p part) key() string {
	first, _, _ := strings.Cut(strings.ToLower(p.name), " ")
	return first
}

// cast are the partners, the busiest first. Their first names differ, as their links do.
func cast() []part {
	return []part{
		{"Mara Lindqvist", "Slow Sundays", "SE", "Instagram", 182_000, []int{0, 1, 2}},
		{"Theo Okafor", "Kettle & Co. Reviews", "GB", "YouTube", 96_400, []int{0, 1}},
		{"Yuki Tanaka", "Asa no Ocha", "JP", "YouTube", 74_100, []int{3, 1}},
		{"Priya Raman", "The Spice Drawer", "US", "Newsletter", 41_800, []int{0, 5}},
		{"Jonas Weber", "Teeblatt", "DE", "Blog", 28_300, []int{2}},
		{"Camille Roux", "Maison Lente", "FR", "Instagram", 63_900, []int{2, 1}},
		{"Diego Herrera", "Cocina Abierta", "ES", "TikTok", 121_000, []int{2, 4}},
		{"Hannah Cole", "Cozy Shelf", "US", "Instagram", 35_200, []int{0, 4}},
		{"Sora Kimura", "Wabi Journal", "JP", "Blog", 19_700, []int{3}},
		{"Ben Adeyemi", "Desk Rituals", "US", "YouTube", 52_600, []int{0, 1, 4}},
		{"Elif Demir", "Demlik", "TR", "Instagram", 44_000, []int{2}},
		{"Rex Malone", "Coupon Harbor", "US", "Website", 8_900, []int{0, 4}},
		{"Aiko Mori", "Kurashi Notes", "JP", "Instagram", 31_500, []int{3}},
		{"Freya Nilsen", "Nordic Table", "NO", "Blog", 15_800, []int{2, 1}},
		{"Owen Price", "Steep", "GB", "Podcast", 22_700, []int{0, 1}},
		{"Lucia Bianchi", "Casa Bianchi", "IT", "Instagram", 58_200, []int{2}},
		{"Marcus Lee", "Small Kitchens", "US", "TikTok", 140_300, []int{0, 5}},
		{"Nadia Petrova", "Samovar Stories", "BG", "Newsletter", 9_400, []int{2}},
		{"Grace Kim", "Quiet Mornings", "US", "YouTube", 67_000, []int{0, 1}},
		{"Tomasz Nowak", "Herbata Daily", "PL", "Blog", 12_600, []int{2}},
		{"Isla Murray", "Highland Home", "GB", "Instagram", 26_900, []int{0, 4}},
		{"Ren Fujimoto", "Chabako", "JP", "X", 17_300, []int{3, 1}},
		{"Sofia Almeida", "Cha das Cinco", "PT", "Instagram", 33_400, []int{2}},
		{"Vince Carter-Hale", "Deal Radar", "US", "Website", 5_100, []int{0, 4}},
		{"Amelie Laurent", "Feuilles", "FR", "Blog", 14_200, []int{2, 1}},
		{"Noah Brandt", "Werkbank", "DE", "YouTube", 39_800, []int{2}},
		{"Zoe Marsh", "Plain Living", "AU", "Newsletter", 11_900, []int{0}},
		{"Kenji Sato", "Sencha Fan", "JP", "Blog", 7_800, []int{3}},
		{"Ruth Goldberg", "Second Cup", "US", "Podcast", 18_500, []int{0, 1}},
		{"Pavel Svoboda", "Cajovna Online", "CZ", "Website", 6_600, []int{2}},
		{"Leila Haddad", "Mint & Sugar", "AE", "Instagram", 72_700, []int{0, 5}},
		{"Oscar Blom", "Fika Finder", "SE", "TikTok", 20_400, []int{2, 4}},
		{"June Whitaker", "Porch Season", "US", "Blog", 10_300, []int{0}},
		{"Mina Park", "Tiny Teahouse", "KR", "Instagram", 48_800, []int{3, 0}},
		{"Clara Jensen", "Hygge Weekly", "DK", "Newsletter", 16_100, []int{2, 1}},
		{"Hugo Martin", "Le Petit Panier", "FR", "Blog", 4_700, []int{2}},
		{"Ida Sorensen", "Ida's Table", "DK", "Instagram", 23_000, []int{2}},
		{"Caleb Stone", "Camp & Kettle", "US", "YouTube", 88_200, []int{0}},
		{"Emi Watanabe", "Hidamari", "JP", "Instagram", 29_600, []int{3}},
		{"Paula Vega", "Merienda", "MX", "TikTok", 54_500, []int{0, 5}},
	}
}

// What becomes of some partners, by their position in the cast.
const (
	invitedFrom = 36 // these and the following have not answered yet
	cheater     = 23 // clicks on their own links, and is found out
	closed      = 11 // breaks the terms
	forgiven    = 31 // was revoked by mistake
	favourite   = 0  // has terms of their own
	thrifty     = 16 // buys through their own link
)

// bill is one campaign.
type bill struct {
	name, short, url, currency string
	model                      campaigns.Model
	hold                       int
	auto, lock                 bool
	rules                      []campaigns.RuleInput
	prices                     []int64 // minor units
	subscription               bool
	opens                      int // day
	ends, pauses               int // days; 0 for never
}

func percent(rate string) campaigns.RuleInput {
	return campaigns.RuleInput{EventType: purchase, Kind: "percent", Rate: rate}
}

func fixed(event, trigger string, amount int64, currency string) campaigns.RuleInput {
	return campaigns.RuleInput{EventType: event, Trigger: trigger, Kind: "fixed", Amount: &amount, Currency: currency}
}

// bills are the campaigns.
func bills() []bill {
	year := 12
	return []bill{
		{
			name: "Everyday store", short: "store", url: "https://juniper-oak.example/", currency: "USD", model: campaigns.LastClick,
			hold: 14, auto: true, rules: []campaigns.RuleInput{percent("10")}, prices: []int64{1899, 2450, 3200, 4799, 6400, 8999, 12_900},
		},
		{
			name: "Tea subscription", short: "tea", url: "https://juniper-oak.example/subscribe", currency: "USD", model: campaigns.FirstClick,
			hold: 30, lock: true, subscription: true, prices: []int64{1800, 2900, 4500},
			rules: []campaigns.RuleInput{
				fixed(signup, "first", 500, "USD"),
				{EventType: invoice, Kind: "percent", Rate: "20", DurationMonths: &year},
			},
		},
		{
			name: "Europe store", short: "eu", url: "https://juniper-oak.example/eu", currency: "EUR", model: campaigns.Linear,
			hold: 14, rules: []campaigns.RuleInput{percent("12.5")}, prices: []int64{1650, 2390, 3890, 5200, 7490, 9900}, opens: 4,
		},
		{
			name: "Japan store", short: "jp", url: "https://juniper-oak.example/jp", currency: "JPY", model: campaigns.LastClick,
			hold: 7, lock: true, rules: []campaigns.RuleInput{percent("8"), fixed(signup, "first", 500, "JPY")},
			prices: []int64{2480, 3600, 4950, 7800, 12_600}, opens: 10,
		},
		{
			name: "Clearance", short: "sale", url: "https://juniper-oak.example/sale", currency: "USD", model: campaigns.Position,
			hold: 14, auto: true, rules: []campaigns.RuleInput{percent("15")}, prices: []int64{1499, 1999, 2999, 4499}, opens: 20, ends: 95,
		},
		{
			name: "Gift cards", short: "gift", url: "https://juniper-oak.example/gifts", currency: "USD", model: campaigns.LastClick,
			hold: 30, rules: []campaigns.RuleInput{fixed(purchase, "every", 400, "USD")}, prices: []int64{2500, 5000, 10_000}, opens: 30, pauses: 160,
		},
	}
}

// The types of the shop's events.
const (
	signup   = "signup"
	purchase = "purchase"
	invoice  = "invoice_paid"
)

// agents are browsers, the last ones of machines.
func agents() (people, machines []string) {
	return []string{
			"Mozilla/5.0 (iPhone; CPU iPhone OS 19_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.2 Mobile/15E148 Safari/604.1",
			"Mozilla/5.0 (Linux; Android 16; Pixel 10) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Mobile Safari/537.36",
			"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari/605.1.15",
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36",
			"Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0",
			"",
		}, []string{
			"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
			"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
			"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
		}
}

const (
	minute = time.Minute
	hour   = time.Hour
	night  = 3*time.Hour + 10*time.Minute
	office = 10 * time.Hour
)
