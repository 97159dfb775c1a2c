package billing

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Options are what a Service is made of.
type Options struct {
	Mode       Mode
	Stripe     *pay.Client // of the operator's account; nil where programs pay nothing
	PriceFlat  string
	PriceUsage []string
	AnyAddress bool         // Stripe's part is played by somebody else, whose pages are elsewhere
	Unit       tenancy.Unit // of the system role, pinned to the program
	Admins     *auth.Admins
	Now        func() time.Time
}

// Service knows what programs pay.
type Service struct{ Options }

// NewService makes the service.
func NewService(o Options) *Service { return &Service{o} }

// Bills reports whether programs pay at all.
func (s *Service) Bills() bool { return s.Mode.Bills() }

// Show gives the account of the program in the context.
func (s *Service) Show(ctx context.Context) (Account, error) {
	if err := auth.Require(ctx, auth.AdminReadScope); err != nil {
		return Account{}, err
	}
	return findAccount(ctx, tenancy.ID(ctx))
}

// Reports gives the usage of the program day by day, the latest first.
func (s *Service) Reports(ctx context.Context, page paging.Page) (paging.Result[Report], error) {
	if err := auth.Require(ctx, auth.AdminReadScope); err != nil {
		return paging.Result[Report]{}, err
	}
	rows, err := listReports(ctx, page)
	if err != nil {
		return paging.Result[Report]{}, err
	}
	return paging.Cut(rows, page, func(r Report) paging.Cursor { return paging.Cursor{At: r.Day, ID: r.ID} }), nil
}

// Standing shows the operator's staff how a program pays.
func (s *Service) Standing(ctx context.Context, tenant uuid.UUID) (a Account, err error) {
	if err := auth.Require(ctx, auth.PlatformReadScope); err != nil {
		return Account{}, err
	}
	err = db.AllTenants(ctx, func(ctx context.Context) error {
		a, err = findAccount(ctx, tenant)
		return err
	})
	return a, err
}

// Subscribe gives the address at Stripe where the program subscribes. Who has begun already gets the
// same page again.
func (s *Service) Subscribe(ctx context.Context) (string, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return "", err
	}
	if !s.Bills() {
		return "", errNothingToPay()
	}
	if err := s.becomeCustomer(ctx); err != nil {
		return "", err
	}
	a, err := s.Refresh(ctx) // nobody subscribes twice because an event is late
	if err != nil {
		return "", err
	}
	if a.Lives() {
		return "", fault.Conflict("already_subscribed", "This program has subscribed already.")
	}
	if a.CheckoutSession != nil {
		begun, err := s.Stripe.FindCheckout(ctx, *a.CheckoutSession)
		if err != nil && !pay.Unknown(err) {
			return "", asFault(err)
		}
		if begun.Open {
			return s.address(begun.URL)
		}
	}
	return s.checkOut(ctx, *a.Customer)
}

// becomeCustomer makes the program a customer of the operator's, once.
func (s *Service) becomeCustomer(ctx context.Context) error {
	var a Account
	err := s.Unit(ctx, true, func(ctx context.Context) (err error) {
		a, err = findAccount(ctx, tenancy.ID(ctx))
		return err
	})
	if err != nil || a.Customer != nil {
		return err
	}
	t := tenancy.From(ctx)
	made, err := s.Stripe.OpenCustomer(ctx, pay.CustomerInput{
		Key: "customer_" + t.ID.String(), Description: "Program " + t.Slug, Metadata: s.metadata(ctx),
	})
	if err != nil {
		return asFault(err)
	}
	return s.Unit(context.WithoutCancel(ctx), false, func(ctx context.Context) error { return keepCustomer(ctx, made) })
}

func (s *Service) metadata(ctx context.Context) map[string]string {
	return map[string]string{"openpartner_tenant_id": tenancy.ID(ctx).String()}
}

// checkOut begins a new checkout. It moves no money by itself, so each has a key of its own.
func (s *Service) checkOut(ctx context.Context, customer string) (string, error) {
	u := routes.From(ctx)
	back := u.Absolute(u.Billing())
	in := pay.CheckoutInput{
		Key: "checkout_" + uuid.NewString(), Customer: customer, Metered: s.PriceUsage, Success: back, Cancel: back, Metadata: s.metadata(ctx),
	}
	if s.Mode == Flat {
		in.Flat = []string{s.PriceFlat}
	}
	begun, err := s.Stripe.StartCheckout(ctx, in)
	if err != nil {
		return "", asFault(err)
	}
	err = s.Unit(context.WithoutCancel(ctx), false, func(ctx context.Context) error {
		a, err := lockAccount(ctx, s.Now())
		if err != nil {
			return err
		}
		a.CheckoutSession = &begun.ID
		if err := saveAccount(ctx, a); err != nil {
			return err
		}
		return audit.Record(ctx, audit.Entry{Action: "billing.checkout_begun", SubjectKind: "program", SubjectID: tenancy.ID(ctx)})
	})
	if err != nil {
		return "", err
	}
	return s.address(begun.URL)
}

// OpenPortal gives the address at Stripe where cards, invoices and subscription are looked after.
func (s *Service) OpenPortal(ctx context.Context) (string, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return "", err
	}
	if !s.Bills() {
		return "", errNothingToPay()
	}
	var a Account
	err := s.Unit(ctx, false, func(ctx context.Context) (err error) {
		if a, err = findAccount(ctx, tenancy.ID(ctx)); err != nil {
			return err
		}
		if a.Customer == nil {
			return fault.Conflict("not_subscribed", "This program has not subscribed yet.")
		}
		return audit.Record(ctx, audit.Entry{Action: "billing.portal_opened", SubjectKind: "program", SubjectID: tenancy.ID(ctx)})
	})
	if err != nil {
		return "", err
	}
	u := routes.From(ctx)
	at, err := s.Stripe.OpenPortal(ctx, "portal_"+uuid.NewString(), *a.Customer, u.Absolute(u.Billing()))
	if err != nil {
		return "", asFault(err)
	}
	return s.address(at)
}

// address is a page that people may be sent to: Stripe's, whatever was answered.
func (s *Service) address(text string) (string, error) {
	u, err := url.Parse(text)
	stripes := err == nil && u.Scheme == "https" && u.User == nil && strings.HasSuffix("."+u.Hostname(), ".stripe.com")
	if !stripes && !(err == nil && s.AnyAddress && (u.Scheme == "https" || u.Scheme == "http")) {
		return "", &fault.Error{Kind: fault.KindBadGateway, Code: "stripe_call_failed", Message: "Stripe answered with an address that is not its own. Please tell the operator of this server."}
	}
	return text, nil
}

func errNothingToPay() error {
	return fault.Conflict("nothing_to_pay", "Nothing is billed on this server.")
}

// asFault is what an admin is told of a failed call. What Stripe said is about the operator's account.
func asFault(err error) error {
	if pay.Refused(err) {
		return (&fault.Error{Kind: fault.KindBadGateway, Code: "stripe_call_failed", Message: "Stripe refused. Please tell the operator of this server."}).Because(err)
	}
	return (&fault.Error{Kind: fault.KindGatewayTimeout, Code: "stripe_call_failed", Message: "Stripe did not answer. Please try again in a moment."}).Because(err)
}
