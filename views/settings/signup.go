package settings

import (
	"strconv"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/views/ui"
)

// SignupPage is the form of how creators sign up, as it was typed.
type SignupPage struct {
	Policy      string
	Disabled    bool
	CampaignIDs []string
	Campaigns   []ui.Option
	Questions   []settings.Question
	PublicURL   string
	Errors      fault.Fields
}

// Signup is the form filled in from the settings.
func Signup(p settings.PartnerSignup) SignupPage {
	page := SignupPage{Policy: string(p.Policy), Disabled: p.Disabled, Questions: p.Questions}
	for _, id := range p.CampaignIDs {
		page.CampaignIDs = append(page.CampaignIDs, id.String())
	}
	return page
}

// QuestionField is the input of a part of a question, named as the service names its errors.
func QuestionField(row int, name string) string { return "questions." + strconv.Itoa(row) + "." + name }

// spareQuestions are the empty rows below those that are filled in.
const spareQuestions = 2

// rows are the questions with room for more.
func (p SignupPage) rows() []settings.Question {
	room := min(len(p.Questions)+spareQuestions, settings.MaxQuestions) - len(p.Questions)
	return append(p.Questions[:len(p.Questions):len(p.Questions)], make([]settings.Question, max(room, 0))...)
}

// wrong is what is wrong with a question; its label takes the blame for its key, which is hidden.
func (p SignupPage) wrong(row int) string {
	if text := p.Errors[QuestionField(row, "label")]; text != "" {
		return text
	}
	return p.Errors[QuestionField(row, "key")]
}

func policies() []ui.Option {
	return []ui.Option{
		{Value: string(settings.RequireReview), Label: "Look at each application first", Hint: "You get a mail, and approve or decline."},
		{Value: string(settings.AutoApprove), Label: "Let everybody in at once", Hint: "As soon as they have shown that the address is theirs."},
	}
}
