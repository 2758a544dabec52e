package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"nanomon/services/common/hostname"
	"nanomon/services/common/monitor"
)

func dnsType(guard Guard) Type {
	return Type{
		Spec: Spec{
			Type:          "dns",
			Title:         "DNS lookup",
			Doc:           "Queries a name server for the records of a name. /etc/hosts is not used.",
			TargetDoc:     "a domain name, or an IP address for the type PTR",
			ExampleTarget: "www.example.org",
			ValueDoc:      "Duration of the lookup, in ms.",
			Properties: []Property{
				timeoutProperty("2s", "Maximum duration of the whole lookup."),
				{Name: "type", Kind: KindChoice, Default: "A",
					Choices: []string{"A", "AAAA", "CNAME", "TXT", "MX", "NS", "SRV", "PTR", "CAA", "SOA"},
					Doc:     "The type of record to look up."},
				{Name: "server", Kind: KindText,
					Doc: "The name server to query: a host name or an IP address, with the port if it is not 53. If " +
						"unset, the servers and the search list of /etc/resolv.conf are used."},
				networkProperty("Only for the type A: ip looks up IPv4 and IPv6 addresses, ip4 or ip6 only one kind."),
			},
			Outputs: []Output{
				{Name: "respTime", Kind: OutputNumber, Title: "Lookup time", Unit: "ms", Doc: "Duration of the lookup."},
				{Name: "resultCount", Kind: OutputNumber, Title: "Records", Doc: "Number of records."},
				{Name: "resultN", Kind: OutputString,
					Doc: fmt.Sprintf("The records: result1, result2 and so on, in a fixed order. A rule can use all of them; "+
						"a result contains %d. IPv4 addresses come before IPv6 addresses. Names have no final dot, except in MX "+
						"records; for CNAME, MX, NS and PTR, rules ignore the final dot. MX records are sorted by preference and "+
						"have the form mx.example.org. 10. SRV records are sorted by priority and have the form host:port. "+
						"A CAA record has the form 0 issue \"ca.example.org\". A SOA record has the form server mailbox "+
						"serial refresh retry expire minimum.", maxSeries)},
				{Name: "hostN", Kind: OutputString, Doc: "The hosts of the MX records, without preference."},
			},
			ExampleRule: "resultCount >= 1 && respTime < 100",
			RuleHint: "If there are no records of the type, the check fails, with or without a rule. For CNAME, a name " +
				"that is no alias gives itself. A rule can require certain records: '192.0.2.1' IN (result1, result2).",
		},
		// Without a name server, each name counts as a different host.
		Host:  func(m monitor.Monitor) string { return cmp.Or(m.Properties["server"], m.Target) },
		Names: func(properties map[string]string) bool { return areNames(properties["type"]) },
		New:   func(target string, settings Settings) (Probe, error) { return newDNS(guard, target, settings) },
	}
}

type dnsProbe struct {
	name       string
	recordType string
	// questions lists the record types to query, all at the same time.
	questions []uint16
	// server is the host:port of the name server. If it is empty, the probe queries the system's servers.
	server  string
	timeout time.Duration
	// dialer applies the guard only to a configured server. The system's servers may have any address, even a
	// link-local one.
	dialer net.Dialer
	// readConfig reads the configuration of the system's resolver.
	readConfig func() (*dns.ClientConfig, error)
}

func newDNS(guard Guard, target string, settings Settings) (Probe, error) {
	p := &dnsProbe{
		recordType: settings.Text("type"),
		timeout:    settings.Duration("timeout"),
		readConfig: func() (*dns.ClientConfig, error) { return readResolvConf(resolvConf) },
	}
	p.questions = questionTypes(p.recordType, settings.Text("network"))
	var err error
	if p.name, err = queryName(target, p.recordType); err != nil {
		return nil, err
	}
	if text := settings.Text("server"); text != "" {
		var ok bool
		if p.server, ok = serverAddress(text); !ok {
			return nil, monitor.Invalidf("property server: %s is not a name server: use for example 192.0.2.53, "+
				"ns.example.org:5353 or [2001:db8::53]:53", quote(text))
		}
		p.dialer = guard.dialer()
	}
	return p, nil
}

func questionTypes(recordType, network string) []uint16 {
	if recordType != "A" || network == "ip4" {
		return []uint16{dns.StringToType[recordType]}
	}
	if network == "ip6" {
		return []uint16{dns.TypeAAAA}
	}
	return []uint16{dns.TypeA, dns.TypeAAAA}
}

// queryName returns the name to look up: target itself or, for PTR, the reverse name of the address.
func queryName(target, recordType string) (string, error) {
	target = hostname.ToASCII(target)
	address, err := netip.ParseAddr(target)
	isAddress := err == nil
	switch {
	case recordType == "PTR" && isAddress:
		name, err := dns.ReverseAddr(address.WithZone("").String())
		if err != nil {
			return "", invalidTarget("an IP address for type PTR, for example 192.0.2.1")
		}
		return name, nil
	case recordType == "PTR" && !strings.HasSuffix(strings.TrimSuffix(target, "."), ".arpa"):
		return "", invalidTarget("an IP address for type PTR, for example 192.0.2.1")
	case target != "." && !validName(target) || isAddress:
		return "", invalidTarget("a domain name, for example www.example.org")
	}
	return target, nil
}

// serverAddress returns text as host:port. The default port is 53.
func serverAddress(text string) (string, bool) {
	text = hostname.ToASCII(strings.TrimSpace(text))
	bare, inBrackets := withoutBrackets(text)
	if !inBrackets {
		bare = text
	}
	if validHost(bare) {
		return net.JoinHostPort(bare, "53"), true
	}
	host, port, ok := splitHostPort(text)
	return net.JoinHostPort(host, port), ok
}

func readResolvConf(path string) (*dns.ClientConfig, error) {
	config, err := dns.ClientConfigFromFile(path)
	if own := OwnFault(err); own != nil {
		return nil, own
	}
	if err != nil {
		return nil, fmt.Errorf("can't read the name servers of this machine (%w): set the property server", err)
	}
	if len(config.Servers) == 0 {
		return nil, fmt.Errorf("%s lists no name server: set the property server", path)
	}
	return config, nil
}

func (p *dnsProbe) Run(ctx context.Context) Outcome {
	limited, cancel := limitCheck(ctx, p.timeout)
	defer cancel()
	started := time.Now()
	records, err := p.lookup(limited)
	duration := millis(time.Since(started))
	switch {
	case ctx.Err() != nil:
		return Outcome{Err: failure(ctx, p.timeout, "looking up "+p.name, ctx.Err())}
	case err != nil:
		return Outcome{Err: err}
	}
	return p.outcome(records, duration)
}

func (p *dnsProbe) Close() {}

// lookup queries the configured server or, if there is none, the system's servers with the system's search list.
func (p *dnsProbe) lookup(ctx context.Context) ([]record, error) {
	if p.server != "" {
		return p.queryServer(ctx, p.server, dns.Fqdn(p.name))
	}
	config, err := p.readConfig()
	if err != nil {
		return nil, err
	}
	var noRecords error
	for _, name := range config.NameList(p.name) {
		records, err := p.queryServers(ctx, config, name)
		if !errors.Is(err, errNoRecords) {
			return records, err
		}
		if noRecords == nil || name == dns.Fqdn(p.name) {
			noRecords = err
		}
	}
	return nil, noRecords
}

// queryServers queries one server after the other until one responds. It divides the remaining time evenly between
// them.
func (p *dnsProbe) queryServers(ctx context.Context, config *dns.ClientConfig, name string) ([]record, error) {
	var records []record
	var err error
	for i, server := range config.Servers {
		timeout := attemptTimeout(ctx, len(config.Servers)-i, time.Duration(config.Timeout)*time.Second)
		limited, cancel := context.WithTimeout(ctx, timeout)
		records, err = p.queryServer(limited, net.JoinHostPort(server, config.Port), name)
		cancel()
		if err == nil || errors.Is(err, errNoRecords) || OwnFault(err) != nil || ctx.Err() != nil {
			break
		}
	}
	return records, err
}

func (p *dnsProbe) outcome(records []record, duration float64) Outcome {
	outputs := map[string]any{"respTime": duration, "resultCount": float64(len(records))}
	for i, r := range records {
		outputs["result"+strconv.Itoa(i+1)] = validUTF8(r.text)
		if p.recordType == "MX" {
			outputs["host"+strconv.Itoa(i+1)] = validUTF8(plainName(r.text[:strings.LastIndexByte(r.text, ' ')]))
		}
	}
	return Outcome{Value: duration, Outputs: outputs, Names: areNames(p.recordType)}
}

// areNames reports whether the records of a type are domain names.
func areNames(recordType string) bool {
	return slices.Contains([]string{"CNAME", "MX", "NS", "PTR"}, recordType)
}
