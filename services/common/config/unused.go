package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Unused is a variable of the environment that looks like a setting, but has no effect in a program.
type Unused struct {
	// Name is the name of the variable.
	Name string
	// Reason says why it has no effect.
	Reason string
	// Shared reports whether that is normal: api, runner and frontend may read the same file of settings, and another one
	// of them uses this setting.
	Shared bool
}

// FindUnused returns the variables that have no effect in a program: names that are probably misspelt, settings of
// other programs, and settings that need another one. Variables that belong to other software are ignored. inFile
// contains the variables of the file .env, which the user has set for NanoMon.
func FindUnused(program string, environment, inFile map[string]string) []Unused {
	var unused []Unused
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		_, byUser := inFile[name] // platforms that run containers set PORT too
		if name == "PORT" && !byUser || setByOthers(name, environment) {
			continue
		}
		setting, known := find(name)
		_, used := setting.In(program)
		nearest, distance := nearestSetting(name)
		switch {
		case used:
		case known:
			unused = append(unused, ofOthers(program, setting))
		case isTypo(name, distance), hasOwnPrefix(name) && distance <= max(2, len(name)/3):
			unused = append(unused, Unused{Name: name, Reason: "unknown; did you mean " + nearest + "?"})
		case hasOwnPrefix(name):
			unused = append(unused, Unused{Name: name, Reason: "unknown"})
		}
	}
	return append(unused, incompleteEmail(program, environment)...)
}

// ofOthers describes a setting that only other programs use.
func ofOthers(program string, setting Setting) Unused {
	var users []string
	for _, use := range setting.Uses {
		users = append(users, use.Program)
	}
	slices.Sort(users)
	names, verb := users[0], "does"
	if last := len(users) - 1; last > 0 {
		names, verb = strings.Join(users[:last], ", ")+" and "+users[last], "do"
	}
	return Unused{
		Name:   setting.Name,
		Reason: fmt.Sprintf("%s does not use it, only %s %s", program, names, verb),
		Shared: program != "standalone" && !slices.Equal(users, []string{"standalone"}),
	}
}

// incompleteEmail describes the one of two settings for e-mail that is set without the other.
func incompleteEmail(program string, environment map[string]string) []Unused {
	setting, _ := find("ALERT_SMTP_TO")
	if _, used := setting.In(program); !used {
		return nil
	}
	_, from := environment["ALERT_SMTP_FROM"]
	_, to := environment["ALERT_SMTP_TO"]
	switch {
	case from && !to:
		return []Unused{{Name: "ALERT_SMTP_FROM", Reason: "ALERT_SMTP_TO is not set"}}
	case to && !from:
		return []Unused{{Name: "ALERT_SMTP_TO", Reason: "ALERT_SMTP_FROM is not set"}}
	}
	return nil
}

// hasOwnPrefix reports whether a name begins like a setting of NanoMon and rarely like one of other software.
func hasOwnPrefix(name string) bool {
	return slices.ContainsFunc([]string{
		"ALERT_", "API_", "AUTH_", "CORS_", "FRONTEND_", "MONGO_", "POLLING_", "PROMETHEUS_", "ROLLUP_", "SPOOL_",
	}, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// isTypo reports whether a name is so close to a setting that it can't be a word of other software.
func isTypo(name string, distance int) bool {
	return distance <= 1 && len(name) >= 7 || distance <= 2 && len(name) >= 11
}

// setByOthers reports whether a variable is usually set for something else: variables of services by Kubernetes,
// MONGO_INITDB_ for the image of MongoDB, API_TOKEN for scripts that use the API, and the secrets of monitors.
func setByOthers(name string, environment map[string]string) bool {
	if name == "API_TOKEN" || strings.HasPrefix(name, "MONGO_INITDB_") {
		return true
	}
	separator := func(r rune) bool { return r == ',' || unicode.IsSpace(r) }
	if slices.Contains(strings.FieldsFunc(environment["SECRETS_ALLOW"], separator), "env:"+name) {
		return true
	}
	for _, mark := range []string{"_SERVICE_", "_PORT"} {
		service, _, found := strings.Cut(name, mark)
		if _, isService := environment[service+"_SERVICE_HOST"]; found && isService {
			return true
		}
	}
	return false
}

// nearestSetting returns the known setting that needs the fewest edits to become name, and their number.
func nearestSetting(name string) (nearest string, distance int) {
	distance = len(name) + 1
	for _, section := range Sections() {
		for _, setting := range section.Settings {
			if d := editDistance(name, setting.Name); d < distance {
				nearest, distance = setting.Name, d
			}
		}
	}
	return nearest, distance
}

// editDistance counts the bytes to insert, delete, replace or swap with their neighbour to turn a into b.
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
