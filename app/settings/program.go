package settings

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/tenancy"
)

const (
	maxTerms   = 20_000 // characters
	maxWebsite = 2000
	maxVersion = 40
)

// Program is how a program presents itself.
type Program struct {
	Name         string `json:"-"` // of the tenant
	Website      string `json:"website,omitempty"`
	AccentColor  string `json:"accent_color,omitempty"` // #rrggbb, or empty for the standard colour
	Terms        string `json:"terms,omitempty"`
	TermsVersion string `json:"terms_version,omitempty"` // what partners agreed to; new with every change of the terms
}

// ProgramInput is what is to change; nil fields stay as they are.
type ProgramInput struct {
	Name, Website, AccentColor, Terms, TermsVersion *string
}

// Program gives the group.
func (s *Service) Program(ctx context.Context) (Program, error) {
	if err := mayRead(ctx); err != nil {
		return Program{}, err
	}
	return s.Brand(ctx)
}

// Brand is Program for everybody: what stands in mails and on public pages.
func (s *Service) Brand(ctx context.Context) (Program, error) {
	var p Program
	if err := load(ctx, keyProgram, &p); err != nil {
		return Program{}, err
	}
	name, err := displayName(ctx)
	p.Name = name
	return p, err
}

// UpdateProgram changes the fields that were sent.
func (s *Service) UpdateProgram(ctx context.Context, in ProgramInput) (Program, error) {
	if err := mayWrite(ctx); err != nil {
		return Program{}, err
	}
	if err := in.check(); err != nil {
		return Program{}, err
	}
	now := s.now()
	var p Program
	if err := lock(ctx, keyProgram, now, &p); err != nil {
		return Program{}, err
	}
	name, err := displayName(ctx)
	if err != nil {
		return Program{}, err
	}
	p.Name = name
	if in.Terms != nil && *in.Terms != p.Terms && in.TermsVersion == nil {
		version := nextVersion(p.TermsVersion, now)
		in.TermsVersion = &version
	}
	var changed changes
	set(&changed, "name", &p.Name, in.Name)
	set(&changed, "website", &p.Website, in.Website)
	set(&changed, "accent_color", &p.AccentColor, in.AccentColor)
	set(&changed, "terms", &p.Terms, in.Terms)
	set(&changed, "terms_version", &p.TermsVersion, in.TermsVersion)
	if p.Name != name {
		if err := rename(ctx, p.Name); err != nil {
			return Program{}, err
		}
		s.tenants.Forget(tenancy.From(ctx).Slug)
	}
	if err := store(ctx, keyProgram, p, now); err != nil {
		return Program{}, err
	}
	return p, record(ctx, keyProgram, changed)
}

// nextVersion names terms by the day on which they were written: 2025-06-01, 2025-06-01.2.
func nextVersion(current string, now time.Time) string {
	day := now.UTC().Format(time.DateOnly)
	if current == day {
		return day + ".2"
	}
	var n int
	if _, err := fmt.Sscanf(strings.TrimPrefix(current, day+"."), "%d", &n); err == nil && strings.HasPrefix(current, day+".") {
		return fmt.Sprintf("%s.%d", day, n+1)
	}
	return day
}

var hexColor = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// check normalises what was sent.
func (in *ProgramInput) check() error {
	fields := fault.Fields{}
	if in.Name != nil {
		name := person.Name(fields, "name", *in.Name)
		in.Name = &name
	}
	if in.Website != nil {
		website := strings.TrimSpace(*in.Website)
		if website != "" && !webAddress(website) {
			fields.Add("website", "This is not a web address, such as https://example.com.")
		}
		in.Website = &website
	}
	if in.AccentColor != nil {
		color := strings.ToLower(strings.TrimSpace(*in.AccentColor))
		if color != "" && !hexColor.MatchString(color) {
			fields.Add("accent_color", "This is not a colour, such as #3b5bdb.")
		}
		in.AccentColor = &color
	}
	if in.Terms != nil {
		terms := strings.TrimSpace(strings.ReplaceAll(*in.Terms, "\r\n", "\n"))
		if utf8.RuneCountInString(terms) > maxTerms {
			fields.Add("terms", "The terms have at most 20,000 characters.")
		}
		in.Terms = &terms
	}
	if in.TermsVersion != nil {
		version := person.Line(fields, "terms_version", *in.TermsVersion, maxVersion)
		in.TermsVersion = &version
	}
	return fields.Err()
}

// webAddress reports whether text is a http(s) URL with a host and without a password.
func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil && len(text) <= maxWebsite
}
