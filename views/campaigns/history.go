package campaigns

import (
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/campaigns"
)

// edition is one row of a campaign's history.
type edition struct {
	campaigns.Period
	Title   string
	Changes []string
}

// editions says of each period what it changed, the present first.
func editions(history []campaigns.Period) []edition {
	out := make([]edition, 0, len(history))
	for i, p := range history {
		e := edition{Period: p, Title: "Version " + strconv.Itoa(p.Terms.Version)}
		if i+1 == len(history) {
			e.Changes = []string{"Made"}
		} else {
			before := history[i+1]
			if before.Terms.Version == p.Terms.Version {
				e.Title += ", new rules"
			}
			e.Changes = append(termChanges(before.Terms, p.Terms), ruleChanges(before.Rules, p.Rules)...)
		}
		out = append(out, e)
	}
	return out
}

func termChanges(a, b campaigns.Terms) []string {
	var out []string
	note := func(what, before, after string) {
		if before != after {
			out = append(out, what+": "+before+" → "+after)
		}
	}
	note("Attribution", modelName(a.AttributionModel), modelName(b.AttributionModel))
	note("Window", count(a.WindowDays, "day"), count(b.WindowDays, "day"))
	note("Customer lock", onOff(a.CustomerLock), onOff(b.CustomerLock))
	note("Hold", count(a.HoldDays, "day"), count(b.HoldDays, "day"))
	note("Approval", byWhom(a.AutoApprove), byWhom(b.AutoApprove))
	return out
}

// ruleChanges compares rules by their rows: an unchanged rule keeps its id. A rule that was
// replaced at its place is told as one change.
func ruleChanges(a, b []campaigns.Rule) []string {
	gone, came := missing(a, b), missing(b, a)
	var out []string
	for _, r := range came {
		if i := slices.IndexFunc(gone, func(old campaigns.Rule) bool { return old.Position == r.Position }); i >= 0 {
			out = append(out, RuleWords(gone[i])+" → "+RuleWords(r))
			gone = slices.Delete(gone, i, i+1)
		} else {
			out = append(out, "Added: "+RuleWords(r))
		}
	}
	for _, r := range gone {
		out = append(out, "Removed: "+RuleWords(r))
	}
	return out
}

// missing gives the rules of a that b does not have.
func missing(a, b []campaigns.Rule) []campaigns.Rule {
	has := map[uuid.UUID]bool{}
	for _, r := range b {
		has[r.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(r campaigns.Rule) bool { return has[r.ID] })
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func byWhom(auto bool) string {
	if auto {
		return "by itself"
	}
	return "by hand"
}

// joined lists words: "a, b and c".
func joined(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func lowerFirst(sentence string) string {
	if sentence == "" {
		return ""
	}
	return strings.ToLower(sentence[:1]) + strings.TrimSuffix(sentence[1:], ".")
}
