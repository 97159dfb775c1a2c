package tracking

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/openpartner/openpartner/app/db"
)

// hashAddress keeps of an address what recognises it today and nobody tomorrow: an HMAC with a
// salt that is destroyed after two days.
func hashAddress(salt []byte, addr netip.Addr) *string {
	mac := hmac.New(sha256.New, salt)
	_, _ = mac.Write(addr.AsSlice()) // a hash never fails
	var sum [sha256.Size]byte
	text := hex.EncodeToString(mac.Sum(sum[:0])[:16])
	return &text
}

// saltDay is the day whose salt an address gets: the visit's, but never one whose salt may
// have been destroyed, since a new one under the old day's name would outlive its time.
func saltDay(at, now time.Time) string {
	if at.Before(now.Add(-24 * time.Hour)) {
		at = now
	}
	return at.UTC().Format(time.DateOnly)
}

// salts remembers the salt of the day, so that a visit need not ask for it.
type salts struct {
	system *db.Pool

	mu   sync.Mutex
	day  string
	salt []byte
}

// of gives the salt of a day. The database is asked once a day.
func (s *salts) of(ctx context.Context, day string, o *outage) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.day == day {
		return s.salt, nil
	}
	if o.on() {
		return nil, errSlow
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.patience)
	defer cancel()
	salt, err := readSalt(func(fresh []byte) (salt []byte, err error) {
		err = s.system.Native().QueryRow(ctx, makeSalt, day, fresh).Scan(&salt)
		return salt, err
	})
	if err != nil {
		o.begin(err)
		return nil, err
	}
	s.day, s.salt = day, salt
	return salt, nil
}

// hashInTx hashes an address in the transaction of ctx; no address, no hash.
func hashInTx(ctx context.Context, address netip.Addr, at, now time.Time) (*string, error) {
	if !address.IsValid() {
		return nil, nil //nolint:nilnil // a click may come without an address
	}
	salt, err := readSalt(func(fresh []byte) (salt []byte, err error) {
		err = db.Tx(ctx).NewRaw(makeSaltInTx, saltDay(at, now), fresh).Scan(ctx, &salt)
		return salt, err
	})
	if err != nil {
		return nil, err
	}
	return hashAddress(salt, address), nil
}

// readSalt asks twice when there is no row: somebody else made the salt while we looked, which
// only the next statement sees.
func readSalt(ask func(fresh []byte) ([]byte, error)) ([]byte, error) {
	fresh := make([]byte, 32)
	_, _ = rand.Read(fresh) // crypto/rand never fails since Go 1.24
	salt, err := ask(fresh)
	if errors.Is(err, sql.ErrNoRows) {
		salt, err = ask(fresh)
	}
	if err != nil {
		return nil, fmt.Errorf("read the day's salt: %w", err)
	}
	return salt, nil
}

// The salt of a day is made by whoever needs it first; once for pgx and once for bun.
const (
	makeSalt = `
		with made as (
			insert into platform.daily_salts (day, salt) values ($1::date, $2) on conflict (day) do nothing returning salt)
		select salt from made union all select salt from platform.daily_salts where day = $1::date limit 1`
	makeSaltInTx = `
		with made as (
			insert into platform.daily_salts (day, salt) values (?0::date, ?1) on conflict (day) do nothing returning salt)
		select salt from made union all select salt from platform.daily_salts where day = ?0::date limit 1`
)
