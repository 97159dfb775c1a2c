package ui

import (
	"fmt"
	"strings"
	"time"
)

// Formatter is an amount that can write itself for people, with its currency.
type Formatter interface{ Format() string }

const (
	dayFormat    = "2 Jan 2006"
	minuteFormat = "2 Jan 2006, 15:04"
	exactFormat  = "2 January 2006, 15:04:05 UTC"
)

func iso(t time.Time) string   { return t.UTC().Format(time.RFC3339) }
func exact(t time.Time) string { return t.UTC().Format(exactFormat) }

// agoText says how long ago t was, seen from now, in the largest unit that fits.
func agoText(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < -time.Minute:
		return t.UTC().Format(minuteFormat)
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	case d < 48*time.Hour:
		return "yesterday"
	case d < 30*24*time.Hour:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	default:
		return t.UTC().Format(dayFormat)
	}
}

// negative reads the sign off a formatted amount.
func negative(text string) bool {
	return strings.ContainsAny(text, "-−(")
}

// BareURL is an address as people read it, without its scheme and a slash at its end.
func BareURL(address string) string {
	if _, rest, found := strings.Cut(address, "://"); found {
		address = rest
	}
	return strings.TrimSuffix(address, "/")
}

// StatusLabel is a state of the domain in words: "needs_review" is "Needs review".
func StatusLabel(status string) string {
	words := strings.ReplaceAll(status, "_", " ")
	if words == "" {
		return "–"
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// StatusTone is the colour of a state of the domain; unknown ones are neutral.
func StatusTone(status string) Tone {
	switch status {
	case "active", "approved", "paid", "done", "attributed", "delivered", "connected", "verified", "kept", "sent", "locked":
		return Success
	case "pending", "pending_review", "invited", "held", "queued", "planned", "draft_changes", "needs_review", "paused", "retrying", "applied":
		return Warning
	case "revoked", "reversed", "failed", "dead", "declined", "flagged", "suspended", "cancelled", "rejected", "disabled", "failing":
		return Critical
	case "running", "processing", "sending", "scheduled", "upcoming", "payable":
		return Info
	default:
		return Neutral
	}
}
