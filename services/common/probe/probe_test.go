package probe

import (
	"context"
	"errors"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
)

type props = map[string]string

// newProbe creates a probe as a runner does for a monitor with a rule that uses the body. It closes the probe at the
// end of the test.
func newProbe(t testing.TB, kind, target string, properties props) Probe {
	t.Helper()
	p, err := tryProbe(kind, target, properties)
	if err != nil {
		t.Fatalf("%s probe of %q with %v: %v", kind, target, properties, err)
	}
	t.Cleanup(p.Close)
	return p
}

func tryProbe(kind, target string, properties props) (Probe, error) {
	settings, err := NewSettings(All(Guard{})[kind].Spec, properties)
	if err != nil {
		return nil, err
	}
	return All(Guard{})[kind].New(target, settings.ForRule(func(string) bool { return true }))
}

// wantOK fails the test if the outcome is a failure or has outputs that the type doesn't declare.
func wantOK(t *testing.T, kind string, outcome Outcome) {
	t.Helper()
	if outcome.Err != nil {
		t.Fatalf("no answer: %v", outcome.Err)
	}
	wantDeclared(t, kind, outcome)
}

// wantFailure fails the test unless the outcome is a failure whose message contains all parts.
func wantFailure(t *testing.T, kind string, outcome Outcome, parts ...string) {
	t.Helper()
	if outcome.Err == nil {
		t.Fatalf("got no failure, want one: %v", outcome.Outputs)
	}
	for _, part := range parts {
		if !strings.Contains(outcome.Err.Error(), part) {
			t.Errorf("message %q does not contain %q", outcome.Err, part)
		}
	}
	if outcome.Value != 0 {
		t.Errorf("a failure has the value %v", outcome.Value)
	}
	wantDeclared(t, kind, outcome)
}

// wantDeclared checks every output against the type's Spec.
func wantDeclared(t *testing.T, kind string, outcome Outcome) {
	t.Helper()
	spec := All(Guard{})[kind].Spec
	for name, value := range outcome.Outputs {
		output, declared := spec.Output(name)
		if !declared {
			t.Errorf("output %s is not declared", name)
		} else if name != Headers && !validOutput(output.Kind, value) {
			t.Errorf("output %s is %T, declared as %s", name, value, output.Kind)
		}
	}
}

func validOutput(kind OutputKind, value any) bool {
	switch value := value.(type) {
	case float64:
		return (kind == OutputNumber || kind == OutputNumberOrString) && !math.IsNaN(value) && !math.IsInf(value, 0)
	case string:
		return kind == OutputString || kind == OutputNumberOrString
	case bool:
		return kind == OutputBool
	}
	return false
}

// runCancelled runs p and cancels its context when started reports that p waits. It fails the test if p doesn't return
// then.
func runCancelled(t *testing.T, p Probe, started <-chan struct{}) Outcome {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan Outcome, 1)
	go func() { done <- p.Run(ctx) }()
	receive(t, started, "the run to begin")
	cancel()
	return receive(t, done, "the cancelled run to end")
}

func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(30 * time.Second):
		t.Fatalf("timeout while waiting for %s", what)
	}
	panic("unreachable")
}

// eventually waits until condition returns true.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("timeout while waiting for %s", what)
		}
	}
}

// needIPv6 skips the test if the machine has no IPv6 loopback address.
func needIPv6(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 loopback here: %v", err)
	}
	l.Close()
}

// closedPort returns an address of 127.0.0.1 on which nothing is listening.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// silentServer receives UDP packets and never answers. It closes the channel when the first one arrives.
func silentServer(t *testing.T) (address string, received <-chan struct{}) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	first, closed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(closed)
		if _, _, err := conn.ReadFrom(make([]byte, 512)); err == nil {
			close(first)
		}
	}()
	t.Cleanup(func() { conn.Close(); <-closed })
	return conn.LocalAddr().String(), first
}

// resolverAt returns a resolver that queries the DNS server at address instead of the machine's servers.
func resolverAt(address string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		d := net.Dialer{Resolver: new(net.Resolver)} // A lookup that goes on after its test reads no global variable.
		return d.DialContext(ctx, network, address)
	}}
}

func wantInvalid(t *testing.T, err error, parts ...string) {
	t.Helper()
	var invalid *monitor.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("got error %v, want an InvalidError", err)
	}
	for _, part := range parts {
		if !strings.Contains(invalid.Detail, part) {
			t.Errorf("detail %q does not contain %q", invalid.Detail, part)
		}
	}
}

func TestSpecsAreComplete(t *testing.T) {
	for name, kind := range All(Guard{}) {
		spec := kind.Spec
		if spec.Type != name {
			t.Errorf("%s: the spec has the type %s", name, spec.Type)
		}
		for _, text := range []string{spec.Title, spec.Doc, spec.TargetDoc, spec.ExampleTarget, spec.ValueDoc, spec.ExampleRule, spec.RuleHint} {
			if text == "" {
				t.Errorf("%s: a text is missing in %+v", name, spec)
			}
		}
		newProbe(t, name, spec.ExampleTarget, nil)
		for _, property := range append(spec.Properties, CommonProperties()...) {
			if property.Doc == "" {
				t.Errorf("%s: property %s has no doc", name, property.Name)
			}
			if property.Default != "" {
				if _, err := property.parse(property.Default); err != nil {
					t.Errorf("%s: default of %s: %v", name, property.Name, err)
				}
			}
		}
		for _, output := range spec.Outputs {
			if output.Doc == "" || output.Kind == "" {
				t.Errorf("%s: output %s has no doc or kind", name, output.Name)
			}
			if (output.Title != "") != output.IsNumeric() {
				t.Errorf("%s: output %s has the title %q; exactly the outputs that a chart can show need one", name, output.Name, output.Title)
			}
		}
	}
}

func TestTargets(t *testing.T) {
	long := strings.Repeat("a", 64)
	for kind, targets := range map[string]struct{ valid, invalid []string }{
		"http": {
			valid:   []string{"http://localhost", "https://example.org:8443/a?b=c", "http://[::1]:80/", "http://user:pass@10.0.0.1/", "HTTP://example.org"},
			invalid: []string{"example.org", "ftp://example.org", "http://", "http:///path", "http://host:99999", "http://host:0", "http://[::1", "://", "/path", "http://a b/", "http://a\u2024\u2024b/"},
		},
		"tcp": {
			valid:   []string{"localhost:80", "10.0.0.1:1", "[::1]:65535", "[fe80::1%eth0]:22", "my_host.local.:80", "bücher.example:80", "host:http", "host:Ssh"},
			invalid: []string{"localhost", "localhost:", ":80", "::1:80", "[::1]", "host:0", "host:65536", "host:nonsense", "host:+80", "http://host:80", "10.0.0.300:80", long + ".org:80"},
		},
		"ping": {
			valid:   []string{"localhost", "10.0.0.1", "::1", "fe80::1%eth0", "a-b.example.org.", "bücher.example"},
			invalid: []string{"localhost:80", "[::1]", "http://host", "a b", "10.0.0.256", "a..b", ".", "-c 1; rm", long, "b\u202eücher.example"},
		},
		"dns": {
			valid:   []string{"example.org", "example.org.", "_sip._tcp.example.org", ".", "localhost", "_sip._tcp.bücher.example"},
			invalid: []string{"10.0.0.1", "::1", "https://example.org", "example.org:53", "a b", "a..b", strings.Repeat("abcdefgh.", 30) + "org"},
		},
	} {
		for _, target := range targets.valid {
			newProbe(t, kind, target, nil)
		}
		for _, target := range targets.invalid {
			_, err := tryProbe(kind, target, nil)
			if err == nil {
				t.Errorf("%s accepts the target %q", kind, target)
				continue
			}
			wantInvalid(t, err, "invalid monitor target: expected ")
		}
	}
}

func TestInvalidTargetsAreExplained(t *testing.T) {
	for _, c := range []struct{ kind, target, want string }{
		{"ping", "[::1]", "invalid monitor target: expected an IPv6 address without brackets: ::1"},
		{"ping", "[2001:db8::1]:80", "invalid monitor target: expected a host name or an IP address, for example router.example.org or 2001:db8::1"},
		{"tcp", "::1:80", "invalid monitor target: expected an IPv6 address in brackets, then the port: [::1]:80"},
		{"tcp", "2001:db8::1", "invalid monitor target: expected an IPv6 address in brackets, then the port, for example [2001:db8::1]:5432"},
		{"tcp", "[::1]", "invalid monitor target: expected host:port, for example db.example.org:5432 or [2001:db8::1]:5432"},
	} {
		_, err := tryProbe(c.kind, c.target, nil)
		wantInvalid(t, err)
		if err.Error() != c.want {
			t.Errorf("%s %s: got %q, want %q", c.kind, c.target, err, c.want)
		}
	}
}

func FuzzTarget(f *testing.F) {
	for _, target := range []string{"http://u:p@[::1%25eth0]:80/?#", "[::1]:443", "a.b:1", "1.2.3.4", "::ffff:1.2.3.4", "x", ".", "\x00", "é"} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		for kind := range All(Guard{}) {
			p, err := tryProbe(kind, target, nil)
			if err != nil {
				wantInvalid(t, err, "invalid monitor target: ")
				continue
			}
			p.Close()
		}
	})
}
