package web

import (
	"net/http"
	"regexp"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/mail"
	"github.com/openpartner/openpartner/views/devmail"
)

func (s *Server) devMailIndex(c echo.Context) error {
	return s.public(c, http.StatusOK, "Mail", devmail.Index(s.DevMail.Messages(), urls(c).DevMail(), s.Now()))
}

var address = regexp.MustCompile(`https?://[^\s<>"]+`)

// devMailShow counts from the oldest, so that a mail keeps its address while others come in.
func (s *Server) devMailShow(c echo.Context) error {
	m, err := s.devMail(c.Param("id"))
	if err != nil {
		return err
	}
	return s.public(c, http.StatusOK, m.Subject, devmail.Show(m, urls(c).DevMail(), address.FindAllString(m.Text, -1)))
}

func (s *Server) devMail(number string) (mail.Sent, error) {
	all := s.DevMail.Messages()
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(all) {
		return mail.Sent{}, fault.NotFound("mail")
	}
	return all[len(all)-n], nil
}
