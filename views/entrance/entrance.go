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

// hint says what the address is for, or that it can be had.
func (f SlugField) hint() string {
	if f.Free != "" {
		return "Free: your program would be at " + f.Free
	}
	return "3 to 30 lower-case letters, digits and hyphens. It can't be changed later."
}
