package e2e

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"nanomon/tests/support/servicetest"
)

// programs lists the four programs, each with the settings that its help explains.
var programs = map[string][]string{
	"api":        {"PORT", "MONGO_URI", "MONGO_DB", "AUTH_CLIENT_ID", "CORS_ORIGINS", "ALLOWED_HOSTS"},
	"runner":     {"MONGO_URI", "MONGO_DB", "RESULT_RETENTION", "ALERT_SMTP_TO", "PROMETHEUS_ENABLE"},
	"frontend":   {"PORT", "API_ENDPOINT", "AUTH_CLIENT_ID", "AUTH_TENANT", "AUTH_ISSUER"},
	"standalone": {"FRONTEND_PORT", "API_PORT", "DATA_DIR", "AUTH_CLIENT_ID", "ALERT_SMTP_TO"},
}

// firstWords returns the first word of each line that is indented by two spaces.
func firstWords(text string) []string {
	var words []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "   ") {
			words = append(words, strings.Fields(line)[0])
		}
	}
	return words
}

// checkPlainText fails the test if a line is too long for a terminal or has Markdown in it.
func checkPlainText(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 {
			t.Errorf("a line has %d characters: %s", n, line)
		}
	}
	for _, markup := range []string{"**", "](", "\n#", "\t"} {
		if strings.Contains(text, markup) {
			t.Errorf("the text contains %q:\n%s", markup, text)
		}
	}
}

func TestHelpExplainsCommandsAndMainSettings(t *testing.T) {
	for name, settings := range programs {
		t.Run(name, func(t *testing.T) {
			_, help, _ := runProgram(t, name, nil, "help")
			for _, argument := range []string{"--help", "-h", "help"} {
				// Help is possible while the settings are wrong.
				code, stdout, stderr := runProgram(t, name, map[string]string{"RESULT_RETENTION": "x", "PORT": "x", "API_PORT": "x"}, argument)
				if code != 0 || stdout != help || stderr != "" {
					t.Errorf("%s: code %d, output %q %q", argument, code, stdout, stderr)
				}
			}
			checkPlainText(t, help)
			words := firstWords(help)
			for _, want := range append([]string{name, "health", "help", "version"}, settings...) {
				if !slices.Contains(words, want) {
					t.Errorf("no line explains %s:\n%s", want, help)
				}
			}
			for _, want := range []string{"NanoMon monitors websites, APIs, hosts and DNS records", "help settings", "docs/"} {
				if !strings.Contains(strings.Join(strings.Fields(help), " "), want) {
					t.Errorf("the help does not contain %q:\n%s", want, help)
				}
			}
			if shown := strings.Count(help, "default: ") + strings.Count(help, "not set"); shown != len(settings) {
				t.Errorf("%d settings have a default, want %d:\n%s", shown, len(settings), help)
			}
		})
	}
}

func TestHelpSettingsExplainsAllSettingsOfProgram(t *testing.T) {
	for name, c := range map[string]struct{ has, hasNot, lines []string }{
		"api":        {[]string{"PORT", "MONGO_URI", "CORS_ORIGINS", "LOG_LEVEL"}, []string{"API_PORT", "ALERT_SMTP_TO", "DATA_DIR"}, []string{"  PORT (default: 8000)\n"}},
		"runner":     {[]string{"MONGO_URI", "ALERT_SMTP_PASSWORD", "HEALTH_FILE", "LOG_LEVEL"}, []string{"PORT", "AUTH_CLIENT_ID"}, []string{"  USE_POLLING (default: false)\n"}},
		"frontend":   {[]string{"PORT", "API_ENDPOINT", "AUTH_TENANT", "LOG_LEVEL"}, []string{"MONGO_URI", "ALERT_SMTP_TO"}, []string{"  PORT (default: 8001)\n"}},
		"standalone": {[]string{"API_PORT", "DATA_DIR", "ALERT_NTFY_TOKEN", "PROMETHEUS_PORT", "LOG_LEVEL"}, []string{"MONGO_URI", "PORT", "HEALTH_FILE"}, []string{"  RESULT_RETENTION (default: 720h)\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := runProgram(t, name, nil, "help", "settings")
			if code != 0 || stderr != "" {
				t.Fatalf("code %d, output %q %q", code, stdout, stderr)
			}
			checkPlainText(t, stdout)
			words := firstWords(stdout)
			for _, want := range append(c.has, programs[name]...) {
				if !slices.Contains(words, want) {
					t.Errorf("no line explains %s:\n%s", want, stdout)
				}
			}
			for _, other := range c.hasNot {
				if slices.Contains(words, other) {
					t.Errorf("%s has no effect in %s:\n%s", other, name, stdout)
				}
			}
			for _, line := range c.lines {
				if !strings.Contains(stdout, line) {
					t.Errorf("there is no line %q:\n%s", line, stdout)
				}
			}
		})
	}
}

func TestVersionIsPrinted(t *testing.T) {
	for name := range programs {
		for _, argument := range []string{"--version", "version"} {
			code, stdout, stderr := runProgram(t, name, nil, argument)
			if want := name + " 0.0.0 (development build)\n"; code != 0 || stdout != want || stderr != "" {
				t.Errorf("%s %s: code %d, output %q %q", name, argument, code, stdout, stderr)
			}
		}
	}
}

func TestUnknownArgumentsAreRejected(t *testing.T) {
	for name := range programs {
		for _, arguments := range []string{"start", "health now", "help me", "version --help", "--port 80"} {
			code, stdout, stderr := runProgram(t, name, nil, strings.Fields(arguments)...)
			want := name + `: unknown command "` + arguments + `": run "` + name + ` help" for a list of commands` + "\n"
			if code != 2 || stdout != "" || stderr != want {
				t.Errorf("%s %s: code %d, output %q %q", name, arguments, code, stdout, stderr)
			}
		}
	}
}

func TestAllWrongSettingsAreReportedAtOnce(t *testing.T) {
	const secret = "s3cret"
	for _, c := range []struct {
		program  string
		settings map[string]string
		want     []string
	}{
		{"standalone", map[string]string{
			"POLLING_INTERVAL": "often", "RESULT_RETENTION": "1h", "ALERT_SMTP_PORT": "0", "API_ENDPOINT": "api",
			"ALERT_NTFY_URL": "https://ntfy.sh/?" + secret, "ALERT_SLACK_URL": secret, "AUTH_PROTECT_READS": "yes",
		}, []string{
			`ALERT_NTFY_URL has an address without a topic: use for example https://ntfy.sh/my-topic`,
			`ALERT_SLACK_URL has an invalid address, number 1 of 1: use the form https://host/path`,
			`ALERT_SMTP_PORT "0" is not a port: use a number from 1 to 65535`,
			`API_ENDPOINT "api" is neither a path nor a URL: use for example /api or https://nanomon.example.org/api`,
			`AUTH_PROTECT_READS "yes" has no effect while sign-in is off: set AUTH_CLIENT_ID too, or unset AUTH_PROTECT_READS`,
			`POLLING_INTERVAL "often" is not a duration: use for example 10s or 720h`,
			`RESULT_RETENTION "1h" is too short: use at least 2h`,
		}},
		{"runner", map[string]string{"MONGO_URI": "user:" + secret + "@db", "MONGO_TIMEOUT": "soon", "ROLLUP_RETENTION": "3h"}, []string{
			`MONGO_TIMEOUT "soon" is not a duration: use for example 10s or 720h`,
			`MONGO_URI is not the address of a MongoDB server: use for example mongodb://localhost:27017`,
			`ROLLUP_RETENTION "3h" is shorter than RESULT_RETENTION: use at least 720h`,
		}},
		{"runner", map[string]string{"POLLING_INTERVAL": "x", "RESULT_RETENTION": "y"}, []string{
			`POLLING_INTERVAL "x" is not a duration: use for example 10s or 720h`,
			`RESULT_RETENTION "y" is not a duration: use for example 10s or 720h`,
		}},
		{"api", map[string]string{"PORT": "http", "AUTH_TENANT": "consumers", "CORS_ORIGINS": "*"}, []string{
			`AUTH_TENANT "consumers" has no effect while sign-in is off: set AUTH_CLIENT_ID too, or unset AUTH_TENANT`,
			`CORS_ORIGINS "*" is not an origin: use for example https://nanomon.example.org, without a path`,
			`PORT "http" is not a port: use a number from 1 to 65535`,
		}},
		{"frontend", map[string]string{"PORT": "65536", "API_ENDPOINT": "//example.org", "LOG_LEVEL": "loud"}, []string{
			`API_ENDPOINT "//example.org" is neither a path nor a URL: use for example /api or https://nanomon.example.org/api`,
			`LOG_LEVEL "loud" is not a level: use debug, info, warn or error`,
			`PORT "65536" is not a port: use a number from 1 to 65535`,
		}},
	} {
		for _, arguments := range [][]string{nil, {"health"}} {
			code, stdout, stderr := runProgram(t, c.program, c.settings, arguments...)
			want := ""
			for _, line := range c.want {
				want += c.program + ": " + line + "\n"
			}
			if code != 1 || stdout != "" || stderr != want {
				t.Errorf("%s %v: code %d, output %q\n got %s\nwant %s", c.program, arguments, code, stdout, stderr, want)
			}
			if strings.Contains(stderr, secret) {
				t.Errorf("%s shows a secret: %s", c.program, stderr)
			}
		}
	}
}

func TestSettingsWithoutEffectAreWarnings(t *testing.T) {
	kubernetes := map[string]string{
		"API_SERVICE_HOST": "10.0.0.1", "API_SERVICE_PORT": "8000", "API_PORT": "tcp://10.0.0.1:8000", "API_PORT_8000_TCP_ADDR": "10.0.0.1",
		"MONGO_SERVICE_HOST": "10.0.0.2", "MONGO_PORT_27017_TCP_PROTO": "tcp", "NANOMON_API_SERVICE_HOST": "10.0.0.3", "PATH": "/bin", "HOME": "/",
	}
	frontend := servicetest.Start(t, "frontend", servicetest.With(kubernetes, "PORT", "0"))
	frontend.Port(t)
	if strings.Contains(frontend.Log(), "level=WARN") {
		t.Errorf("variables of other programs are warned about:\n%s", frontend.Log())
	}

	service, _, _ := servicetest.StandaloneWith(t, t.TempDir(), map[string]string{
		"MONGO_URI": "mongodb://user:s3cret@db", "USE_POLLING": "true", "PORT": "80", "ALERT_SMPT_TO": "s3cret@example.org",
		"RESULT_RETENTON": "48h", "ALERT_SMTP_FROM": "a@example.org",
	})
	for _, want := range []string{
		`level=WARN msg="setting has no effect" setting=ALERT_SMPT_TO reason="unknown; did you mean ALERT_SMTP_TO?"`,
		`level=WARN msg="setting has no effect" setting=RESULT_RETENTON reason="unknown; did you mean RESULT_RETENTION?"`,
		`level=WARN msg="setting has no effect" setting=MONGO_URI reason="standalone does not use it, only api and runner do"`,
		`level=WARN msg="setting has no effect" setting=USE_POLLING reason="standalone does not use it, only runner does"`,
		`level=WARN msg="setting has no effect" setting=ALERT_SMTP_FROM reason="ALERT_SMTP_TO is not set"`,
	} {
		if !strings.Contains(service.Log(), want+"\n") {
			t.Errorf("the log has no line %s:\n%s", want, service.Log())
		}
	}
	if n := strings.Count(service.Log(), "setting has no effect"); n != 5 || strings.Contains(service.Log(), "s3cret") {
		t.Errorf("%d warnings:\n%s", n, service.Log())
	}
}
