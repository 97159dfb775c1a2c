package webhooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/netguard"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/tenancy"
)

const (
	// Timeout is how long a receiver may take.
	Timeout = 15 * time.Second
	maxRead = 64 << 10 // of an answer
	maxKept = 1000     // characters of it
	// patience is how long an endpoint may fail before nothing is sent to it any more.
	patience = 3 * 24 * time.Hour
)

// KindDisabled is the job kind of Disabled.
const KindDisabled = "webhooks.disabled"

// Disabled is the order to tell an admin that an endpoint is not told anything any more.
type Disabled struct {
	EndpointID uuid.UUID `json:"endpoint_id"`
	AdminID    uuid.UUID `json:"admin_id"`
}

// Call is a message that is ready to be sent.
type Call struct {
	Delivery Delivery
	url      string
	secrets  []string
}

// Prepare reads what is to be sent. A message that is no longer to be sent is a not-found fault.
func (s *Service) Prepare(ctx context.Context, order Deliver) (Call, error) {
	d, err := findDelivery(ctx, order.DeliveryID, false)
	if err != nil {
		return Call{}, err
	}
	e, err := findEndpoint(ctx, d.EndpointID, false)
	if err != nil {
		return Call{}, err
	}
	over := d.Status != StatusPending && d.Status != StatusFailed
	if over || (e.Status != StatusActive && d.EventType != testMessage) {
		return Call{}, fault.NotFound("message to send")
	}
	c := Call{Delivery: d, url: e.URL}
	secret, err := s.open(ctx, columnSecret, e.ID, e.SecretCiphertext)
	if err != nil {
		return Call{}, err
	}
	c.secrets = append(c.secrets, string(secret))
	if e.PreviousSecretCiphertext != nil && s.now().Before(*e.PreviousUntil) {
		former, err := s.open(ctx, columnPrevious, e.ID, *e.PreviousSecretCiphertext)
		if err != nil {
			return Call{}, err
		}
		c.secrets = append(c.secrets, string(former))
	}
	return c, nil
}

// Answer is what came back.
type Answer struct {
	Status     int // 0 for none
	Took       time.Duration
	Body       string
	RetryAfter time.Duration
	Err        error
}

// Taken reports whether the receiver has the message. A redirect is none of our business: what is
// elsewhere was not asked for.
func (a Answer) Taken() bool { return a.Err == nil && a.Status >= 200 && a.Status < 300 }

func (a Answer) problem() string {
	switch {
	case netguard.Refused(a.Err):
		return "This address can't be called from here."
	case errors.Is(a.Err, context.DeadlineExceeded):
		return "No answer within 15 seconds."
	case a.Err != nil:
		return a.Err.Error()
	case a.Status >= 300 && a.Status < 400:
		return "The receiver redirects elsewhere, which is not followed."
	default:
		return fmt.Sprintf("The receiver answered %d.", a.Status)
	}
}

// Send makes the call, outside of any transaction.
func (s *Service) Send(ctx context.Context, c Call) Answer {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	began := time.Now()
	a := s.send(ctx, c)
	a.Took = time.Since(began)
	return a
}

func (s *Service) send(ctx context.Context, c Call) Answer {
	now := s.now()
	body := []byte(c.Delivery.Payload)
	signature, err := sign(c.secrets, c.Delivery.MessageID, now, body)
	if err != nil {
		return Answer{Err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return Answer{Err: err}
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "OpenPartner-Webhooks/1",
		"Webhook-Id": c.Delivery.MessageID, "Webhook-Timestamp": strconv.FormatInt(now.Unix(), 10), "Webhook-Signature": signature,
	} {
		req.Header.Set(name, value)
	}
	res, err := s.guard.Client().Do(req)
	if err != nil {
		return Answer{Err: err}
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxRead))
	if err != nil {
		return Answer{Err: err, Status: res.StatusCode}
	}
	return Answer{Status: res.StatusCode, Body: beginning(text), RetryAfter: retryAfter(res, now)}
}

// beginning is what is kept of an answer.
func beginning(text []byte) string {
	plain := strings.ReplaceAll(strings.ToValidUTF8(string(text), "\uFFFD"), "\x00", "\uFFFD")
	if utf8.RuneCountInString(plain) > maxKept {
		plain = string([]rune(plain)[:maxKept])
	}
	return plain
}

// retryAfter reads when a busy receiver wants to be asked again.
func retryAfter(res *http.Response, now time.Time) time.Duration {
	if res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	text := res.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(seconds, 0)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// Settle records what came of a call: the message is delivered, comes again later, or is given up.
func (s *Service) Settle(ctx context.Context, c Call, a Answer) error {
	d, err := findDelivery(ctx, c.Delivery.ID, true)
	if fault.Is(err, fault.KindNotFound) {
		return nil // the endpoint was deleted meanwhile
	}
	if err != nil {
		return err
	}
	now := s.now()
	d.Attempts++
	ms := int(a.Took.Milliseconds())
	d.AttemptedAt, d.NextAttemptAt, d.ResponseMS, d.ResponseStatus, d.ResponseBody, d.Error = &now, nil, &ms, nil, nil, nil
	if a.Status != 0 {
		d.ResponseStatus, d.ResponseBody = &a.Status, &a.Body
	}
	if a.Taken() {
		d.Status = StatusDelivered
		if err := updateDelivery(ctx, d); err != nil {
			return err
		}
		return clearFailing(ctx, d.EndpointID)
	}
	problem := a.problem()
	d.Error = &problem
	wait, again := nextWait(d.Attempts, a.RetryAfter, rand.Float64())
	if again = again && d.EventType != testMessage && a.Status != http.StatusGone; again {
		at := now.Add(wait)
		d.Status, d.NextAttemptAt = StatusFailed, &at
	} else {
		d.Status = StatusDead
	}
	if err := updateDelivery(ctx, d); err != nil {
		return err
	}
	if again {
		if err := outbox.Add(ctx, outbox.Job{Kind: KindDeliver, Args: Deliver{DeliveryID: d.ID}, After: wait}); err != nil {
			return err
		}
	}
	if d.EventType == testMessage {
		return nil
	}
	return s.failed(ctx, d.EndpointID, a, now)
}

// failed notes since when an endpoint fails. One that says that it is gone, or that has failed for
// days, is not told anything any more, and the admins hear of it.
func (s *Service) failed(ctx context.Context, endpoint uuid.UUID, a Answer, now time.Time) error {
	e, err := findEndpoint(ctx, endpoint, true)
	if err != nil {
		return err
	}
	if e.FailingSince == nil {
		e.FailingSince = &now
	}
	reason := ""
	switch {
	case a.Status == http.StatusGone:
		reason = "The receiver answered 410: it is gone."
	case now.Sub(*e.FailingSince) >= patience:
		reason = "It has failed for three days."
	}
	if reason == "" || e.Status != StatusActive {
		return updateEndpoint(ctx, e)
	}
	e.Status, e.DisabledReason = StatusDisabled, &reason
	if err := updateEndpoint(ctx, e); err != nil {
		return err
	}
	s.wanted.forget(tenancy.ID(ctx))
	admins, err := s.admins.Deciding(ctx)
	if err != nil {
		return err
	}
	for _, admin := range admins {
		if err := outbox.Add(ctx, outbox.Job{Kind: KindDisabled, Args: Disabled{EndpointID: e.ID, AdminID: admin}}); err != nil {
			return err
		}
	}
	return audit.Record(ctx, audit.Entry{Action: "webhook.disabled", SubjectKind: "webhook", SubjectID: e.ID, Detail: map[string]string{"reason": reason}})
}
