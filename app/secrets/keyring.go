// Package secrets seals what must be kept and not be read: mail passwords, tokens.
//
// AES-256-GCM, with the place of the secret (tenant, table, column, row) as associated data, so
// that a sealed text which is copied to another place does not open there. Every sealed text
// names its key, so keys can be rotated.
package secrets

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/uuid"
)

const (
	version = "v1"
	keySize = 32

	fingerprintSize = 8
)

// Place says where a secret belongs.
type Place struct {
	Tenant             uuid.UUID
	Table, Column, Row string
}

// bytes encodes the place so that no two places are alike: each part with its length.
func (p Place) bytes() []byte {
	out := append([]byte{}, p.Tenant[:]...)
	for _, part := range []string{p.Table, p.Column, p.Row} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part))) //nolint:gosec // names are short
		out = append(out, part...)
	}
	return out
}

// Keyring holds the keys; the first seals, all open.
type Keyring struct {
	first string
	keys  map[string][]byte
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// ParseKeyring reads "id:base64,id:base64", each key 32 bytes.
func ParseKeyring(text string) (*Keyring, error) {
	k := &Keyring{keys: map[string][]byte{}}
	for _, entry := range strings.Split(text, ",") {
		id, encoded, _ := strings.Cut(strings.TrimSpace(entry), ":")
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(key) != keySize || !idForm.MatchString(id) {
			return nil, errors.New("SECRETS_ENCRYPTION_KEY: not of the form id:base64,id:base64 with keys of 32 bytes")
		}
		if _, twice := k.keys[id]; twice {
			return nil, fmt.Errorf("SECRETS_ENCRYPTION_KEY: the key %s occurs twice", id)
		}
		k.keys[id] = key
		if k.first == "" {
			k.first = id
		}
	}
	return k, nil
}

// Generate makes a keyring of one fresh key, as text.
func Generate() string {
	var key [keySize]byte
	_, _ = rand.Read(key[:]) // crypto/rand never fails since Go 1.24
	return "k1:" + base64.StdEncoding.EncodeToString(key[:])
}

// Derive gives 32 bytes for another purpose, which tell nothing about the key itself.
func (k *Keyring) Derive(purpose string) []byte {
	out, err := hkdf.Key(sha256.New, k.keys[k.first], nil, "openpartner "+purpose, keySize)
	if err != nil {
		panic("secrets: " + err.Error()) // only for impossible lengths
	}
	return out
}

// Seal encrypts a secret for its place.
func (k *Keyring) Seal(plain []byte, at Place) (string, error) {
	gcm, err := k.cipher(k.first)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, gcm.NonceSize())
	_, _ = rand.Read(nonce) // crypto/rand never fails since Go 1.24
	sealed := gcm.Seal(nonce, nonce, plain, at.bytes())
	return version + "." + k.first + "." + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// ErrSealed is the answer to a text that does not open: damaged, moved, or of an unknown key.
var ErrSealed = errors.New("the secret does not open")

// Open decrypts a secret at its place.
func (k *Keyring) Open(sealed string, at Place) ([]byte, error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != version {
		return nil, ErrSealed
	}
	gcm, err := k.cipher(parts[1])
	if err != nil {
		return nil, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(raw) < gcm.NonceSize() {
		return nil, ErrSealed
	}
	plain, err := gcm.Open(nil, raw[:gcm.NonceSize()], raw[gcm.NonceSize():], at.bytes())
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// KeyOf is the id of the key that a text was sealed with; empty for what is not sealed.
func KeyOf(sealed string) string {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != version {
		return ""
	}
	return parts[1]
}

// First is the id of the key that seals.
func (k *Keyring) First() string { return k.first }

// Reseal seals what another key sealed with the first one. What the first sealed stays as it is,
// so that a repeat changes nothing.
func (k *Keyring) Reseal(sealed string, at Place) (string, error) {
	if KeyOf(sealed) == k.first {
		return sealed, nil
	}
	plain, err := k.Open(sealed, at)
	if err != nil {
		return "", err
	}
	return k.Seal(plain, at)
}

// Fingerprints tell keys of one id apart, and nothing about the keys.
func (k *Keyring) Fingerprints() map[string]string {
	out := map[string]string{}
	for id, key := range k.keys {
		derived, err := hkdf.Key(sha256.New, key, nil, "openpartner fingerprint", fingerprintSize)
		if err != nil {
			panic("secrets: " + err.Error()) // only for impossible lengths
		}
		out[id] = hex.EncodeToString(derived)
	}
	return out
}

// Holds reports whether a key of this id opens what was sealed with it.
func (k *Keyring) Holds(id string) bool { return k.keys[id] != nil }

func (k *Keyring) cipher(id string) (cipher.AEAD, error) {
	key, known := k.keys[id]
	if !known {
		return nil, fmt.Errorf("%w: its key %q is not in SECRETS_ENCRYPTION_KEY", ErrSealed, id)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	return cipher.NewGCM(block)
}
