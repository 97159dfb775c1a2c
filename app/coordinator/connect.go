package coordinator

import (
	"context"
	"crypto/subtle"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/netguard"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/protocol"
)

// KindConnect is the job kind of Connect.
const KindConnect = "hub.connect"

// Connect is the order to mail the link that completes a connection.
type Connect struct {
	ConnectionID uuid.UUID `json:"connection_id"`
	Email        string    `json:"email"`
}

// Check reads a vendor's sign-up, before anybody is called.
func (s *Service) Check(in protocol.SignUp) (protocol.SignUp, error) {
	fields := fault.Fields{}
	wrong := func(field, sentence string) {
		if sentence != "" {
			fields.Add(field, sentence)
		}
	}
	var sentence string
	in.InstanceURL, sentence = instance(in.InstanceURL, s.plain, s.guard)
	wrong("instance_url", sentence)
	if sentence == "" {
		in.CallbackURL, sentence = callback(in.CallbackURL, in.InstanceURL, s.plain)
		wrong("callback_url", sentence)
	}
	in.DisplayName = person.Name(fields, "display_name", in.DisplayName)
	in.Contact.Email = person.Email(fields, "contact.email", in.Contact.Email)
	if in.Contact.Name != "" {
		in.Contact.Name = person.Name(fields, "contact.name", in.Contact.Name)
	}
	in.CallbackKey = person.Line(fields, "callback_key", in.CallbackKey, 200)
	in.State = person.Line(fields, "state", in.State, 200)
	if in.Tier != protocol.TierHosted && in.Tier != protocol.TierSelfHosted {
		fields.Add("tier", "Choose hosted or self_hosted.")
	}
	return in, fields.Err()
}

// Whoami asks the instance about the key that it gave us: it must open what the hub needs and nothing
// else. It calls the instance, so it must not run in a transaction.
func (s *Service) Whoami(ctx context.Context, in protocol.SignUp) error {
	type whoami struct {
		Role   string   `json:"role"`
		Scopes []string `json:"scopes"`
	}
	who, a := ask[whoami](ctx, s, call{method: http.MethodGet, base: in.InstanceURL, path: "whoami", key: in.CallbackKey})
	switch {
	case netguard.Refused(a.err):
		return fault.InvalidField("instance_url", "This address can't be called from here.")
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return fault.InvalidField("callback_key", "The instance does not know this key.")
	case !a.ok():
		f := &fault.Error{Kind: fault.KindBadGateway, Code: "instance_unreachable", Message: "The instance did not say who the key is: " + a.problem()}
		return f.Because(a.err)
	}
	needed := protocol.CallbackScopes()
	slices.Sort(needed)
	slices.Sort(who.Scopes)
	if who.Role != "scoped" || !slices.Equal(who.Scopes, needed) {
		return fault.InvalidField("callback_key", "The key must be a scoped one with exactly these scopes: partners:read, partners:write, links:write, commissions:read.")
	}
	return nil
}

// SignUp takes a vendor in that Check and Whoami found right. One instance is one vendor, however often
// it signs up; what it has stays as it is until the mailed token is exchanged.
func (s *Service) SignUp(ctx context.Context, in protocol.SignUp) (protocol.SignedUp, error) {
	now := s.now()
	v, err := claimVendor(ctx, Vendor{
		ID: ids.NewAt(now), InstanceURL: in.InstanceURL, DisplayName: in.DisplayName, Tier: in.Tier, Status: VendorPending,
		ContactEmail: in.Contact.Email, ContactName: in.Contact.Name, CreatedAt: now,
	})
	if err != nil {
		return protocol.SignedUp{}, err
	}
	if v.Suspended() {
		return protocol.SignedUp{}, errSuspended()
	}
	c := Connection{
		ID: ids.NewAt(now), VendorID: v.ID, DisplayName: in.DisplayName, Tier: in.Tier, ContactEmail: in.Contact.Email, ContactName: in.Contact.Name,
		CallbackURL: in.CallbackURL, State: in.State, ExpiresAt: now.Add(mailLife), CreatedAt: now,
	}
	if c.CallbackKeySealed, err = s.ring.Seal([]byte(in.CallbackKey), keyPlace(tableConnections, c.ID)); err != nil {
		return protocol.SignedUp{}, err
	}
	if err := replaceConnection(ctx, c); err != nil {
		return protocol.SignedUp{}, err
	}
	err = later(ctx, outbox.Job{Kind: KindConnect, Key: "connect:" + v.ID.String(), Args: Connect{ConnectionID: c.ID, Email: c.ContactEmail}})
	return protocol.SignedUp{VendorID: v.ID.String(), Status: string(VendorPending), EmailSent: true}, err
}

func errSuspended() error {
	return fault.Forbidden("vendor_suspended", "This program was suspended by the people who run the hub.")
}

// Letter is a mail about a connection, ready to be written.
type Letter struct {
	To, Name, Program, Link string
}

// MintConnect makes the link of a connection, at the last moment before it is mailed.
func (s *Service) MintConnect(ctx context.Context, order Connect) (Letter, error) {
	token := auth.NewToken()
	c, err := mintConnection(ctx, order.ConnectionID, auth.HashToken(token), s.now().Add(connectLife))
	if err != nil {
		return Letter{}, err
	}
	link, err := withToken(c.CallbackURL, token, c.State)
	return Letter{To: c.ContactEmail, Name: c.ContactName, Program: c.DisplayName, Link: link}, err
}

// Exchange turns the mailed token into the vendor's own. Whoever lost the answer may ask again for ten
// minutes, and gets the same one.
func (s *Service) Exchange(ctx context.Context, in protocol.Exchange) (protocol.Exchanged, error) {
	now := s.now()
	c, err := lockConnection(ctx, auth.HashToken(in.Token))
	if err != nil {
		return protocol.Exchanged{}, err
	}
	v, err := findVendor(ctx, c.VendorID, true)
	switch {
	case err != nil:
		return protocol.Exchanged{}, err
	case subtle.ConstantTimeCompare([]byte(c.State), []byte(in.State)) != 1:
		return protocol.Exchanged{}, fault.NotFound("connection")
	case v.Suspended():
		return protocol.Exchanged{}, errSuspended()
	case c.ExchangedAt != nil && now.Sub(*c.ExchangedAt) < overlap:
		return s.exchanged(ctx, c)
	case c.ExchangedAt != nil || !now.Before(c.ExpiresAt):
		return protocol.Exchanged{}, fault.NotFound("connection")
	}
	if err := s.join(ctx, v, c); err != nil {
		return protocol.Exchanged{}, err
	}
	token := ids.NewAt(now)
	if err := s.replaceTokens(ctx, v.ID, token, now); err != nil {
		return protocol.Exchanged{}, err
	}
	c.VendorTokenID, c.ExchangedAt = &token, &now
	if err := settleConnection(ctx, c); err != nil {
		return protocol.Exchanged{}, err
	}
	return s.exchanged(ctx, c)
}

// exchanged is the answer to an exchange, the first or a repeated one. A token that was replaced since
// is not given out again.
func (s *Service) exchanged(ctx context.Context, c Connection) (protocol.Exchanged, error) {
	token := s.vendorToken(*c.VendorTokenID)
	if _, err := findByToken(ctx, auth.HashToken(token), s.now()); err != nil {
		return protocol.Exchanged{}, fault.NotFound("connection").Because(err)
	}
	return protocol.Exchanged{VendorID: c.VendorID.String(), VendorToken: token, DisplayName: c.DisplayName, IssuedAt: c.ExchangedAt.UTC()}, nil
}

// join gives the vendor what its connection says.
func (s *Service) join(ctx context.Context, v Vendor, c Connection) error {
	key, err := s.openKey(tableConnections, c.ID, c.CallbackKeySealed)
	if err != nil {
		return err
	}
	sealed, err := s.ring.Seal([]byte(key), keyPlace(tableVendors, v.ID))
	if err != nil {
		return err
	}
	now := s.now()
	v.DisplayName, v.Tier, v.ContactEmail, v.ContactName = c.DisplayName, c.Tier, c.ContactEmail, c.ContactName
	v.CallbackKeySealed, v.Status, v.ConnectedAt = &sealed, VendorActive, &now
	return updateVendor(ctx, v)
}
