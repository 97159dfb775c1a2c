package tracking

import (
	"context"
	"fmt"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Gate lets visitors through links: the link from memory, the click by the recorder, no
// transaction of its own. It goes on while the database is away.
type Gate struct {
	Targets  *Targets
	Recorder *Recorder

	salts  *salts
	agents *agents
}

// NewGate makes the gate with its recorder, which has to be started.
func NewGate(o RecorderOptions) *Gate {
	r := newRecorder(o)
	return &Gate{
		Targets: newTargets(o.System, r.outage, o.Now), Recorder: r, salts: &salts{system: o.System}, agents: newAgents(),
	}
}

// Open records a visit to a link of the tenant in ctx and says where the visitor goes. When it
// returns, the click is durable. An unknown key is a not-found fault.
func (g *Gate) Open(ctx context.Context, v Visit) (Passage, error) {
	if !links.ValidKey(v.Key) {
		return Passage{}, fault.NotFound("link")
	}
	tenant := tenancy.ID(ctx)
	t, err := g.Targets.Find(ctx, tenant, links.Normalise(v.Key))
	if err != nil {
		return Passage{}, fmt.Errorf("open a link: %w", err)
	}
	passage, click := t.passage(v, g.agents.bot(v.UserAgent), g.Recorder.o.Now())
	if click == nil {
		return passage, nil
	}
	click.IPHash = g.hash(ctx, v, *click)
	err = g.Recorder.Record(Arrival{TenantID: tenant, Click: *click, Velocity: t.Velocity})
	switch {
	case err == nil:
		return passage, nil
	case unstorable(err):
		// The link is gone, or was never the tenant's: the visitor still gets there.
		return Passage{Location: Destination(click.DestinationURL, "", click.UTM, click.SubIDs)}, nil
	default:
		return Passage{}, fmt.Errorf("record a click: %w", err)
	}
}

// DatabaseAway has the next visitors go on without the database, when somebody else found that
// it does not answer.
func (g *Gate) DatabaseAway(why error) { g.Recorder.outage.begin(why) }

// hash gives the visitor's address hash, or none while the day's salt can't be had.
func (g *Gate) hash(ctx context.Context, v Visit, c Click) *string {
	if !v.Address.IsValid() {
		return nil
	}
	salt, err := g.salts.of(ctx, saltDay(c.OccurredAt, c.OccurredAt), g.Recorder.outage)
	if err != nil {
		return nil
	}
	return hashAddress(salt, v.Address)
}
