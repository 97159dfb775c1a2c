package coordinator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/secrets"
)

const tokenPrefix = "vt_"

// vendorToken is the token of an id. It is made of the id by a key of the keyring instead of being
// kept, so that an answer which was lost can be given again, and the database alone gives nobody in.
func (s *Service) vendorToken(id uuid.UUID) string {
	mac := hmac.New(sha256.New, s.tokens)
	mac.Write(id[:])
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// The places of what is sealed.
const (
	tableVendors     = "coordinator.vendors"
	tableConnections = "coordinator.connections"
	columnKey        = "callback_key_sealed"
)

func keyPlace(table string, row uuid.UUID) secrets.Place {
	return secrets.Place{Table: table, Column: columnKey, Row: row.String()}
}

func answerPlace(a Repeat) secrets.Place {
	return secrets.Place{Table: "coordinator.idempotency", Column: "body_sealed", Row: a.Caller + "|" + a.Route + "|" + a.Key}
}

func (s *Service) openKey(table string, row uuid.UUID, sealed string) (string, error) {
	plain, err := s.ring.Open(sealed, keyPlace(table, row))
	if err != nil {
		return "", fmt.Errorf("open a callback key: %w", err)
	}
	return string(plain), nil
}
