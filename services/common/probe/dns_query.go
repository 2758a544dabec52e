package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// udpAttempts is the number of times that a query is sent over UDP, at equal intervals.
const udpAttempts = 3

// maxUDPAnswer is the maximum size of an answer over UDP, in bytes. It fits into one packet on common networks.
const maxUDPAnswer = 1232

// errNoRecords matches, with errors.Is, every error of a server's response that there are no records of the type.
var errNoRecords = errors.New("no records")

// noRecordsError is an [errNoRecords] with its own message.
type noRecordsError string

func (e noRecordsError) Error() string { return string(e) }

func (e noRecordsError) Is(target error) bool { return target == errNoRecords }

// record is one DNS record. Records are sorted by rank, then by text.
type record struct {
	rank int
	text string
}

// queryServer sends all questions for name, which must be fully qualified, to server and joins the records. It returns
// an error only if no question has records, or if this runner could not send one: then the records are incomplete.
func (p *dnsProbe) queryServer(ctx context.Context, server, name string) ([]record, error) {
	answers := make([][]record, len(p.questions))
	errs := make([]error, len(p.questions))
	var queries sync.WaitGroup
	for i, question := range p.questions {
		queries.Go(func() { answers[i], errs[i] = p.query(ctx, server, name, question) })
	}
	queries.Wait()
	if own := OwnFault(errors.Join(errs...)); own != nil {
		return nil, own
	}
	records := slices.Concat(answers...)
	if len(records) > 0 {
		slices.SortFunc(records, func(a, b record) int {
			return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.text, b.text))
		})
		return slices.Compact(records), nil
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	if p.recordType == "CNAME" {
		if isHost, err := p.hasAddress(ctx, server, name); isHost || err != nil {
			return []record{{0, plainName(name)}}, err
		}
	}
	return nil, noRecordsError(
		fmt.Sprintf("the name server %s has no %s records for %s", server, p.recordTypes(), plainName(name)))
}

// hasAddress reports whether name has an address. Such a name without a CNAME record is no alias: it stands for itself.
func (p *dnsProbe) hasAddress(ctx context.Context, server, name string) (bool, error) {
	for _, question := range []uint16{dns.TypeA, dns.TypeAAAA} {
		addresses, err := p.query(ctx, server, name, question)
		if len(addresses) > 0 || err != nil {
			return err == nil, err
		}
	}
	return false, nil
}

// recordTypes returns the names of the queried record types, for messages.
func (p *dnsProbe) recordTypes() string {
	names := make([]string, len(p.questions))
	for i, question := range p.questions {
		names[i] = dns.TypeToString[question]
	}
	return strings.Join(names, " or ")
}

// query sends one question. An answer without records is not an error.
func (p *dnsProbe) query(ctx context.Context, server, name string, question uint16) ([]record, error) {
	message := new(dns.Msg).SetQuestion(name, question).SetEdns0(maxUDPAnswer, false)
	answer, err := p.ask(ctx, server, message)
	if err == nil && rejectsEDNS(answer) {
		answer, err = p.ask(ctx, server, withoutEDNS(message))
	}
	var refused notAllowedError
	switch {
	case errors.As(err, &refused):
		return nil, refused
	case OwnFault(err) != nil:
		return nil, OwnFault(err)
	case ctx.Err() != nil || timedOut(err):
		return nil, fmt.Errorf(
			"no answer from the name server %s for %s (timeout %s)", server, plainName(name), p.timeout)
	case err != nil:
		return nil, fmt.Errorf("can't query the name server %s for %s: %s", server, plainName(name), reason(err))
	}
	if err := checkAnswer(message, answer); err != nil {
		return nil, fmt.Errorf("the name server %s %w", server, err)
	}
	return recordsOf(answer, name, question), nil
}

// ask sends a query over UDP and, if the answer is truncated, over TCP.
func (p *dnsProbe) ask(ctx context.Context, server string, query *dns.Msg) (*dns.Msg, error) {
	answer, err := p.exchange(ctx, "udp", server, query)
	if err == nil && answer.Truncated {
		answer, err = p.exchange(ctx, "tcp", server, query)
	}
	return answer, err
}

// exchange opens a connection, sends query and returns the answer. Over UDP it sends the query several times and
// accepts an answer to any of them. The last time it is sent without EDNS, which some firewalls drop.
func (p *dnsProbe) exchange(ctx context.Context, network, server string, query *dns.Msg) (*dns.Msg, error) {
	connection, err := p.dialer.DialContext(ctx, network, server)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	// A read does not end with ctx, so the end of ctx closes the connection.
	defer context.AfterFunc(ctx, func() { connection.Close() })()
	attempts := 1
	if network == "udp" {
		attempts = udpAttempts
	}
	conn := &dns.Conn{Conn: connection, UDPSize: 4096}
	var answer *dns.Msg
	for left := attempts; left > 0; left-- {
		if left == 1 && network == "udp" {
			query = withoutEDNS(query)
		}
		if err := conn.WriteMsg(query); err != nil {
			return nil, err
		}
		if err := conn.SetReadDeadline(time.Now().Add(attemptTimeout(ctx, left, p.timeout))); err != nil {
			return nil, err
		}
		if answer, err = readAnswer(conn, query); err == nil || !timedOut(err) {
			break
		}
	}
	return answer, err
}

// readAnswer returns the next answer with the id of query; it skips all others.
func readAnswer(conn *dns.Conn, query *dns.Msg) (*dns.Msg, error) {
	for {
		answer, err := conn.ReadMsg()
		if err != nil || answer.Id == query.Id {
			return answer, err
		}
	}
}

// attemptTimeout divides the time that is left in ctx by the number of attempts. It returns at most limit.
func attemptTimeout(ctx context.Context, attempts int, limit time.Duration) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return limit
	}
	return min(limit, time.Until(deadline)/time.Duration(attempts))
}

// checkAnswer returns an error if answer does not belong to query or reports a failure. The text of the error continues
// "the name server X".
func checkAnswer(query, answer *dns.Msg) error {
	question := query.Question[0]
	name := plainName(question.Name)
	failed := answer.Rcode != dns.RcodeSuccess
	if !answer.Response || !sameQuestion(question, answer.Question) && !(failed && len(answer.Question) == 0) {
		return fmt.Errorf("sent an answer that does not match the query for %s", name)
	}
	switch answer.Rcode {
	case dns.RcodeSuccess:
		return nil
	case dns.RcodeNameError:
		return noRecordsError(fmt.Sprintf("reports that %s does not exist (NXDOMAIN)", name))
	case dns.RcodeServerFailure:
		return fmt.Errorf("could not find an answer for %s (SERVFAIL)", name)
	case dns.RcodeRefused:
		return fmt.Errorf("refused to answer for %s (REFUSED)", name)
	}
	code := cmp.Or(dns.RcodeToString[answer.Rcode], strconv.Itoa(answer.Rcode))
	return fmt.Errorf("returned an error for %s (%s)", name, code)
}

// sameQuestion reports whether an answer repeats exactly the question that was sent.
func sameQuestion(sent dns.Question, answered []dns.Question) bool {
	return len(answered) == 1 && answered[0].Qtype == sent.Qtype && answered[0].Qclass == sent.Qclass &&
		strings.EqualFold(answered[0].Name, sent.Name)
}

func toRecord(rr dns.RR) record {
	switch rr := rr.(type) {
	case *dns.A:
		return record{0, rr.A.String()}
	case *dns.AAAA:
		return record{1, rr.AAAA.String()}
	case *dns.CNAME:
		return record{0, plainName(rr.Target)}
	case *dns.TXT:
		return record{0, unescape(strings.Join(rr.Txt, ""))}
	case *dns.MX:
		return record{int(rr.Preference), fmt.Sprintf("%s %d", rr.Mx, rr.Preference)}
	case *dns.NS:
		return record{0, plainName(rr.Ns)}
	case *dns.SRV:
		return record{int(rr.Priority), net.JoinHostPort(plainName(rr.Target), strconv.Itoa(int(rr.Port)))}
	case *dns.PTR:
		return record{0, plainName(rr.Ptr)}
	case *dns.CAA:
		return record{0, fmt.Sprintf(`%d %s "%s"`, rr.Flag, rr.Tag, rr.Value)}
	case *dns.SOA:
		return record{0, fmt.Sprintf("%s %s %d %d %d %d %d", plainName(rr.Ns), plainName(rr.Mbox),
			rr.Serial, rr.Refresh, rr.Retry, rr.Expire, rr.Minttl)}
	}
	return record{0, rr.String()}
}

// plainName returns a name without its final dot. The root stays ".".
func plainName(name string) string {
	if name == "." {
		return name
	}
	return strings.TrimSuffix(name, ".")
}

// unescape decodes the escapes \" and \195, which the DNS library uses in texts.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var plain strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			plain.WriteByte(text[i])
			continue
		}
		i++
		if i+3 <= len(text) {
			if code, err := strconv.ParseUint(text[i:i+3], 10, 8); err == nil {
				plain.WriteByte(byte(code))
				i += 2
				continue
			}
		}
		plain.WriteByte(text[i])
	}
	return plain.String()
}
