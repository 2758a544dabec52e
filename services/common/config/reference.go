package config

// Section is a group of settings in the documentation.
type Section struct {
	Heading string
	// Text introduces the section, in Markdown; it may be blank.
	Text     string
	Settings []Setting
}

// Setting describes an environment variable.
type Setting struct {
	Name string
	// Text explains the setting, in Markdown.
	Text string
	// Secret reports whether the value must not be shown.
	Secret bool
	// Uses lists the programs that read the setting.
	Uses []Use
}

// Use is the use of a setting by one program.
type Use struct {
	// Program is api, runner, frontend or standalone.
	Program string
	// Default is the value while the setting is unset; it may be blank.
	Default string
}

// In returns the use of the setting by a program. It reports whether the program reads the setting.
func (s Setting) In(program string) (use Use, ok bool) {
	for _, use := range s.Uses {
		if use.Program == program {
			return use, true
		}
	}
	return Use{}, false
}

// find returns the setting of a name.
func find(name string) (found Setting, ok bool) {
	for _, section := range Sections() {
		for _, setting := range section.Settings {
			if setting.Name == name {
				return setting, true
			}
		}
	}
	return Setting{}, false
}
