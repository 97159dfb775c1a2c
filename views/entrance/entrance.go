package entrance

func (p VerifyPage) title() string {
	if p.Invitation {
		return "Join " + p.Program
	}
	return "Sign in to " + p.Program
}

func (p VerifyPage) button() string {
	if p.Invitation {
		return "Accept the invitation"
	}
	return "Sign in"
}
