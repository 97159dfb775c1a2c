package settings

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tenancy"
)

// sealedSuffix ends the name of every sealed secret in a group's value.
const sealedSuffix = "_sealed"

// sealed are the secrets of each group, by their names without the suffix. The name is part of
// what a secret is bound to.
func sealed() map[string][]string {
	return map[string][]string{
		keyMail:     {"password", "token"},
		keyTracking: {"identify_secret"},
		keyStripe:   {stripeKey, stripeSecret},
	}
}

// Reseal seals the program's secrets with the first key, and counts those that another one had
// sealed.
func (s *Service) Reseal(ctx context.Context) (int, error) {
	n := 0
	for key, fields := range sealed() {
		changed, err := s.resealGroup(ctx, key, fields)
		if err != nil {
			return n, err
		}
		n += changed
	}
	return n, nil
}

// resealGroup touches nothing of a group but the texts of its secrets.
func (s *Service) resealGroup(ctx context.Context, key string, fields []string) (n int, err error) {
	value := map[string]json.RawMessage{}
	err = scan(ctx, db.Tx(ctx).NewRaw(`select value from config where key = ? for update`, key), key, &value)
	if err != nil {
		return 0, err
	}
	for _, field := range fields {
		var old string
		if raw, kept := value[field+sealedSuffix]; kept {
			if err := json.Unmarshal(raw, &old); err != nil {
				return 0, fmt.Errorf("read the %s of %s: %w", field, key, err)
			}
		}
		if old == "" {
			continue
		}
		fresh, err := s.ring.Reseal(old, place(tenancy.ID(ctx), key, field))
		if err != nil {
			return 0, fmt.Errorf("seal the %s of %s again: %w", field, key, err)
		}
		if fresh == old {
			continue
		}
		if value[field+sealedSuffix], err = json.Marshal(fresh); err != nil {
			return 0, fmt.Errorf("encode the %s of %s: %w", field, key, err)
		}
		n++
	}
	if n == 0 {
		return 0, nil
	}
	return n, store(ctx, key, value, s.now())
}

// CountSealed counts the secrets of all programs in sight by the id of the key that sealed them.
func CountSealed(ctx context.Context) (map[string]int, error) {
	var rows []struct {
		Key string
		N   int
	}
	err := db.Tx(ctx).NewRaw(`
		select split_part(f.value, '.', 2) as key, count(*) as n
		from config, jsonb_each_text(config.value) f
		where f.key like '%\_sealed' and f.value <> '' group by 1`).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count sealed settings: %w", err)
	}
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.Key] = r.N
	}
	return counts, nil
}
