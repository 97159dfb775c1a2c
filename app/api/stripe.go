package api

import (
	"errors"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/app/stripeinbox"
)

// StripeRoutes take events that Stripe sends. They run as the system role, as nobody knows yet whose
// an event is; who may send is told by the signature. The endpoint of one program of many has its
// slug in the path, and no tenant by it: also a suspended program goes on taking.
func (s *Server) StripeRoutes() []edge.Route {
	take := func(path, endpoint string) edge.Route {
		return edge.Route{
			Method: http.MethodPost, Path: path, Group: edge.Global, Auth: edge.Signature, Root: true,
			Handle: func(c echo.Context) error { return s.stripeReceive(c, endpoint) },
		}
	}
	routes := []edge.Route{take("/webhooks/stripe", stripeinbox.EndpointPlatform), take("/webhooks/stripe/connect", stripeinbox.EndpointConnect)}
	if s.Edge.Multi {
		routes = append(routes, take("/t/:slug/webhooks/stripe", stripeinbox.EndpointTenant))
	}
	return routes
}

// StripeSurface is how these routes fail; nobody signs in.
func (s *Server) StripeSurface() edge.Surface { return edge.Surface{Fail: s.Fail} }

type receivedJSON struct {
	Received bool `json:"received"`
}

func (s *Server) stripeReceive(c echo.Context, endpoint string) error {
	body, err := io.ReadAll(c.Request().Body)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return errTooLarge()
	}
	if err != nil {
		return err
	}
	err = s.Stripe.Receive(c.Request().Context(), stripeinbox.Delivery{
		Endpoint: endpoint, Slug: c.Param("slug"), Body: body, Signature: c.Request().Header.Get("Stripe-Signature"),
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, receivedJSON{true})
}

type stripeIn struct {
	SecretKey     Field[string] `json:"secret_key"`
	WebhookSecret Field[string] `json:"webhook_secret"`
	ExcludeTax    Field[bool]   `json:"exclude_tax"`
}

type stripeJSON struct {
	HasSecretKey     bool `json:"has_secret_key"`
	HasWebhookSecret bool `json:"has_webhook_secret"`
	ExcludeTax       bool `json:"exclude_tax"`
}

func (s *Server) stripeShow(c echo.Context) error {
	g, err := s.Settings.Stripe(c.Request().Context())
	return writeStripe(c, g, err)
}

func (s *Server) stripeUpdate(c echo.Context) error {
	var in stripeIn
	if err := read(c, &in); err != nil {
		return err
	}
	g, err := s.Settings.UpdateStripe(c.Request().Context(), settings.StripeInput{
		SecretKey: sent(in.SecretKey), WebhookSecret: sent(in.WebhookSecret), ExcludeTax: in.ExcludeTax.Ptr(),
	})
	return writeStripe(c, g, err)
}

func writeStripe(c echo.Context, g settings.Stripe, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, stripeJSON{g.HasSecretKey(), g.HasWebhookSecret(), g.ExcludeTax})
}
