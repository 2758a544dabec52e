// Package templates embeds the templates of notification e-mails. Both templates receive the same data.
package templates

import (
	"embed"
	html "html/template"
	text "text/template"
)

//go:embed alert.html alert.txt
var files embed.FS

// AlertHTML returns the template of an e-mail's HTML part.
func AlertHTML() *html.Template { return html.Must(html.ParseFS(files, "alert.html")) }

// AlertText returns the template of an e-mail's plain-text part.
func AlertText() *text.Template { return text.Must(text.ParseFS(files, "alert.txt")) }
