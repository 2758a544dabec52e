// Package templates holds the templates of alert e-mails, embedded. Both are given the same data.
package templates

import (
	"embed"
	html "html/template"
	text "text/template"
)

//go:embed alert.html alert.txt
var files embed.FS

// AlertHTML is the part of an e-mail for those that show HTML.
func AlertHTML() *html.Template { return html.Must(html.ParseFS(files, "alert.html")) }

// AlertText is the part of an e-mail for those that show plain text.
func AlertText() *text.Template { return text.Must(text.ParseFS(files, "alert.txt")) }
