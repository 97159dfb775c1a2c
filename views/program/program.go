package program

import (
	"strconv"
	"strings"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/app/signup"
)

// Page is what strangers see of a program.
type Page struct {
	Form      signup.Form
	Campaigns []campaigns.Campaign // that it advertises with
}

// outcome says how one gets in.
func outcome(f signup.Form) string {
	switch {
	case f.Disabled:
		return "Sign-up is not open at the moment. Partners sign in as always."
	case f.Policy == settings.AutoApprove:
		return "You are in at once: confirm your address, and get your link."
	default:
		return "Each application is looked at by a person. You get the answer by mail."
	}
}

// window says how long after a click a sale still counts.
func window(t campaigns.Terms) string {
	return "A sale counts up to " + days(t.WindowDays) + " after the click."
}

// hold says when what was earned is approved.
func hold(t campaigns.Terms) string {
	if t.HoldDays == 0 {
		return "What you earn can be approved at once."
	}
	return "What you earn is approved after " + days(t.HoldDays) + " at the earliest."
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return strconv.Itoa(n) + " days"
}

// FormPage is the sign-up form and what was typed into it.
type FormPage struct {
	Form                                    signup.Form
	Name, Email, Website, Bio, TermsVersion string
	Answers                                 map[string]string
	Errors                                  fault.Fields
}

// TrapField is an input that people don't see; what fills it in is a program.
const TrapField = "second_name"

const answerPrefix = "profile.answers."

// AnswerField is the input of the answer to a question, named as the service names its errors.
func AnswerField(key string) string { return answerPrefix + key }

// AnswerKey is the question that an input answers.
func AnswerKey(field string) (key string, is bool) { return strings.CutPrefix(field, answerPrefix) }

// agreed reports whether the terms that are shown were agreed to.
func (p FormPage) agreed() bool {
	return p.TermsVersion != "" && p.TermsVersion == p.Form.Program.TermsVersion
}

func (p FormPage) termsLabel() string {
	return "I agree to the terms of the program, version " + p.Form.Program.TermsVersion
}

// paragraphs are the terms as they were typed: an empty line begins a new one.
func paragraphs(text string) []string {
	var out []string
	for _, one := range strings.Split(text, "\n\n") {
		if strings.TrimSpace(one) != "" {
			out = append(out, strings.TrimSpace(one))
		}
	}
	return out
}
