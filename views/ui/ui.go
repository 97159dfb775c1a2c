// Package ui owns the building blocks of every page: buttons, fields, tables, dialogs and the
// small pieces of text around them.
//
// It is the only place with raw <button>, <input>, <select>, <textarea>, <table> and <dialog>
// elements; pages compose what is here. It knows no feature, no route and no service. Invariants:
// each piece works without JavaScript, is labelled for assistive technology, and carries neither
// inline style nor inline script.
package ui

// Kind is the weight of a button; the zero value is the secondary one.
type Kind string

// The kinds of buttons. A view has one primary button at most.
const (
	Secondary Kind = ""
	Primary   Kind = "primary"
	Danger    Kind = "danger"
	Ghost     Kind = "ghost"
)

// Tone colours a badge, a banner, a message or a step; the zero value is neutral.
type Tone string

// The tones. Colour never stands alone: a word or an icon says the same.
const (
	Neutral  Tone = ""
	Accent   Tone = "accent"
	Info     Tone = "info"
	Success  Tone = "success"
	Warning  Tone = "warning"
	Critical Tone = "critical"
)

// icon is what stands before a text of this tone.
func (t Tone) icon() IconName {
	switch t {
	case Success:
		return IconCircleCheck
	case Warning:
		return IconTriangleAlert
	case Critical:
		return IconCircleAlert
	default:
		return IconInfo
	}
}

// class joins a component's name with its variant: class("btn", "primary") is "btn btn-primary".
func class(name, variant string) string {
	if variant == "" {
		return name
	}
	return name + " " + name + "-" + variant
}
