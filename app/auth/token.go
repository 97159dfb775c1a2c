package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash/crc32"
	"strings"
)

// NewToken makes a token of 256 random bits for links in mails and the like.
func NewToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// HashToken is what is stored of a token or key. The inputs are random and long, so a plain
// SHA-256 can't be reversed.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

const (
	keyPrefix   = "op_live_"
	keyBody     = 32 // base62 digits: 190 random bits
	keyCheck    = 6  // base62 digits of the CRC-32 of the body
	keyShown    = 12 // how much of a key lists show
	base62      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	unbiasedTop = 248 // the largest multiple of 62 in a byte
)

// newKey makes an API key: prefix, random body, check digits that let a scanner tell a real key
// from a look-alike without asking us.
func newKey() string {
	body := make([]byte, 0, keyBody)
	var b [64]byte
	for len(body) < keyBody {
		_, _ = rand.Read(b[:])
		for _, c := range b {
			if c < unbiasedTop && len(body) < keyBody {
				body = append(body, base62[c%62])
			}
		}
	}
	return keyPrefix + string(body) + checkDigits(string(body))
}

// wellFormed reports whether text could be one of our keys, before the database is asked.
func wellFormed(text string) bool {
	rest, ok := strings.CutPrefix(text, keyPrefix)
	if !ok || len(rest) != keyBody+keyCheck {
		return false
	}
	return checkDigits(rest[:keyBody]) == rest[keyBody:]
}

func checkDigits(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	out := make([]byte, keyCheck)
	for i := keyCheck - 1; i >= 0; i-- {
		out[i] = base62[sum%62]
		sum /= 62
	}
	return string(out)
}
