package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"nanomon/services/common/monitor"
)

// maxDNSResults is how many records become outputs.
const maxDNSResults = 50

func dnsType(guard Guard) Type {
	return Type{
		Spec: Spec{
			Type:          "dns",
			Title:         "DNS lookup",
			Doc:           "Asks a name server for the records of a name. /etc/hosts plays no part.",
			TargetDoc:     "a domain name; with the type PTR an IP address",
			ExampleTarget: "www.example.org",
			ValueDoc:      "Time of the lookup, in ms.",
			Properties: []Property{
				timeoutProperty("2s", "How long the whole lookup may take."),
				{Name: "type", Kind: KindChoice, Default: "A", Choices: []string{"A", "AAAA", "CNAME", "TXT", "MX", "NS", "SRV", "PTR"},
					Doc: "The type of record to ask for."},
				{Name: "server", Kind: KindText,
					Doc: "The name server to ask: a host name or IP address, with a port if that is not 53. Unset, those of /etc/resolv.conf, with its search list."},
				{Name: "network", Kind: KindChoice, Default: "ip", Choices: []string{"ip", "ip4", "ip6"},
					Doc: "For the type A alone: ip asks for IPv4 and IPv6 addresses, ip4 and ip6 for those of one family."},
			},
			Outputs: []Output{
				{Name: "respTime", Kind: OutputNumber, Unit: "ms", Doc: "Time of the lookup."},
				{Name: "resultCount", Kind: OutputNumber, Doc: "How many records there are."},
				{Name: "resultN", Kind: OutputString,
					Doc: fmt.Sprintf("The records: result1, result2 and so on up to result%d, always in the same order. Addresses have IPv4 first; names are without the final dot; "+
						"MX come by preference, SRV by priority as host:port.", maxDNSResults)},
			},
			ExampleRule: "resultCount >= 1 && respTime < 100",
			RuleHint:    "A name without records of the type is failed, rule or not. A rule can ask for certain records: '192.0.2.1' IN (result1, result2).",
		},
		New: func(target string, settings Settings) (Probe, error) { return newDNS(guard, target, settings) },
	}
}

type dnsProbe struct {
	name       string
	recordType string
	// questions are the record types to ask for, all at once.
	questions []uint16
	// server is host:port, empty when the system's servers are to be asked.
	server  string
	timeout time.Duration
	// dialer is guarded for the server set. The system's servers are this machine's own choice, at link-local addresses too.
	dialer net.Dialer
	// system reads which servers the system asks.
	system func() (*dns.ClientConfig, error)
}

func newDNS(guard Guard, target string, settings Settings) (Probe, error) {
	p := &dnsProbe{
		recordType: settings.Text("type"),
		timeout:    settings.Duration("timeout"),
		system:     func() (*dns.ClientConfig, error) { return readResolvConf("/etc/resolv.conf") },
	}
	p.questions = questionTypes(p.recordType, settings.Text("network"))
	var err error
	if p.name, err = queryName(target, p.recordType); err != nil {
		return nil, err
	}
	if text := settings.Text("server"); text != "" {
		var ok bool
		if p.server, ok = serverAddress(text); !ok {
			return nil, monitor.Invalidf("property server: %s is not a name server, use for example 192.0.2.53, ns.example.org:5353 or [2001:db8::53]:53", quote(text))
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

// queryName is the name to ask for: target itself, or for PTR the reverse name of the address.
func queryName(target, recordType string) (string, error) {
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

// serverAddress is text as host:port, with port 53 where it names none.
func serverAddress(text string) (string, bool) {
	bare := text
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		bare = text[1 : len(text)-1]
	}
	if validHost(bare) {
		return net.JoinHostPort(bare, "53"), true
	}
	host, port, ok := splitHostPort(text)
	return net.JoinHostPort(host, port), ok
}

func readResolvConf(path string) (*dns.ClientConfig, error) {
	config, err := dns.ClientConfigFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("can't read which name servers this machine uses (%w): set the property server", err)
	}
	if len(config.Servers) == 0 {
		return nil, fmt.Errorf("%s names no name server: set the property server", path)
	}
	return config, nil
}

func (p *dnsProbe) Run(ctx context.Context) Outcome {
	limited, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	started := time.Now()
	records, err := p.lookup(limited)
	took := millis(time.Since(started))
	switch {
	case ctx.Err() != nil:
		return Outcome{Err: failure(ctx, p.timeout, "looking up "+p.name, ctx.Err())}
	case err != nil:
		return Outcome{Err: err}
	}
	return dnsOutcome(records, took)
}

func (p *dnsProbe) Close() {}

// lookup asks the server set or, as the system's resolver would, the system's servers.
func (p *dnsProbe) lookup(ctx context.Context) ([]record, error) {
	if p.server != "" {
		return p.askServer(ctx, p.server, dns.Fqdn(p.name))
	}
	config, err := p.system()
	if err != nil {
		return nil, err
	}
	var missing error
	for _, name := range config.NameList(p.name) {
		records, err := p.askServers(ctx, config, name)
		if !errors.Is(err, errNoRecords) {
			return records, err
		}
		if missing == nil || name == dns.Fqdn(p.name) {
			missing = err
		}
	}
	return nil, missing
}

// askServers asks one server after the other until one answers. Each gets its share of the time that is left.
func (p *dnsProbe) askServers(ctx context.Context, config *dns.ClientConfig, name string) (records []record, err error) {
	for i, server := range config.Servers {
		most := share(ctx, len(config.Servers)-i, time.Duration(config.Timeout)*time.Second)
		limited, cancel := context.WithTimeout(ctx, most)
		records, err = p.askServer(limited, net.JoinHostPort(server, config.Port), name)
		cancel()
		if err == nil || errors.Is(err, errNoRecords) || ctx.Err() != nil {
			break
		}
	}
	return records, err
}

func dnsOutcome(records []record, took float64) Outcome {
	outputs := map[string]any{"respTime": took, "resultCount": float64(len(records))}
	for i, r := range records[:min(len(records), maxDNSResults)] {
		outputs["result"+strconv.Itoa(i+1)] = printable(r.text)
	}
	return Outcome{Value: took, Outputs: outputs}
}
