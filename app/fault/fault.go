// Package fault is the one error type that may reach a person.
//
// It owns the split between what may be told (Code, Message, Fields) and what only the log
// sees (the cause). It does not know HTTP: each surface maps a Kind to its own answer.
// Invariant: nothing that a wrapped cause says is ever part of Message or Fields.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the meaning of a fault; every surface maps it to one answer.
type Kind int

// The kinds, with the HTTP status that the surfaces give them.
const (
	KindInvalid        Kind = iota + 1 // 422: the input was understood and refused
	KindMalformed                      // 400: the input could not be read
	KindUnauthorized                   // 401: nobody is signed in
	KindForbidden                      // 403: signed in, but not allowed
	KindNotFound                       // 404: missing, or another tenant's
	KindConflict                       // 409: true, but not now
	KindTooLarge                       // 413
	KindUnsupported                    // 415
	KindRateLimited                    // 429, with RetryAfter
	KindBadGateway                     // 502: a remote system failed
	KindGatewayTimeout                 // 504: a remote system did not answer in time
	KindUnavailable                    // 503: not configured, or the database is away
)

// Fields names what is wrong: input name -> one sentence for the person who typed it.
type Fields map[string]string

// Add notes a sentence for a field and keeps the first one when there are several.
func (f Fields) Add(name, sentence string) {
	if _, taken := f[name]; !taken {
		f[name] = sentence
	}
}

// Err is nil when no field is wrong, else an invalid fault that names them all.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return Invalid(f)
}

// Error is what a person may be told, with the cause kept apart for the log.
type Error struct {
	Kind       Kind
	Code       string        // the word programs branch on, such as "email_taken"
	Message    string        // a safe sentence
	Fields     Fields        // for KindInvalid, and conflicts that belong to one field
	Required   string        // the missing scope of a forbidden_scope fault
	RetryAfter time.Duration // for KindRateLimited
	cause      error
}

// Error is the text for the log: the code, the sentence and the cause.
func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.cause)
	}
	if len(e.Fields) > 0 {
		return fmt.Sprintf("%s: %s %v", e.Code, e.Message, map[string]string(e.Fields))
	}
	return e.Code + ": " + e.Message
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

// Because returns a copy that carries the cause for the log.
func (e *Error) Because(cause error) *Error {
	out := *e
	out.cause = cause
	return &out
}

// WithCode returns a copy with a more precise code.
func (e *Error) WithCode(code string) *Error {
	out := *e
	out.Code = code
	return &out
}

// WithField returns a copy that also names one input as the place of the fault.
func (e *Error) WithField(name, sentence string) *Error {
	out := *e
	out.Fields = Fields{name: sentence}
	for other, text := range e.Fields {
		out.Fields.Add(other, text)
	}
	return &out
}

// Invalid says which inputs are wrong and why.
func Invalid(fields Fields) *Error {
	return &Error{Kind: KindInvalid, Code: "invalid", Message: "Please correct the marked fields.", Fields: fields}
}

// InvalidField is Invalid for a single input.
func InvalidField(name, sentence string) *Error {
	return Invalid(Fields{name: sentence})
}

// Malformed says that the input could not be read at all.
func Malformed(message string) *Error {
	return &Error{Kind: KindMalformed, Code: "malformed_json", Message: message}
}

// Unauthorized says that nobody is signed in, or that the key is not one of ours.
func Unauthorized(message string) *Error {
	return &Error{Kind: KindUnauthorized, Code: "unauthorized", Message: message}
}

// Forbidden says that this person or key may not do it.
func Forbidden(code, message string) *Error {
	return &Error{Kind: KindForbidden, Code: code, Message: message}
}

// ForbiddenScope says which scope the key would have needed.
func ForbiddenScope(scope string) *Error {
	return &Error{
		Kind: KindForbidden, Code: "forbidden_scope", Required: scope,
		Message: "This key does not have the scope " + scope + ".",
	}
}

// NotFound says that there is no such thing here; the same words for missing and foreign.
func NotFound(what string) *Error {
	return &Error{Kind: KindNotFound, Code: "not_found", Message: "There is no such " + what + "."}
}

// Conflict says that the request was right but the present state refuses it.
func Conflict(code, message string) *Error {
	return &Error{Kind: KindConflict, Code: code, Message: message}
}

// RateLimited says when to try again.
func RateLimited(after time.Duration) *Error {
	return &Error{
		Kind: KindRateLimited, Code: "rate_limited", RetryAfter: after,
		Message: "Too many requests. Please wait a moment and try again.",
	}
}

// Unavailable says that a part is not configured or not reachable at the moment.
func Unavailable(code, message string) *Error {
	return &Error{Kind: KindUnavailable, Code: code, Message: message}
}

// From finds the fault in an error chain.
func From(err error) (*Error, bool) {
	return errors.AsType[*Error](err)
}

// Is reports whether the chain holds a fault of that kind.
func Is(err error, kind Kind) bool {
	f, ok := From(err)
	return ok && f.Kind == kind
}
