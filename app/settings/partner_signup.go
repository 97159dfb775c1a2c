package settings

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/person"
)

// SignupPolicy says what becomes of somebody who signed up and opened the link in the mail.
type SignupPolicy string

// The policies.
const (
	AutoApprove   SignupPolicy = "auto_approve"
	RequireReview SignupPolicy = "require_review"
)

// SignupPolicies are the policies, the usual one first.
func SignupPolicies() []SignupPolicy { return []SignupPolicy{RequireReview, AutoApprove} }

// Question is asked on the sign-up form, beside name and address.
type Question struct {
	Key      string `json:"key"` // under which the answer is kept
	Label    string `json:"label"`
	Required bool   `json:"required"`
}

// PartnerSignup is how creators come into the program by themselves.
type PartnerSignup struct {
	Policy      SignupPolicy `json:"policy"`
	Disabled    bool         `json:"disabled"`
	CampaignIDs []uuid.UUID  `json:"campaign_ids"` // granted to whoever is let in
	Questions   []Question   `json:"questions"`
}

// PartnerSignupInput is what is to change; nil fields stay as they are.
type PartnerSignupInput struct {
	Policy      *SignupPolicy
	Disabled    *bool
	CampaignIDs *[]uuid.UUID
	Questions   *[]Question
}

// The bounds of the form.
const (
	MaxQuestions       = 10
	maxQuestionLabel   = 200
	maxSignupCampaigns = 100
)

// defaultSignup lets anybody apply and nobody in by themselves.
func defaultSignup() PartnerSignup {
	return PartnerSignup{Policy: RequireReview, CampaignIDs: []uuid.UUID{}, Questions: []Question{}}
}

// PartnerSignup gives the group.
func (s *Service) PartnerSignup(ctx context.Context) (PartnerSignup, error) {
	if err := mayRead(ctx); err != nil {
		return PartnerSignup{}, err
	}
	return s.SignupForm(ctx)
}

// SignupForm is PartnerSignup for everybody: what the public form asks and leads to.
func (s *Service) SignupForm(ctx context.Context) (PartnerSignup, error) {
	p := defaultSignup()
	return p, load(ctx, keyPartnerSignup, &p)
}

// UpdatePartnerSignup changes the fields that were sent.
func (s *Service) UpdatePartnerSignup(ctx context.Context, in PartnerSignupInput) (PartnerSignup, error) {
	if err := mayWrite(ctx); err != nil {
		return PartnerSignup{}, err
	}
	if err := in.check(ctx); err != nil {
		return PartnerSignup{}, err
	}
	now := s.now()
	p := defaultSignup()
	if err := lock(ctx, keyPartnerSignup, now, &p); err != nil {
		return PartnerSignup{}, err
	}
	var changed changes
	set(&changed, "policy", &p.Policy, in.Policy)
	set(&changed, "disabled", &p.Disabled, in.Disabled)
	set(&changed, "campaign_ids", &p.CampaignIDs, in.CampaignIDs)
	set(&changed, "questions", &p.Questions, in.Questions)
	if err := store(ctx, keyPartnerSignup, p, now); err != nil {
		return PartnerSignup{}, err
	}
	return p, record(ctx, keyPartnerSignup, changed)
}

// questionKey is what a question may be called in the API.
var questionKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// NewQuestionKey names a question after its label, by a name that is free.
func NewQuestionKey(label string, taken []string) string {
	words := strings.FieldsFunc(strings.ToLower(label), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	name := strings.Join(words, "_")
	name = strings.Trim(name[:min(len(name), 40)], "_")
	if name == "" {
		name = "question"
	}
	for key, n := name, 2; ; n++ {
		if !slices.Contains(taken, key) {
			return key
		}
		key = name + "_" + strconv.Itoa(n)
	}
}

// check normalises what was sent. Campaigns must exist; nothing keeps one from being archived
// later, and a form that grants it then grants nothing that pays.
func (in *PartnerSignupInput) check(ctx context.Context) error {
	fields := fault.Fields{}
	if in.Policy != nil && *in.Policy != AutoApprove && *in.Policy != RequireReview {
		fields.Add("policy", "Choose auto_approve or require_review.")
	}
	if in.Questions != nil {
		in.Questions = checkQuestions(fields, *in.Questions)
	}
	if in.CampaignIDs != nil {
		chosen, err := checkCampaigns(ctx, fields, *in.CampaignIDs)
		if err != nil {
			return err
		}
		in.CampaignIDs = &chosen
	}
	return fields.Err()
}

// checkCampaigns gives each campaign once.
func checkCampaigns(ctx context.Context, fields fault.Fields, ids []uuid.UUID) ([]uuid.UUID, error) {
	chosen, seen := []uuid.UUID{}, map[uuid.UUID]bool{}
	for _, id := range ids {
		if !seen[id] {
			chosen, seen[id] = append(chosen, id), true
		}
	}
	if len(chosen) > maxSignupCampaigns {
		fields.Add("campaign_ids", "At most 100 campaigns.")
		return chosen, nil
	}
	known, err := countCampaigns(ctx, chosen)
	if err == nil && known != len(chosen) {
		fields.Add("campaign_ids", "There is no such campaign.")
	}
	return chosen, err
}

func checkQuestions(fields fault.Fields, questions []Question) *[]Question {
	if len(questions) > MaxQuestions {
		fields.Add("questions", "At most 10 questions.")
	}
	out, seen := make([]Question, 0, len(questions)), map[string]bool{}
	for i, q := range questions {
		at := "questions." + strconv.Itoa(i) + "."
		q.Label = person.Line(fields, at+"label", q.Label, maxQuestionLabel)
		if !questionKey.MatchString(q.Key) {
			fields.Add(at+"key", "A key has up to 80 letters, digits, _ and -.")
		}
		if seen[q.Key] {
			fields.Add(at+"key", "Each key once.")
		}
		seen[q.Key] = true
		out = append(out, q)
	}
	return &out
}
