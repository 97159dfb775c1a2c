package entrance

import "github.com/openpartner/openpartner/app/auth"

func (p VerifyPage) title() string {
	switch p.Purpose {
	case auth.PurposeSignIn:
		return "Sign in to " + p.Program
	case auth.PurposePartnerVerify:
		return "Confirm your address"
	default:
		return "Join " + p.Program
	}
}

func (p VerifyPage) text() string {
	if p.Purpose == auth.PurposePartnerVerify {
		return "You applied for the partner program of " + p.Program + " as " + p.Email + "."
	}
	return "You are signing in as " + p.Email + "."
}

func (p VerifyPage) button() string {
	switch p.Purpose {
	case auth.PurposeSignIn:
		return "Sign in"
	case auth.PurposePartnerVerify:
		return "Confirm my address"
	default:
		return "Accept the invitation"
	}
}

// hint says what the address is for, or that it can be had.
func (f SlugField) hint() string {
	if f.Free != "" {
		return "Free: your program would be at " + f.Free
	}
	return "3 to 30 lower-case letters, digits and hyphens. It can't be changed later."
}
