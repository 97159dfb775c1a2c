// Package tenants owns the programs of a deployment as a whole: how they come, by sign-up or by the
// operator, how they are closed and opened again, and how they are deleted with all they have.
//
// What happens inside a program is no business of its. It works as the system role and opens the
// view over all tenants only around the statements that need it. Invariant: a program that
// belongs to somebody keeps its slug until it is deleted.
package tenants

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Grace is how long a cancelled program can be brought back before it is deleted.
const Grace = 30 * 24 * time.Hour

// unconfirmedLife is how long a slug waits for the person who signed up to confirm the address.
const unconfirmedLife = 7 * 24 * time.Hour

// Tenant is one program as the platform sees it.
type Tenant struct {
	ID          uuid.UUID
	Slug        string
	Name        string `bun:"display_name"`
	Status      string
	SignupEmail *string
	SuspendedAt *time.Time
	CancelledAt *time.Time
	CreatedAt   time.Time
}

func (t Tenant) plain() tenancy.Tenant {
	return tenancy.Tenant{ID: t.ID, Slug: t.Slug, Name: t.Name, Status: t.Status}
}

// DeletedAt is when a cancelled program will be deleted.
func (t Tenant) DeletedAt() time.Time {
	if t.CancelledAt == nil {
		return time.Time{}
	}
	return t.CancelledAt.Add(Grace)
}

var slugForm = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{1,28})[a-z0-9]$`)

// reserved are the slugs that the deployment may want for itself, or that would mislead people.
func reserved() []string {
	return []string{
		"default", "www", "api", "app", "admin", "signup", "login", "signin", "auth", "docs", "help", "support", "status",
		"network", "static", "public", "platform", "webhooks", "metrics", "healthz", "readyz", "r", "t", "install", "partner",
		"creator", "creators", "assets", "sdk",
	}
}

// checkSlug refuses a slug that can't be, whoever has which.
func checkSlug(slug string) error {
	switch {
	case slices.Contains(reserved(), slug):
		const sentence = "This address is reserved. Please choose another."
		return fault.Conflict("slug_reserved", sentence).WithField("slug", sentence)
	case !slugForm.MatchString(slug) || strings.Contains(slug, "--"):
		return fault.InvalidField("slug", "3 to 30 lower-case letters, digits and single hyphens, not at the ends.")
	default:
		return nil
	}
}

func errTaken() error {
	const sentence = "This address is taken. Please choose another."
	return fault.Conflict("slug_taken", sentence).WithField("slug", sentence)
}

// Statuses are the states that the list is filtered by.
func Statuses() []string {
	return []string{tenancy.StatusActive, tenancy.StatusSuspended, tenancy.StatusCancelled}
}

// verb is what the platform does to a program.
type verb string

const (
	suspend verb = "suspend"
	resume  verb = "resume"
	cancel  verb = "cancel"
)

// next is the state machine. A verb that does not fit is a conflict that says why.
func next(from string, v verb) (string, error) {
	switch {
	case v == suspend && from == tenancy.StatusActive:
		return tenancy.StatusSuspended, nil
	case v == resume && from != tenancy.StatusActive:
		return tenancy.StatusActive, nil
	case v == cancel && from != tenancy.StatusCancelled:
		return tenancy.StatusCancelled, nil
	default:
		return from, fault.Conflict("already_"+from, "This program is "+from+" already.")
	}
}
