package process

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"nanomon/services/common/config"
)

// helpWidth is the maximum number of characters in a line of help.
const helpWidth = 96

const documentation = "Documentation: the page serves it below /docs/, for example /docs/configuration for all " +
	"settings. It is also in the folder docs of the source code."

// help returns the text of the command help.
func (p Program) help() string {
	var text strings.Builder
	text.WriteString(wrap("", "NanoMon monitors websites, APIs, hosts and DNS records, shows their history on a web page "+
		"and sends notifications. "+p.Summary))
	fmt.Fprintf(&text, `
Usage:
  %[1]s              start it
  %[1]s COMMAND

Commands:
  health           check the program that runs here with the same settings: exit code 0 if it works,
                   1 if it does not
%[2]s  help             print this text (also -h, --help)
  help settings    print all settings of %[1]s
  version          print the version (also --version)

`, p.Name, p.commandHelp())
	text.WriteString(wrap("", "Settings are environment variables, or lines NAME=value in the file .env of the working "+
		"folder. The most important ones:"))
	for _, name := range p.Settings {
		p.describe(&text, name)
	}
	text.WriteString("\n" + wrap("", documentation))
	return text.String()
}

// commandHelp returns the lines of the program's own commands.
func (p Program) commandHelp() string {
	var text strings.Builder
	for _, c := range p.Commands {
		fmt.Fprintf(&text, "  %-16s %s\n", c.Name+" FILE", c.Summary)
	}
	return text.String()
}

// settingsHelp returns the text of the command help settings.
func (p Program) settingsHelp() string {
	var text strings.Builder
	text.WriteString(wrap("", "Settings of "+p.Name+". Set them as environment variables, or as lines NAME=value in the "+
		"file .env of the working folder; environment variables override the file."))
	for _, section := range config.Sections() {
		var names []string
		for _, setting := range section.Settings {
			if _, used := setting.In(p.Name); used {
				names = append(names, setting.Name)
			}
		}
		if len(names) == 0 {
			continue
		}
		fmt.Fprintf(&text, "\n%s\n", strings.ToUpper(section.Heading))
		if section.Text != "" {
			for paragraph := range strings.SplitSeq(section.Text, "\n\n") {
				text.WriteString("\n" + wrap("", plain(paragraph)))
			}
		}
		for _, name := range names {
			p.describe(&text, name)
		}
	}
	text.WriteString("\n" + wrap("", documentation))
	return text.String()
}

// describe writes the name, the default and the text of a setting.
func (p Program) describe(text *strings.Builder, name string) {
	for _, section := range config.Sections() {
		for _, setting := range section.Settings {
			use, used := setting.In(p.Name)
			if setting.Name != name || !used {
				continue
			}
			value := "not set"
			if use.Default != "" {
				value = "default: " + use.Default
			}
			fmt.Fprintf(text, "\n  %s (%s)\n%s", name, value, wrap("      ", plain(setting.Text)))
		}
	}
}

var link = regexp.MustCompile(`\[([^\]]+)\]\(([\w-]+)\.md([^)]*)\)`)

// plain removes the Markdown of a text. A link to a document becomes its path on the page.
func plain(markdown string) string {
	return strings.NewReplacer("**", "", "`", "").Replace(link.ReplaceAllString(markdown, "/docs/$2$3"))
}

// wrap formats a paragraph in lines of at most [helpWidth] characters, each with an indent.
func wrap(indent, paragraph string) string {
	var lines strings.Builder
	line := ""
	for word := range strings.FieldsSeq(paragraph) {
		if line != "" && utf8.RuneCountInString(indent+line+" "+word) > helpWidth {
			lines.WriteString(indent + line + "\n")
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return lines.String() + indent + line + "\n"
}
