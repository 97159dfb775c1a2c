package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"strings"
)

// SetupCode is what the first visitor must show to install. It is derived from the deployment's
// own key, so every replica and every restart gives the same code and none is stored; it is
// worth nothing once there is an admin.
func SetupCode(key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("openpartner set-up code"))
	text := base32.StdEncoding.EncodeToString(mac.Sum(nil)[:10])
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:16]
}

// SameCode compares a typed code with the right one, in constant time and kindly: case and
// hyphens don't count.
func SameCode(typed, right string) bool {
	plain := func(s string) []byte {
		return []byte(strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(s)))
	}
	return subtle.ConstantTimeCompare(plain(typed), plain(right)) == 1
}
