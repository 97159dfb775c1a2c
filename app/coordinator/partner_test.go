package coordinator_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/app/protocol"
)

// Whatever order words come in and however often, the newest one stands.
func TestRecord_Take_AnyOrder(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	states := []string{protocol.Pending, protocol.Active, protocol.Revoked}
	for seed := range uint64(200) {
		dice := rand.New(rand.NewPCG(seed, 1))
		words := make([]protocol.Upsert, 0, 20)
		for sequence := range int64(10) {
			word := protocol.Upsert{VendorPartnerID: "p", Sequence: sequence, Status: states[dice.IntN(3)], RevokedAt: &now}
			if word.Status != protocol.Revoked {
				word.Email, word.Name = "maya@example.com", "Maya"
			}
			words = append(words, word, word)
		}
		newest := words[len(words)-1]
		dice.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		begin := coordinator.Record{RecordID: uuid.New(), Sequence: -1}
		r, taken := begin, 0
		for _, word := range words {
			next, stale := r.Take(word, nil, now)
			if stale != (word.Sequence <= r.Sequence) {
				t.Fatalf("seed %d: stale is %v for %d after %d", seed, stale, word.Sequence, r.Sequence)
			}
			if !stale {
				taken++
			}
			r = next
		}
		want, _ := begin.Take(newest, nil, now)
		want.JoinedAt = r.JoinedAt
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("seed %d, %d taken: %s", seed, taken, diff)
		}
	}
}

func TestRecord_NetworkID(t *testing.T) {
	t.Parallel()
	creator := uuid.New()
	r := coordinator.Record{RecordID: uuid.New(), Sequence: -1}
	if r.NetworkID() != r.RecordID {
		t.Error("before they confirmed, a person has an id of the record")
	}
	known, _ := r.Take(protocol.Upsert{Sequence: 1, Status: protocol.Active, Email: "maya@example.com"}, &creator, time.Now())
	gone, _ := known.Take(protocol.Upsert{Sequence: 2, Status: protocol.Revoked}, nil, time.Now())
	if known.NetworkID() != creator || gone.NetworkID() != creator {
		t.Errorf("got %s and %s, want %s", known.NetworkID(), gone.NetworkID(), creator)
	}
}
