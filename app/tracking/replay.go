package tracking

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// The rhythm of catching up: soon after an outage began, and else now and then, for what a
// dead process left and for the last ones that went to the spool while an outage ended.
const (
	probeEvery   = 250 * time.Millisecond
	catchUpEvery = 5 * time.Second
)

// catchUp ends outages and empties the spool, until ctx ends.
func (r *Recorder) catchUp(ctx context.Context) {
	for {
		if err := r.probe(ctx); err != nil && ctx.Err() == nil {
			r.outage.begin(err)
		}
		pause, began := catchUpEvery, r.outage.beginning()
		if r.outage.on() {
			pause, began = probeEvery, nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-began:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// probe asks whether the database answers, and stores what is in the spool. An outage is over
// when something has been stored, or when there is nothing to store.
func (r *Recorder) probe(ctx context.Context) error {
	asked, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	if err := r.o.System.Ping(asked); err != nil {
		return fmt.Errorf("ask the database whether it is there: %w", err)
	}
	if r.spool != nil {
		if err := r.spool.Replay(func(records [][]byte) error { return r.replay(ctx, records) }); err != nil {
			return err
		}
	}
	r.outage.end()
	return nil
}

// replay stores records of the spool; clicks that are in the database already stay as they are.
func (r *Recorder) replay(ctx context.Context, records [][]byte) error {
	var arrivals []Arrival
	text := map[uuid.UUID][]byte{}
	for _, record := range records {
		a, err := decodeArrival(record)
		if err != nil {
			r.o.Log.Error("a record of the spool can't be read", "error", err)
			if err := r.spool.PutAside(record); err != nil {
				return err
			}
			continue
		}
		arrivals = append(arrivals, a)
		text[a.Click.ID] = record
	}
	refused, err := r.store(ctx, arrivals)
	if err != nil {
		return err
	}
	for id := range refused {
		if err := r.spool.PutAside(text[id]); err != nil {
			return err
		}
	}
	r.counts.replayed.Add(int64(len(arrivals) - len(refused)))
	r.outage.end()
	return nil
}

// spooled is an Arrival as it stands in the spool. Names may be added, never changed: an older
// process may have written them.
type spooled struct {
	Tenant      uuid.UUID         `json:"t"`
	ID          uuid.UUID         `json:"id"`
	Link        *uuid.UUID        `json:"l,omitempty"`
	Partner     uuid.UUID         `json:"p"`
	Campaign    uuid.UUID         `json:"c"`
	Destination string            `json:"d"`
	IPHash      *string           `json:"ip_hash,omitempty"`
	UserAgent   *string           `json:"ua,omitempty"`
	Referer     *string           `json:"ref,omitempty"`
	UTM         map[string]string `json:"utm,omitempty"`
	SubIDs      map[string]string `json:"sub,omitempty"`
	Flag        Flag              `json:"flag,omitempty"`
	OccurredAt  time.Time         `json:"at"`
	CreatedAt   time.Time         `json:"created_at"`
	Clicks      int               `json:"v_clicks"`
	Seconds     int               `json:"v_seconds"`
}

func encodeArrival(a Arrival) []byte {
	c := a.Click
	// Strings, numbers and times of this age always encode.
	record, _ := json.Marshal(spooled{
		Tenant: a.TenantID, ID: c.ID, Link: c.LinkID, Partner: c.PartnerID, Campaign: c.CampaignID, Destination: c.DestinationURL,
		IPHash: c.IPHash, UserAgent: c.UserAgent, Referer: c.Referer, UTM: c.UTM, SubIDs: c.SubIDs, Flag: c.Flag,
		OccurredAt: c.OccurredAt, CreatedAt: c.CreatedAt, Clicks: a.Velocity.Clicks, Seconds: a.Velocity.Seconds,
	})
	return record
}

func decodeArrival(record []byte) (Arrival, error) {
	var s spooled
	if err := json.Unmarshal(record, &s); err != nil {
		return Arrival{}, fmt.Errorf("decode a spooled click: %w", err)
	}
	return Arrival{
		TenantID: s.Tenant,
		Click: Click{
			ID: s.ID, LinkID: s.Link, PartnerID: s.Partner, CampaignID: s.Campaign, DestinationURL: s.Destination,
			IPHash: s.IPHash, UserAgent: s.UserAgent, Referer: s.Referer, UTM: s.UTM, SubIDs: s.SubIDs, Flag: s.Flag,
			OccurredAt: s.OccurredAt, CreatedAt: s.CreatedAt,
		},
		Velocity: Velocity{Clicks: s.Clicks, Seconds: s.Seconds},
	}, nil
}
