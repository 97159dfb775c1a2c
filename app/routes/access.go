package routes

import "net/url"

// SettingsMailPreview is the page that shows a mail of the product; the first one without a name.
func (u URLs) SettingsMailPreview(name string) string {
	return u.SettingsMail() + "/preview" + param("mail", name)
}

// SettingsMailLetter is such a mail alone, for the frame on that page.
func (u URLs) SettingsMailLetter(name string) string {
	return u.SettingsMail() + "/preview/letter" + param("mail", name)
}

// param is a query of one parameter, or none for an empty value.
func param(name, value string) string {
	if value == "" {
		return ""
	}
	return "?" + url.Values{name: {value}}.Encode()
}
