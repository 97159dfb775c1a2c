package apidocs

import "strconv"

func (e Endpoint) answerTitle() string { return "Answer " + strconv.Itoa(e.Status) }

func (m Member) note() string {
	if m.Required && m.Text == "" {
		return "required"
	}
	return m.Text
}
