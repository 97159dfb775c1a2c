package signup

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/tenancy"
)

func insertApplication(ctx context.Context, id uuid.UUID, a partners.Applicant, now time.Time) error {
	profile, err := json.Marshal(a.Profile)
	if err != nil {
		return fmt.Errorf("encode profile: %w", err)
	}
	_, err = db.Tx(ctx).NewRaw(`
		insert into partner_applications (tenant_id, id, email, name, profile, terms_version, created_at)
		values (?, ?, ?, ?, ?, ?, ?)`, tenancy.ID(ctx), id, a.Email, a.Name, string(profile), a.TermsVersion, now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert application: %w", err)
	}
	return nil
}

// takeApplication reads an application and deletes it.
func takeApplication(ctx context.Context, id uuid.UUID) (partners.Applicant, error) {
	var a partners.Applicant
	var profile []byte
	err := db.Tx(ctx).NewRaw(`
		delete from partner_applications where id = ? returning email, name, profile, terms_version`, id).
		Scan(ctx, &a.Email, &a.Name, &profile, &a.TermsVersion)
	if errors.Is(err, sql.ErrNoRows) {
		return partners.Applicant{}, fault.NotFound("application")
	}
	if err != nil {
		return partners.Applicant{}, fmt.Errorf("take application: %w", err)
	}
	if err := json.Unmarshal(profile, &a.Profile); err != nil {
		return partners.Applicant{}, fmt.Errorf("decode profile: %w", err)
	}
	return a, nil
}
