package network

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tenancy"
)

// KindConnect is the job kind of Connect: what a hosted sign-up asks for.
const KindConnect = "network.connect"

// Connect is the order to ask the hub to take a new program in.
type Connect struct {
	Email string `json:"email"`
	Name  string `json:"name"`
}

// mailedFor is how long the link in the hub's mail is good.
const mailedFor = time.Hour

// ConnectInput is whom the hub is to mail, and what it is to call the program.
type ConnectInput struct {
	ContactEmail string
	ContactName  string
	DisplayName  string
}

func (in *ConnectInput) check() error {
	fields := fault.Fields{}
	in.ContactEmail = person.Email(fields, "contact_email", in.ContactEmail)
	if strings.TrimSpace(in.ContactName) != "" {
		in.ContactName = person.Name(fields, "contact_name", in.ContactName)
	}
	in.DisplayName = person.Name(fields, "display_name", in.DisplayName)
	return fields.Err()
}

// Connect asks the hub to take the program in: what it needs is committed first, then the hub is
// called, then its answer is kept. A failure is told at once, and its key is worth nothing.
func (s *Service) Connect(ctx context.Context, unit tenancy.Unit, in ConnectInput) (protocol.SignedUp, error) {
	var answer protocol.SignedUp
	var ask protocol.SignUp
	var hub string
	err := unit(ctx, false, func(ctx context.Context) (err error) {
		hub, ask, err = s.begin(ctx, in)
		return err
	})
	if err != nil {
		return answer, err
	}
	failure := s.Hub.do(ctx, call{url: hub, method: http.MethodPost, path: protocol.PathSignUp, in: ask}, &answer)
	if failure == nil && answer.VendorID == "" {
		failure = &Refusal{err: errors.New("the answer names no vendor_id")}
	}
	err = unit(context.WithoutCancel(ctx), false, func(ctx context.Context) error { return s.begun(ctx, ask.State, answer, failure) })
	return answer, errors.Join(err, asFault(failure))
}

// asFault is what the caller is told of a failed call.
func asFault(failure error) error {
	if r, ok := errors.AsType[*Refusal](failure); ok {
		return r.fault()
	}
	return failure
}

// begin makes the key and the state, and says what to send where.
func (s *Service) begin(ctx context.Context, in ConnectInput) (hub string, ask protocol.SignUp, err error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return "", ask, err
	}
	m, err := findMembership(ctx, true)
	if err != nil {
		return "", ask, err
	}
	if hub = s.address(m); hub == "" {
		return "", ask, fault.Unavailable("network_url_not_configured", "There is no Network here: set NETWORK_URL.")
	}
	if err := in.check(); err != nil {
		return "", ask, err
	}
	if m.State == Failed {
		m.TokenCiphertext = nil // the hub refused it
	}
	if m.PendingKeyID != nil && !sameID(m.CallbackKeyID, *m.PendingKeyID) { // of a try that came to nothing
		if err := s.revokeKeys(ctx, m.PendingKeyID); err != nil {
			return "", ask, err
		}
	}
	key, plain, err := s.Keys.CreateForNetwork(ctx, protocol.CallbackScopes())
	if err != nil {
		return "", ask, err
	}
	state := auth.NewToken()
	hash, until := auth.HashToken(state), s.Now().Add(mailedFor)
	m.State, m.URL, m.LastError = Connecting, hub, nil
	m.DisplayName, m.ContactEmail, m.ContactName = &in.DisplayName, &in.ContactEmail, nil
	if in.ContactName != "" {
		m.ContactName = &in.ContactName
	}
	m.PendingStateHash, m.PendingKeyID, m.PendingVendorID, m.PendingUntil = &hash, &key.ID, nil, &until
	if err := saveMembership(ctx, m, s.Now()); err != nil {
		return "", ask, err
	}
	u := routes.From(ctx)
	return hub, protocol.SignUp{
		InstanceURL: u.Absolute(u.API("")), CallbackKey: plain, DisplayName: in.DisplayName, Tier: s.tier(),
		Contact: protocol.Contact{Email: in.ContactEmail, Name: in.ContactName}, CallbackURL: u.Absolute(u.NetworkComplete()), State: state,
	}, audit.Record(ctx, audit.Entry{Action: "network.connecting", SubjectKind: "program", SubjectID: tenancy.ID(ctx)})
}

func (s *Service) tier() string {
	if s.Multi {
		return protocol.TierHosted
	}
	return protocol.TierSelfHosted
}

// begun keeps the hub's answer, unless somebody has begun anew meanwhile.
func (s *Service) begun(ctx context.Context, state string, answer protocol.SignedUp, failure error) error {
	m, err := findMembership(ctx, true)
	if err != nil || m.PendingStateHash == nil || *m.PendingStateHash != auth.HashToken(state) {
		return err
	}
	if failure == nil {
		m.PendingVendorID = &answer.VendorID
		return saveMembership(ctx, m, s.Now())
	}
	if err := s.revokeKeys(ctx, m.PendingKeyID); err != nil {
		return err
	}
	m.PendingKeyID = nil
	m.fails(wordsOf(failure))
	return saveMembership(ctx, m, s.Now())
}

func wordsOf(failure error) string {
	if r, ok := errors.AsType[*Refusal](failure); ok {
		return r.Words()
	}
	return "Something went wrong on our side."
}

// Complete exchanges the token of the hub's mail for the program's own. It may be repeated: a lost
// answer is no dead end.
func (s *Service) Complete(ctx context.Context, unit tenancy.Unit, token, state string) (protocol.Exchanged, error) {
	var answer protocol.Exchanged
	var hub string
	err := unit(ctx, true, func(ctx context.Context) error {
		m, err := s.pending(ctx, state)
		hub = m.URL
		return err
	})
	if err != nil {
		return answer, err
	}
	if token == "" || len(token) > 500 {
		return answer, fault.InvalidField("ntoken", "This link is not complete. Open it from the mail once more.")
	}
	failure := s.Hub.do(ctx, call{url: hub, method: http.MethodPost, path: protocol.PathExchange, in: protocol.Exchange{Token: token, State: state}}, &answer)
	if r, ok := errors.AsType[*Refusal](failure); ok && !r.passing() {
		return answer, (&fault.Error{Kind: fault.KindBadGateway, Code: "network_call_failed", Message: r.Words() + " The link may be too old, or used: connect again to get a new one."}).Because(r)
	}
	if failure != nil {
		return answer, asFault(failure)
	}
	err = unit(context.WithoutCancel(ctx), false, func(ctx context.Context) error { return s.complete(ctx, state, answer) })
	return answer, err
}

// pending gives the membership whose connection is under way with this state.
func (s *Service) pending(ctx context.Context, state string) (Membership, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return Membership{}, err
	}
	m, err := findMembership(ctx, false)
	if err != nil {
		return m, err
	}
	if m.PendingStateHash == nil || subtle.ConstantTimeCompare([]byte(*m.PendingStateHash), []byte(auth.HashToken(state))) != 1 {
		return m, fault.InvalidField("state", "This link belongs to another try to connect. Open the link in the newest mail, or connect again.")
	}
	return m, nil
}

// complete stores the token. What stood before, an older key among it, ends here.
func (s *Service) complete(ctx context.Context, state string, answer protocol.Exchanged) error {
	m, err := findMembership(ctx, true)
	if err != nil {
		return err
	}
	if m.PendingStateHash == nil || *m.PendingStateHash != auth.HashToken(state) {
		return fault.Conflict("network_state_changed", "Somebody has begun to connect anew meanwhile.")
	}
	if m.PendingVendorID == nil || answer.VendorID != *m.PendingVendorID || answer.VendorToken == "" {
		return (&fault.Error{Kind: fault.KindBadGateway, Code: "network_call_failed", Message: "The Network answered for another program. Nothing was changed."})
	}
	if m.CallbackKeyID != nil && *m.CallbackKeyID != *m.PendingKeyID {
		if err := s.revokeKeys(ctx, m.CallbackKeyID); err != nil {
			return err
		}
	}
	sealed, err := s.Ring.Seal([]byte(answer.VendorToken), s.place(ctx))
	if err != nil {
		return err
	}
	now := s.Now()
	m.State, m.VendorID, m.TokenCiphertext, m.CallbackKeyID, m.LastError, m.ConnectedAt = Connected, m.PendingVendorID, &sealed, m.PendingKeyID, nil, &now
	if answer.DisplayName != "" {
		m.DisplayName = &answer.DisplayName
	}
	// The state stays, so that the exchange may be repeated; the hub says for how long.
	if err := saveMembership(ctx, m, now); err != nil {
		return err
	}
	if err := s.wakeAll(ctx); err != nil {
		return err
	}
	return audit.Record(ctx, audit.Entry{Action: "network.connected", SubjectKind: "program", SubjectID: tenancy.ID(ctx), Detail: map[string]string{"vendor_id": answer.VendorID}})
}

// Disconnect ends the membership: the hub is told if it can be reached, the key is worth nothing
// either way. What waits in the outbox stays until an admin discards it.
func (s *Service) Disconnect(ctx context.Context, unit tenancy.Unit) error {
	var url, token string
	err := unit(ctx, true, func(ctx context.Context) error {
		if err := auth.Require(ctx, auth.AdminScope); err != nil {
			return err
		}
		m, err := findMembership(ctx, false)
		if err != nil {
			return err
		}
		if m.State == None || m.State == Disconnected {
			return fault.Conflict("network_not_connected", "This program is not connected to the Network.")
		}
		if m.TokenCiphertext == nil {
			return nil // it never came to a token
		}
		url, token, err = s.token(ctx, m)
		return err
	})
	if err != nil {
		return err
	}
	var failure error
	if token != "" {
		failure = s.Hub.do(ctx, call{url: url, token: token, method: http.MethodPost, path: protocol.PathDisconnect, in: struct{}{}}, nil)
	}
	return unit(context.WithoutCancel(ctx), false, func(ctx context.Context) error { return s.disconnected(ctx, failure) })
}

func (s *Service) disconnected(ctx context.Context, failure error) error {
	m, err := findMembership(ctx, true)
	if err != nil {
		return err
	}
	if err := s.revokeKeys(ctx, m.CallbackKeyID, m.PendingKeyID); err != nil {
		return err
	}
	m.State, m.TokenCiphertext, m.CallbackKeyID, m.LastError = Disconnected, nil, nil, nil
	m.PendingStateHash, m.PendingVendorID, m.PendingKeyID, m.PendingUntil = nil, nil, nil, nil
	if failure != nil {
		words := "The Network was not told: " + wordsOf(failure)
		m.LastError = &words
	}
	if err := saveMembership(ctx, m, s.Now()); err != nil {
		return err
	}
	return audit.Record(ctx, audit.Entry{Action: "network.disconnected", SubjectKind: "program", SubjectID: tenancy.ID(ctx)})
}

// Rotate gets a new token; the hub takes the one before for ten minutes more.
func (s *Service) Rotate(ctx context.Context, unit tenancy.Unit) error {
	var answer protocol.Rotated
	before, err := s.ask(ctx, unit, auth.AdminScope, call{method: http.MethodPost, path: protocol.PathRotate, in: struct{}{}}, &answer)
	if err != nil {
		return err
	}
	if answer.VendorToken == "" {
		return (&Refusal{err: errors.New("the answer holds no token")}).fault()
	}
	return unit(context.WithoutCancel(ctx), false, func(ctx context.Context) error {
		m, err := findMembership(ctx, true)
		if err != nil {
			return err
		}
		if m.TokenCiphertext == nil || *m.TokenCiphertext != *before.TokenCiphertext {
			return fault.Conflict("network_state_changed", "Somebody has changed the connection meanwhile.")
		}
		sealed, err := s.Ring.Seal([]byte(answer.VendorToken), s.place(ctx))
		if err != nil {
			return err
		}
		m.TokenCiphertext = &sealed
		if err := saveMembership(ctx, m, s.Now()); err != nil {
			return err
		}
		return audit.Record(ctx, audit.Entry{Action: "network.token_rotated", SubjectKind: "program", SubjectID: tenancy.ID(ctx)})
	})
}

// ask makes one call with the membership's token, outside of any transaction.
func (s *Service) ask(ctx context.Context, unit tenancy.Unit, right string, c call, out any) (Membership, error) {
	var m Membership
	err := unit(ctx, true, func(ctx context.Context) (err error) {
		if err := auth.Require(ctx, right); err != nil {
			return err
		}
		if m, err = findMembership(ctx, false); err != nil {
			return err
		}
		c.url, c.token, err = s.token(ctx, m)
		return err
	})
	if err != nil {
		return m, err
	}
	if failure := s.Hub.do(ctx, c, out); failure != nil {
		return m, asFault(failure)
	}
	return m, nil
}

// Offered reports whether the operator named a hub.
func (s *Service) Offered() bool { return s.URL != "" }

// ConnectLater has a new program ask the hub by itself, after the sign-up and whatever comes of it.
func (s *Service) ConnectLater(ctx context.Context, email, name string) error {
	if !s.Offered() {
		return nil
	}
	return outbox.Add(ctx, outbox.Job{Kind: KindConnect, DedupeKey: KindConnect, Args: Connect{Email: email, Name: name}})
}

// ConnectNow does what ConnectLater ordered. Who connected by themselves meanwhile is left alone.
func (s *Service) ConnectNow(ctx context.Context, unit tenancy.Unit, order Connect) error {
	begun := false
	err := unit(ctx, true, func(ctx context.Context) error {
		m, err := findMembership(ctx, false)
		begun = m.State != None && m.State != Failed
		return err
	})
	if err != nil || begun {
		return err
	}
	_, err = s.Connect(ctx, unit, ConnectInput{ContactEmail: order.Email, ContactName: order.Name, DisplayName: tenancy.From(ctx).Name})
	return err
}

func sameID(a *uuid.UUID, b uuid.UUID) bool { return a != nil && *a == b }
