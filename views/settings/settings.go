package settings

import (
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/views/ui"
)

// ProgramPage is the form of the program.
type ProgramPage struct {
	Name, Website, AccentColor, Terms, TermsVersion string
	Errors                                          fault.Fields
}

// standardColor is the accent of a program that chose none.
const standardColor = "#3b5bdb"

func (p ProgramPage) color() string {
	if p.AccentColor == "" {
		return standardColor
	}
	return p.AccentColor
}

func (p ProgramPage) versionHint() string {
	if p.TermsVersion == "" {
		return "Each change becomes a new version."
	}
	return "This is version " + p.TermsVersion + "; a change becomes a new one."
}

// MailPage is the form of mail. Secrets go in and never come out.
type MailPage struct {
	Transport, Host, Port, TLS, Username string
	FromEmail, FromName, ReplyTo         string
	HasPassword, HasToken                bool
	Operator                             bool // the operator's server sends where the program has none
	Errors                               fault.Fields
}

func transports(operator bool) []ui.Option {
	none := ui.Option{Value: string(settings.TransportNone), Label: "By the operator's server", Hint: "Nothing to set up."}
	if !operator {
		none = ui.Option{Value: string(settings.TransportNone), Label: "Not yet", Hint: "Mails wait until you choose one of the others."}
	}
	return []ui.Option{
		none,
		{Value: string(settings.TransportSMTP), Label: "By your own mail server", Hint: "Any SMTP server."},
		{Value: string(settings.TransportPostmark), Label: "By Postmark", Hint: "With a server API token."},
	}
}

func encryptions() []ui.Option {
	labels := []string{"When the server offers it", "Always (STARTTLS)", "From the first byte (port 465)", "Never"}
	var out []ui.Option
	for i, value := range settings.Encryptions() {
		out = append(out, ui.Option{Value: value, Label: labels[i]})
	}
	return out
}

func kept(has bool, what string) string {
	if has {
		return "A " + what + " is kept. Leave this empty to keep it."
	}
	return ""
}

// TrackingPage is the form of tracking.
type TrackingPage struct {
	HasSecret, RequireSignature bool
	NewSecret                   string // shown once
	Errors                      fault.Fields
}

func (p TrackingPage) secretLabel() string {
	if p.HasSecret {
		return "Replace the secret by a new one"
	}
	return "Make a secret"
}

// FraudPage is the form of the fraud rules, as it was typed.
type FraudPage struct {
	Clicks, Seconds string
	Errors          fault.Fields
}
