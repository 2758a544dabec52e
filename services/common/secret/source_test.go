package secret

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nanomon/services/common/monitor"
)

func newSource(t *testing.T, list string, environment map[string]string) Source {
	t.Helper()
	s, err := ParseSource(list, environment)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseSource(t *testing.T) {
	for _, list := range []string{"", "env:A", "env:_a1,file:/a/b  file:/a/\nfile:/", "file:/run/secrets/my.app-1/"} {
		newSource(t, list, nil)
	}
	for _, list := range []string{"A", "env:", "env:1A", "env:A-B", "file:", "file:a", "file:/a/../b", "file:/a//b", "file://a", "file:/./", "env:*", "vault:/a", "env:A;env:B"} {
		if _, err := ParseSource(list, nil); err == nil {
			t.Errorf("%q was accepted", list)
		}
	}
}

func TestSource(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	one, beside := write("one", "s3cret\r\n\n"), write("one-more", "x")
	if err := os.MkdirAll(filepath.Join(folder, "all", "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	below := write("all/below", " with blanks \n")
	big, binary, empty := write("all/big", strings.Repeat("x", maxFileBytes+1)), write("all/binary", "\xff\xfe"), write("all/empty", "\n")
	link := filepath.Join(folder, "all", "link")
	if err := os.Symlink(one, link); err != nil {
		t.Fatal(err)
	}
	s := newSource(t, "env:TOKEN,env:UNSET file:"+one+" file:"+folder+"/all/", map[string]string{"TOKEN": "t0ken", "OTHER": "o"})
	for _, c := range []struct{ name, want, message string }{
		{"env:TOKEN", "t0ken", ""},
		{"env:UNSET", "", "secret env:UNSET is not set"},
		{"env:OTHER", "", "secret env:OTHER is not allowed by SECRETS_ALLOW"},
		{"env:token", "", "secret env:token is not allowed by SECRETS_ALLOW"},
		{"file:" + one, "s3cret", ""},
		{"file:" + beside, "", "secret file:" + beside + " is not allowed by SECRETS_ALLOW"},
		{"file:" + below, " with blanks ", ""},
		{"file:" + link, "s3cret", ""}, // Kubernetes mounts secrets as symbolic links.
		{"file:" + folder + "/all", "", "secret file:" + folder + "/all is not allowed by SECRETS_ALLOW"},
		{"file:" + folder + "/all/none", "", "secret file:" + folder + "/all/none is not set: there is no such file"},
		{"file:" + folder + "/all/folder", "", "secret file:" + folder + "/all/folder is not a regular file"},
		{"file:" + big, "", "secret file:" + big + " is larger than 65536 bytes"},
		{"file:" + binary, "", "secret file:" + binary + " is not valid UTF-8"},
		{"file:" + empty, "", "secret file:" + empty + " is empty"},
		{"file:/etc/hostname", "", "secret file:/etc/hostname is not allowed by SECRETS_ALLOW"},
	} {
		got, err := s.get(c.name)
		message := ""
		if err != nil {
			message = err.Error()
		}
		if got != c.want || message != c.message {
			t.Errorf("%s: got %q, %q, want %q, %q", c.name, got, message, c.want, c.message)
		}
	}
	if _, err := (Source{}).get("env:PATH"); err == nil {
		t.Error("the zero Source returned env:PATH")
	}
}

func TestResolve(t *testing.T) {
	s := newSource(t, "env:A env:SPECIAL env:HOST", map[string]string{"A": "alpha", "SPECIAL": `a/b@c:d?e&f#g%h "i"+\`, "HOST": "db.example:99"})
	const escaped = "a%2Fb%40c%3Ad%3Fe%26f%23g%25h%20%22i%22%2B%5C"
	for text, want := range map[string]string{
		"":                                    "",
		"plain $ ${ ${x} $$ ${Env:A} {env:A}": "plain $ ${ ${x} $$ ${Env:A} {env:A}",
		"${env:A}":                            "alpha",
		"a${env:A}${env:A}b":                  "aalphaalphab",
		"$${env:A} $${x} $$${env:A}":          "${env:A} ${x} $${env:A}",
		"$ ${env:A}$":                         "$ alpha$",
		"${env:HOST}":                         "db.example:99",
		"${env:SPECIAL}":                      `a/b@c:d?e&f#g%h "i"+\`,
		"http://${env:HOST}/x":                "http://db.example:99/x",
		"http://u:${env:SPECIAL}@${env:HOST}/${env:SPECIAL}?k=${env:SPECIAL}&l=${env:A}": "http://u:" + escaped + "@db.example:99/" + escaped + "?k=" + escaped + "&l=alpha",
		"http://${env:SPECIAL}:x@h": "http://" + escaped + ":x@h",
	} {
		m, _, err := s.Resolve(monitor.Monitor{Target: text, Properties: map[string]string{"p": text, "headers": `{"${env:A}": "${env:SPECIAL}"}`}}, types)
		if err != nil || m.Target != want {
			t.Errorf("%s: got %s, error %v, want %s", text, m.Target, err, want)
		}
		if values, _ := parseMap(m.Properties["headers"]); len(values) != 1 || values["${env:A}"] != `a/b@c:d?e&f#g%h "i"+\` {
			t.Errorf("headers %q", m.Properties["headers"])
		}
		if !strings.Contains(text, "://") && m.Properties["p"] != want {
			t.Errorf("property %s: got %s, want %s", text, m.Properties["p"], want)
		}
	}
	escapes := monitor.Monitor{Properties: map[string]string{"headers": `{"X": "$\u007benv:A}"}`}}
	if m, _, err := s.Resolve(escapes, types); err != nil || m.Properties["headers"] != `{"X":"alpha"}` || !types.HasReferences(escapes) {
		t.Errorf("got %v, error %v", m.Properties, err)
	}
	if _, _, err := s.Resolve(monitor.Monitor{Target: "x", Properties: map[string]string{"body": "${env:NOPE}"}}, types); err == nil || err.Error() != "secret env:NOPE is not allowed by SECRETS_ALLOW" {
		t.Errorf("error %v", err)
	}
}

func TestInvalidReferences(t *testing.T) {
	for _, text := range []string{"${env:}", "${env:A", "${env:A B}", "${env:1}", "${env:A-B}", "${file:}", "${file:a}", "${file:/}", "${file:/a/}", "${file:/a//b}",
		"${file:/a/../b}", "${file:/a/..}", "${file:/./a}", "${file:", "x ${env:A} ${env:é}", "${env: A}", "${env:${env:A}}"} {
		for field, m := range map[string]monitor.Monitor{
			"invalid monitor target": {Target: text},
			"property body":          {Properties: map[string]string{"body": text}},
			"property headers":       {Properties: map[string]string{"headers": formatMap(map[string]string{"X": text})}},
		} {
			_, err := types.FillReferences(m, "x")
			if want := field + ": invalid reference to a secret: use ${env:NAME} or ${file:/path}, and $${ for a literal ${"; err == nil || err.Error() != want {
				t.Errorf("%s: got %v, want %s", text, err, want)
			}
		}
	}
}
