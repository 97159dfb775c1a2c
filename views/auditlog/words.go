package auditlog

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ui"
)

// Group is a sort of actions that the log can be narrowed to.
type Group string

// The groups, in the order in which people are shown them.
const (
	GroupPartners    Group = "partners"
	GroupPromotion   Group = "promotion"
	GroupCommissions Group = "commissions"
	GroupFraud       Group = "fraud"
	GroupAccess      Group = "access"
	GroupMail        Group = "mail"
	GroupSettings    Group = "settings"
	GroupPrivacy     Group = "privacy"
)

// Groups lists all.
func Groups() []Group {
	return []Group{GroupPartners, GroupPromotion, GroupCommissions, GroupFraud, GroupAccess, GroupMail, GroupSettings, GroupPrivacy}
}

func groupLabels() map[Group]string {
	return map[Group]string{
		GroupPartners: "Partners", GroupPromotion: "Campaigns, links and coupons", GroupCommissions: "Commissions and payouts", GroupFraud: "Clicks and events",
		GroupAccess: "Access", GroupMail: "Mail", GroupSettings: "Settings", GroupPrivacy: "Privacy",
	}
}

// deed is an action in words: "[actor] [verb] [thing] [name of the subject]".
type deed struct {
	group       Group
	verb, thing string
}

// deeds are all actions. A test looks for one without words.
func deeds() map[string]deed {
	all := aboutPartners()
	maps.Copy(all, aboutAccess())
	maps.Copy(all, aboutTheProgram())
	return all
}

// aboutPartners are the actions on partners, what they promote and what they earn.
func aboutPartners() map[string]deed {
	return map[string]deed{
		"partner.created":         {GroupPartners, "added", "the partner"},
		"partner.updated":         {GroupPartners, "changed the details of", "the partner"},
		"partner.email_wanted":    {GroupPartners, "asked for a new address of", "the partner"},
		"partner.email_changed":   {GroupPartners, "confirmed the new address of", "the partner"},
		"partner.invited":         {GroupPartners, "invited", "the partner"},
		"partner.signed_up":       {GroupPartners, "took the sign-up of", "the partner"},
		"partner.applied":         {GroupPartners, "confirmed the application of", "the partner"},
		"partner.activated":       {GroupPartners, "accepted the invitation of", "the partner"},
		"partner.approved":        {GroupPartners, "approved", "the applicant"},
		"partner.declined":        {GroupPartners, "declined", "the applicant"},
		"partner.revoked":         {GroupPartners, "revoked", "the partner"},
		"partner.reinstated":      {GroupPartners, "reinstated", "the partner"},
		"partner.campaigns_set":   {GroupPartners, "chose the campaigns of", "the partner"},
		"partner.override_set":    {GroupPartners, "changed the own rules of", "the partner"},
		"partners.import_ordered": {GroupPartners, "ordered", "an import of partners"},

		"campaign.created": {GroupPromotion, "added", "the campaign"},
		"campaign.updated": {GroupPromotion, "changed", "the campaign"},
		"link.created":     {GroupPromotion, "made", "the link"},
		"link.archived":    {GroupPromotion, "archived", "the link"},
		"coupon.created":   {GroupPromotion, "added", "the coupon"},
		"coupon.changed":   {GroupPromotion, "changed", "the coupon"},

		"commission.approved":          {GroupCommissions, "approved", "a commission"},
		"commission.reversed":          {GroupCommissions, "reversed", "a commission"},
		"commission.adjusted":          {GroupCommissions, "adjusted", "a partner's account"},
		"commissions.approved_matured": {GroupCommissions, "approved", "commissions whose hold was over"},
	}
}

// aboutAccess are the actions on clicks and events, and on who may get in.
func aboutAccess() map[string]deed {
	return map[string]deed{
		"click.flagged":                {GroupFraud, "flagged", "a click"},
		"click.unflagged":              {GroupFraud, "let count", "a click"},
		"click.flag_confirmed":         {GroupFraud, "confirmed the flag of", "a click"},
		"attribution.rederive_ordered": {GroupFraud, "had events decided anew", ""},

		"signed_in":         {GroupAccess, "signed in", ""},
		"sessions.ended":    {GroupAccess, "signed out elsewhere", ""},
		"admin.added":       {GroupAccess, "added", "the admin"},
		"admin.invited":     {GroupAccess, "invited", "the admin"},
		"admin.reinvited":   {GroupAccess, "invited again", "the admin"},
		"admin.revoked":     {GroupAccess, "revoked", "the admin"},
		"admin.reinstated":  {GroupAccess, "reinstated", "the admin"},
		"api_key.created":   {GroupAccess, "made", "the API key"},
		"api_key.revoked":   {GroupAccess, "revoked", "the API key"},
		"program.exported":  {GroupPrivacy, "exported the program", ""},
		"program.imported":  {GroupPrivacy, "imported the program", ""},
		"program.installed": {GroupAccess, "installed the program", ""},
		"program.signed_up": {GroupAccess, "signed the program up", ""},
	}
}

// aboutTheProgram are the actions on mail, settings, the program as a whole, and privacy.
func aboutTheProgram() map[string]deed {
	return map[string]deed{
		"mail.failed": {GroupMail, "could not deliver a mail to", ""},

		"tenant.created":   {GroupSettings, "made the program", ""},
		"tenant.suspended": {GroupSettings, "suspended the program", ""},
		"tenant.resumed":   {GroupSettings, "opened the program again", ""},
		"tenant.cancelled": {GroupSettings, "closed the program", ""},
		"tenant.deleted":   {GroupSettings, "deleted the program", ""},
		"tenant.opened":    {GroupPrivacy, "looked into the program", ""},
		"settings.changed": {GroupSettings, "changed", "the settings"},
		"job.retried":      {GroupSettings, "had tried again", "a job"},
		"job.all_retried":  {GroupSettings, "had tried again", "all failed jobs of a kind"},
		"job.cancelled":    {GroupSettings, "discarded", "a job"},

		"billing.checkout_begun":       {GroupSettings, "began to subscribe to", "what the operator bills"},
		"billing.portal_opened":        {GroupSettings, "opened at Stripe", "what the program pays"},
		"billing.subscription_changed": {GroupSettings, "noted a change of", "the program's subscription"},
		"billing.payment_failed":       {GroupSettings, "noted that a payment did not go through for", "the program"},

		"network.updated":                {GroupSettings, "changed", "how the program stands to the Network"},
		"network.connecting":             {GroupSettings, "asked to join", "the Network"},
		"network.connected":              {GroupSettings, "connected", "the Network"},
		"network.disconnected":           {GroupSettings, "left", "the Network"},
		"network.lost":                   {GroupSettings, "lost", "the Network, which refuses the token"},
		"network.token_rotated":          {GroupSettings, "made a new token for", "the Network"},
		"network.message_discarded":      {GroupPartners, "did not tell the Network of", "a partner"},
		"network.request_approved":       {GroupPartners, "approved on the Network", "a creator"},
		"network.request_rejected":       {GroupPartners, "turned down on the Network", "a creator"},
		"webhook.created":                {GroupSettings, "added", "a webhook"},
		"webhook.updated":                {GroupSettings, "changed", "a webhook"},
		"webhook.deleted":                {GroupSettings, "removed", "a webhook"},
		"webhook.secret_rotated":         {GroupSettings, "made a new secret for", "a webhook"},
		"webhook.disabled":               {GroupSettings, "disabled", "a webhook that failed"},
		"webhook.redelivered":            {GroupSettings, "sent messages again to", "a webhook"},
		"payout.run_started":             {GroupCommissions, "started", "a payout run"},
		"payout.marked_paid":             {GroupCommissions, "marked as paid", "a payout"},
		"payout.cancelled":               {GroupCommissions, "cancelled", "a payout"},
		"payout.bank_file_taken":         {GroupCommissions, "took the bank file of", "a payout run"},
		"payout.confirmed":               {GroupCommissions, "recorded the transfer of", "a payout"},
		"payout.released":                {GroupCommissions, "had sent again", "a payout"},
		"payout.adopted":                 {GroupCommissions, "recorded from Stripe", "a payout"},
		"partner.stripe_account_set":     {GroupCommissions, "set the account at Stripe of", "a partner"},
		"partner.payout_details_changed": {GroupCommissions, "changed the bank details of", "a partner"},
		"partner.payout_details_read":    {GroupCommissions, "looked at the bank details of", "a partner"},
		"stripe.event_retried":           {GroupSettings, "tried again", "an event of Stripe's"},
		"stripe.event_opened":            {GroupSettings, "looked into", "an event of Stripe's"},

		"partner.erased": {GroupPrivacy, "erased", "a partner"},
		"user.erased":    {GroupPrivacy, "erased", "a customer"},
	}
}

// Known reports whether an action has words.
func Known(action string) bool {
	_, known := deeds()[action]
	return known
}

// ActionsOf gives the actions of a group; none for no group.
func ActionsOf(g Group) []string {
	var actions []string
	for action, d := range deeds() {
		if d.group == g {
			actions = append(actions, action)
		}
	}
	slices.Sort(actions)
	return actions
}

// Actor says who did it.
func Actor(e audit.Past) string {
	switch {
	case e.ActorKind == "key" && e.ActorName != "":
		return "The API key “" + e.ActorName + "”"
	case e.ActorName != "":
		return e.ActorName
	case e.ActorKind == "nobody" && e.Action == "partner.activated":
		return e.SubjectName // by the link in their mail
	case e.ActorKind == "platform_admin":
		return "Staff of the platform"
	case e.ActorKind == "nobody":
		return "Somebody who was not signed in"
	default:
		return "The system"
	}
}

// did is what stands between the actor and the name of the subject.
func did(e audit.Past) string {
	d, known := deeds()[e.Action]
	switch {
	case !known:
		return "did “" + ui.StatusLabel(strings.ReplaceAll(e.Action, ".", " ")) + "” to"
	case e.Action == "partner.activated" && e.ActorKind == "nobody":
		return "joined"
	case e.Action == "settings.changed":
		group, _ := values(e)["group"].(string)
		return "changed the " + group + " settings"
	default:
		return strings.TrimSpace(d.verb + " " + d.thing)
	}
}

// name is the subject as a sentence names it; nothing where the sentence is whole without.
func name(e audit.Past) string {
	same := e.ActorID != nil && e.SubjectID != nil && *e.ActorID == *e.SubjectID
	d, known := deeds()[e.Action]
	whole := known && d.thing == "" && e.Action != "mail.failed"
	if same || whole || Actor(e) == e.SubjectName {
		return ""
	}
	return e.SubjectName
}

// Sentence says in plain words what an entry is about.
func Sentence(e audit.Past) string {
	return strings.TrimSpace(Actor(e)+" "+did(e)+" "+name(e)) + "."
}

// subjectHref is the page of the subject; empty for what has none.
func subjectHref(u routes.URLs, e audit.Past) string {
	if e.SubjectID == nil {
		return ""
	}
	switch e.SubjectKind {
	case "partner":
		return u.PartnerShow(*e.SubjectID)
	case "campaign":
		return u.CampaignShow(*e.SubjectID)
	case "link":
		return u.LinkShow(*e.SubjectID)
	case "commission":
		return u.CommissionShow(*e.SubjectID)
	case "click":
		return u.ClickShow(*e.SubjectID)
	case "job":
		return u.JobShow(*e.SubjectID)
	case "coupon":
		return u.Coupons()
	case "admin":
		return u.Admins()
	case "api_key":
		return u.APIKeys()
	default:
		return ""
	}
}

// subjectLabel is what the link to a subject without a name says.
func subjectLabel(e audit.Past) string {
	if n := name(e); n != "" {
		return n
	}
	return "Show it"
}

func values(e audit.Past) map[string]any {
	detail := map[string]any{}
	if err := json.Unmarshal(e.Detail, &detail); err != nil {
		return nil
	}
	return detail
}

// facts are the details in words.
func facts(e audit.Past) []ui.Definition {
	detail := values(e)
	var out []ui.Definition
	for _, key := range slices.Sorted(maps.Keys(detail)) {
		if text := said(detail[key]); text != "" {
			out = append(out, ui.Definition{Term: ui.StatusLabel(key), Text: text})
		}
	}
	return out
}

// said writes a value as people do; nothing for what is empty.
func said(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case []any:
		texts := make([]string, 0, len(v))
		for _, one := range v {
			texts = append(texts, said(one))
		}
		return strings.Join(texts, ", ")
	default:
		text, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(text)
	}
}
