package coordinator

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/secrets"
)

// sealedKey is a callback key where it lies.
type sealedKey struct {
	ID     uuid.UUID
	Sealed string
}

// Reseal seals the hub's secrets with the first key, and counts what it changed.
func (s *Service) Reseal(ctx context.Context) (changed int, err error) {
	for _, table := range []string{tableVendors, tableConnections} {
		var rows []sealedKey
		err := db.Tx(ctx).NewRaw(`select id, callback_key_sealed as sealed from `+table+` where callback_key_sealed like 'v1.%' for update`).Scan(ctx, &rows)
		if err != nil {
			return changed, fmt.Errorf("read sealed keys: %w", err)
		}
		for _, row := range rows {
			anew, err := s.ring.Reseal(row.Sealed, keyPlace(table, row.ID))
			if err != nil || anew == row.Sealed {
				if err != nil {
					return changed, fmt.Errorf("seal a key anew: %w", err)
				}
				continue
			}
			changed++
			if err := exec(ctx, "store a key", `update `+table+` set callback_key_sealed = ? where id = ?`, anew, row.ID); err != nil {
				return changed, err
			}
		}
	}
	n, err := s.resealAnswers(ctx)
	return changed + n, err
}

func (s *Service) resealAnswers(ctx context.Context) (changed int, err error) {
	var rows []struct {
		Repeat

		BodySealed string
	}
	err = db.Tx(ctx).NewRaw(`select caller, route, key, body_sealed from coordinator.idempotency where body_sealed is not null for update`).Scan(ctx, &rows)
	if err != nil {
		return 0, fmt.Errorf("read sealed answers: %w", err)
	}
	for _, row := range rows {
		anew, err := s.ring.Reseal(row.BodySealed, answerPlace(row.Repeat))
		if err != nil {
			return changed, fmt.Errorf("seal an answer anew: %w", err)
		}
		if anew == row.BodySealed {
			continue
		}
		changed++
		err = exec(ctx, "store an answer", `update coordinator.idempotency set body_sealed = ? where caller = ? and route = ? and key = ?`, anew, row.Caller, row.Route, row.Key)
		if err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// CountSealed counts the hub's secrets by the id of the key that sealed them.
func CountSealed(ctx context.Context) (map[string]int, error) {
	var all []string
	err := db.Tx(ctx).NewRaw(`
		select callback_key_sealed from coordinator.vendors where callback_key_sealed is not null
		union all select callback_key_sealed from coordinator.connections where callback_key_sealed <> ''
		union all select body_sealed from coordinator.idempotency where body_sealed is not null`).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("count the hub's secrets: %w", err)
	}
	sum := map[string]int{}
	for _, text := range all {
		sum[secrets.KeyOf(text)]++
	}
	return sum, nil
}
