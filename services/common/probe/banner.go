package probe

import (
	"bufio"
	"context"
	"net"
	"strings"
	"time"
)

func bannerType(guard Guard) Type {
	return Type{
		Spec: Spec{
			Type:          "banner",
			Title:         "Banner",
			Doc:           "Connects to a port and reads the line that the server sends first.",
			TargetDoc:     "host:port, with an IPv6 address in brackets",
			ExampleTarget: "mail.example.org:25",
			ValueDoc:      "Time to connect and to read the line, in ms.",
			Properties:    []Property{timeoutProperty("5s", "Maximum time to connect and to read the line.")},
			Outputs: []Output{
				{Name: "respTime", Kind: OutputNumber, Unit: "ms", Doc: "Time to connect and to read the line."},
				{Name: "banner", Kind: OutputString, Doc: "The first line, up to 4096 bytes."},
			},
			ExampleRule: "banner =~ '^220 '",
			RuleHint:    "If the server sends no line, the check fails, with or without a rule. A rule can look at the line.",
		},
		New: func(target string, settings Settings) (Probe, error) {
			if _, _, ok := splitHostPort(target); !ok {
				return nil, invalidTarget("host:port, for example mail.example.org:25")
			}
			return &bannerProbe{target: target, timeout: settings.Duration("timeout"), dialer: guard.dialer()}, nil
		},
	}
}

type bannerProbe struct {
	target  string
	timeout time.Duration
	dialer  net.Dialer
}

func (p *bannerProbe) Run(ctx context.Context) Outcome {
	limited, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	started := time.Now()
	line, err := p.read(limited)
	if err != nil {
		return Outcome{Err: failure(ctx, p.timeout, "reading the banner of "+p.target, err)}
	}
	duration := millis(time.Since(started))
	return Outcome{Value: duration, Outputs: map[string]any{"respTime": duration, "banner": line}}
}

func (p *bannerProbe) read(ctx context.Context) (string, error) {
	conn, err := p.dialer.DialContext(ctx, "tcp", p.target)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	line, _, err := bufio.NewReader(conn).ReadLine()
	return strings.ToValidUTF8(string(line), ""), err
}

func (p *bannerProbe) Close() {}
