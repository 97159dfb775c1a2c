package db

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/openpartner/openpartner/app/fault"
)

// conflict is what a broken constraint means to the person who broke it.
type conflict struct {
	kind     fault.Kind
	code     string
	field    string
	sentence string
}

// conflicts is the contract between constraint names and answers. A test holds every unique
// and foreign key constraint of the catalog against it.
func conflicts() map[string]conflict {
	taken := func(code, field, sentence string) conflict {
		return conflict{fault.KindConflict, code, field, sentence}
	}
	missing := func(field, sentence string) conflict {
		return conflict{fault.KindInvalid, "invalid", field, sentence}
	}
	return map[string]conflict{
		"tenants_slug_key":                     taken("slug_taken", "slug", "This address is already in use."),
		"admins_tenant_id_email_key":           taken("email_taken", "email", "An admin with this e-mail address already exists."),
		"partners_tenant_id_email_key":         taken("email_taken", "email", "A partner with this e-mail address already exists."),
		"links_tenant_id_key_norm_key":         taken("key_taken", "key", "This key is already in use. Please choose another."),
		"coupons_tenant_id_code_norm_key":      taken("code_taken", "code", "This code is already in use."),
		"links_partner_fkey":                   missing("partner_id", "There is no such partner."),
		"links_campaign_fkey":                  missing("campaign_id", "There is no such campaign."),
		"partner_campaigns_partner_fkey":       missing("partner_id", "There is no such partner."),
		"partner_campaigns_campaign_fkey":      missing("campaign_ids", "There is no such campaign."),
		"commission_rules_campaign_fkey":       missing("campaign_id", "There is no such campaign."),
		"commission_rules_partner_fkey":        missing("partner_id", "There is no such partner."),
		"campaign_versions_campaign_fkey":      missing("campaign_id", "There is no such campaign."),
		"clicks_link_fkey":                     missing("link_key", "There is no such link."),
		"clicks_partner_fkey":                  missing("partner_id", "There is no such partner."),
		"clicks_campaign_fkey":                 missing("campaign_id", "There is no such campaign."),
		"identities_click_fkey":                missing("cref", "There is no such click."),
		"events_reverses_fkey":                 missing("reverses", "There is no such event."),
		"api_keys_partner_fkey":                missing("partner_id", "There is no such partner."),
		"coupons_partner_fkey":                 missing("partner_id", "There is no such partner."),
		"partner_import_rows_import_fkey":      missing("import_id", "There is no such import."),
		"program_import_rows_import_fkey":      missing("import_id", "There is no such import."),
		"network_approvals_campaign_fkey":      missing("campaign_id", "There is no such campaign."),
		"payouts_one_per_transfer":             taken("transfer_taken", "transfer_id", "Another payout has this transfer."),
		"coupons_campaign_fkey":                missing("campaign_id", "There is no such campaign."),
		"events_tenant_id_source_extid_key":    taken("idempotency_mismatch", "external_id", "Another event has this external id."),
		"coupons_tenant_id_promotion_code_key": taken("promotion_code_taken", "stripe_promotion_code_id", "Another coupon has this promotion code."),
	}
}

// Conflict turns a broken constraint into the fault it means, and leaves other errors alone.
func Conflict(err error) error {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || pgErr.ConstraintName == "" {
		return err
	}
	c, known := conflicts()[pgErr.ConstraintName]
	if !known {
		return err
	}
	f := &fault.Error{Kind: c.kind, Code: c.code, Message: c.sentence}
	return f.WithField(c.field, c.sentence).Because(err)
}

// ConstraintNames lists the constraints that Conflict knows, sorted.
func ConstraintNames() []string {
	var names []string
	for name := range conflicts() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Away reports whether an error means that the database does not answer, in contrast to one
// that answers with an error: no answer in time, connection refused or lost, starting up,
// shutting down.
func Away(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(pgErr.Code, "57P") || strings.HasPrefix(pgErr.Code, "08") || pgErr.Code == "53300"
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	return strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "unexpected EOF")
}

// Busy reports whether the server gave up a statement that waited for a lock or took too long.
func Busy(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pgErr.Code == "55P03" || pgErr.Code == "57014")
}

// Again reports whether a transaction failed only because another one stood in its way, so
// that the same may succeed at once.
func Again(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.HasPrefix(pgErr.Code, "40")
}
