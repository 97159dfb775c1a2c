package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/tenancy"
)

// APIKey is a program's way in. The key itself is shown once and never stored.
type APIKey struct {
	bun.BaseModel `bun:"table:api_keys"`

	TenantID   uuid.UUID `bun:",pk"`
	ID         uuid.UUID `bun:",pk"`
	Name       string
	Prefix     string
	KeyHash    string
	Kind       string
	PartnerID  *uuid.UUID
	Scopes     []string `bun:",array"`
	CreatedBy  *uuid.UUID
	LastUsedAt *time.Time
	ExpiresAt  *time.Time
	RevokedAt  *time.Time
	CreatedAt  time.Time
}

// Status is active, expired or revoked at the given time.
func (k APIKey) Status(now time.Time) string {
	switch {
	case k.RevokedAt != nil:
		return keyRevoked
	case k.ExpiresAt != nil && !k.ExpiresAt.After(now):
		return keyExpired
	default:
		return keyActive
	}
}

// APIKeyInput is what is typed to make a key.
type APIKeyInput struct {
	Name      string
	Kind      string // admin, partner or scoped
	PartnerID *uuid.UUID
	Scopes    []string
	ExpiresAt *time.Time
}

// APIKeys makes, revokes and recognises keys.
type APIKeys struct {
	now func() time.Time

	mu    sync.Mutex
	noted map[uuid.UUID]time.Time // when this process noted last that a key was used
}

// NewAPIKeys makes the service.
func NewAPIKeys(now func() time.Time) *APIKeys {
	return &APIKeys{now: now, noted: map[uuid.UUID]time.Time{}}
}

// Create makes a key and returns it in the clear, for the only time.
func (s *APIKeys) Create(ctx context.Context, in APIKeyInput) (APIKey, string, error) {
	if err := Require(ctx, AdminScope); err != nil {
		return APIKey{}, "", err
	}
	return s.store(ctx, in)
}

func (s *APIKeys) store(ctx context.Context, in APIKeyInput) (APIKey, string, error) {
	if err := in.check(s.now()); err != nil {
		return APIKey{}, "", err
	}
	return s.insert(ctx, in)
}

// CreateForNetwork makes the key by which the hub of the Network calls back.
func (s *APIKeys) CreateForNetwork(ctx context.Context, scopes []string) (APIKey, string, error) {
	if err := Require(ctx, AdminScope); err != nil {
		return APIKey{}, "", err
	}
	return s.insert(ctx, APIKeyInput{Name: "Network", Kind: keyNetwork, Scopes: scopes})
}

func (s *APIKeys) insert(ctx context.Context, in APIKeyInput) (APIKey, string, error) {
	now := s.now()
	plain := newKey()
	k := APIKey{
		TenantID: tenancy.ID(ctx), ID: ids.NewAt(now), Name: in.Name, Prefix: plain[:keyShown], KeyHash: HashToken(plain),
		Kind: in.Kind, PartnerID: in.PartnerID, Scopes: in.Scopes, ExpiresAt: in.ExpiresAt, CreatedAt: now,
	}
	if k.Scopes == nil {
		k.Scopes = []string{}
	}
	if p := From(ctx); p.ID != uuid.Nil {
		k.CreatedBy = &p.ID
	}
	err := db.Run(ctx, func(ctx context.Context) error {
		_, err := db.Tx(ctx).NewInsert().Model(&k).Exec(ctx)
		return db.Conflict(err)
	})
	if err != nil {
		return APIKey{}, "", fmt.Errorf("insert api key: %w", err)
	}
	entry := audit.Entry{Action: "api_key.created", SubjectKind: "api_key", SubjectID: k.ID, Detail: map[string]any{"kind": k.Kind, "scopes": k.Scopes}}
	return k, plain, audit.Record(ctx, entry)
}

func (in *APIKeyInput) check(now time.Time) error {
	fields := fault.Fields{}
	in.Name = person.Name(fields, "name", in.Name)
	switch in.Kind {
	case keyAdmin:
	case keyPartner:
		if in.PartnerID == nil {
			fields.Add("partner_id", "Choose the partner whose rows this key may see.")
		}
	case keyScoped:
		if len(in.Scopes) == 0 {
			fields.Add("scopes", "Choose at least one scope.")
		}
	default:
		fields.Add("kind", "Choose admin, partner or scoped.")
	}
	if in.Kind != keyPartner && in.PartnerID != nil {
		fields.Add("partner_id", "Only a key of kind partner has a partner.")
	}
	if in.Kind != keyScoped && len(in.Scopes) > 0 {
		fields.Add("scopes", "Only a key of kind scoped has scopes.")
	}
	for _, scope := range in.Scopes {
		if !slices.Contains(Scopes(), scope) {
			fields.Add("scopes", "There is no scope "+scope+".")
		}
	}
	slices.Sort(in.Scopes)
	in.Scopes = slices.Compact(in.Scopes)
	if in.ExpiresAt != nil && !in.ExpiresAt.After(now) {
		fields.Add("expires_at", "This is in the past.")
	}
	return fields.Err()
}

// Revoke makes a key worthless at once. A repeat is a no-op.
func (s *APIKeys) Revoke(ctx context.Context, id uuid.UUID) (APIKey, error) {
	if err := Require(ctx, AdminScope); err != nil {
		return APIKey{}, err
	}
	k, err := s.Find(ctx, id)
	if err != nil {
		return APIKey{}, err
	}
	return s.revoke(ctx, k)
}

func (s *APIKeys) revoke(ctx context.Context, k APIKey) (APIKey, error) {
	if k.RevokedAt != nil {
		return k, nil
	}
	now := s.now()
	k.RevokedAt = &now
	if _, err := db.Tx(ctx).NewUpdate().Model(&k).Column("revoked_at").WherePK().Exec(ctx); err != nil {
		return APIKey{}, fmt.Errorf("revoke api key: %w", err)
	}
	return k, audit.Record(ctx, audit.Entry{Action: "api_key.revoked", SubjectKind: "api_key", SubjectID: k.ID})
}

// Find gives one key.
func (s *APIKeys) Find(ctx context.Context, id uuid.UUID) (APIKey, error) {
	if err := Require(ctx, AdminReadScope); err != nil {
		return APIKey{}, err
	}
	var k APIKey
	err := db.Tx(ctx).NewSelect().Model(&k).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return APIKey{}, fault.NotFound("API key")
	}
	if err != nil {
		return APIKey{}, fmt.Errorf("find api key: %w", err)
	}
	return k, nil
}

// errNoKey is the one answer to a key that is missing, malformed, unknown, expired or revoked.
func errNoKey() error {
	return fault.Unauthorized("Send a valid API key as \"Authorization: Bearer op_live_...\".")
}

// Recognise finds the principal of a key sent in the clear. A partner's key is worth nothing while
// its partner is revoked or declined.
func (s *APIKeys) Recognise(ctx context.Context, plain string) (Principal, error) {
	if !wellFormed(plain) {
		return Principal{}, errNoKey()
	}
	var found []APIKey
	err := db.Hot(ctx, `
		select tenant_id, id, name, prefix, key_hash, kind, partner_id, scopes, created_by, last_used_at, expires_at, revoked_at, created_at
		from api_keys k where key_hash = $1::text and (partner_id is null or exists (
			select from partners p where p.tenant_id = k.tenant_id and p.id = k.partner_id and p.status not in ('revoked', 'declined')))`,
		HashToken(plain)).Scan(ctx, &found)
	if err != nil {
		return Principal{}, fmt.Errorf("find api key: %w", err)
	}
	if len(found) == 0 {
		return Principal{}, errNoKey()
	}
	k := found[0]
	if k.Status(s.now()) != keyActive {
		return Principal{}, errNoKey()
	}
	p := Principal{Kind: Key, ID: k.ID, KeyKind: k.Kind, Scopes: k.Scopes, Name: k.Name, Unnoted: s.unnoted(k)}
	if k.PartnerID != nil {
		p.PartnerID = *k.PartnerID
	}
	return p, nil
}

// unnoted reports whether the use of a key is to be written down, which is every five minutes at
// most: by the row for all replicas, and once by this one, however many requests come together.
func (s *APIKeys) unnoted(k APIKey) bool {
	now := s.now()
	if k.LastUsedAt != nil && now.Sub(*k.LastUsedAt) < touchEvery {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.noted[k.ID]) < touchEvery {
		return false
	}
	s.noted[k.ID] = now
	return true
}

// NoteUse writes down that a key was used.
func (s *APIKeys) NoteUse(ctx context.Context, id uuid.UUID) error {
	if _, err := db.Tx(ctx).NewRaw(`update api_keys set last_used_at = ? where id = ?`, s.now(), id).Exec(ctx); err != nil {
		return fmt.Errorf("note the use of an api key: %w", err)
	}
	return nil
}
