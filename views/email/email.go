// Package email owns the form of every mail: brand on top, a few sentences, one button and the
// reason why it was sent, as HTML and as plain text from the same source.
//
// It knows neither who sends nor what about. Invariants: a mail loads nothing from anywhere, so it
// tracks nobody; inline style is made by the inliner alone and never written by hand.
package email

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/vanng822/go-premailer/premailer"
)

//go:embed email.css
var sheet string

// standardAccent is the colour of a program that has not chosen one.
const standardAccent = "#3b5bdb"

var hexColor = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// Props describes a mail around its body.
type Props struct {
	Brand      string // The program that writes.
	Accent     string // #rrggbb; anything else is the standard colour.
	Title      string // The heading, mostly the subject again.
	Preheader  string // What an inbox shows beside the subject.
	ButtonText string
	ButtonURL  string // Absolute. Without it there is no button.
	Reason     string // Why this mail came: "You get this because …"
}

func (p Props) accent() string {
	if !hexColor.MatchString(p.Accent) {
		return standardAccent
	}
	return strings.ToLower(p.Accent)
}

// css is the sheet with the colours of the brand put in.
func (p Props) css() string {
	return strings.NewReplacer("ACCENT", p.accent(), "INK", ink(p.accent())).Replace(sheet)
}

// Render gives the HTML of a mail with its style written into every element, because mail
// programs drop style sheets.
func Render(ctx context.Context, c templ.Component) (string, error) {
	source, err := render(ctx, c)
	if err != nil {
		return "", err
	}
	options := premailer.NewOptions(premailer.WithRemoveClasses(true), premailer.WithCssToAttributes(false))
	inliner, err := premailer.NewPremailerFromString(source, options)
	if err != nil {
		return "", fmt.Errorf("read a mail: %w", err)
	}
	out, err := inliner.Transform()
	if err != nil {
		return "", fmt.Errorf("inline the style of a mail: %w", err)
	}
	return out, nil
}

func render(ctx context.Context, c templ.Component) (string, error) {
	var out strings.Builder
	if err := c.Render(ctx, &out); err != nil {
		return "", fmt.Errorf("render a mail: %w", err)
	}
	return out.String(), nil
}

// ink is black or white, whichever reads better on a colour.
func ink(color string) string {
	if l := luminance(color); (l+0.05)/0.05 > 1.05/(l+0.05) {
		return "#000000"
	}
	return "#ffffff"
}

// luminance is the relative luminance of #rrggbb as WCAG defines it, 0 to 1.
func luminance(color string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return 0
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
