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

// udpSends is how often a query is sent over UDP, evenly over the time there is.
const udpSends = 3

// errNoRecords is behind the errors which say that a server answered and that there is nothing of the kind.
var errNoRecords = errors.New("no records")

// absent is an error that is errNoRecords and has words of its own.
type absent string

func (a absent) Error() string { return string(a) }

func (a absent) Is(target error) bool { return target == errNoRecords }

// record is one result and its place among the others: by rank, then by text.
type record struct {
	rank int
	text string
}

// askServer asks server all the questions for name, which is fully qualified, and joins the records. One
// question that is answered with records is enough.
func (p *dnsProbe) askServer(ctx context.Context, server, name string) ([]record, error) {
	answers := make([][]record, len(p.questions))
	errs := make([]error, len(p.questions))
	var asked sync.WaitGroup
	for i, question := range p.questions {
		asked.Go(func() { answers[i], errs[i] = p.ask(ctx, server, name, question) })
	}
	asked.Wait()
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
	return nil, absent(fmt.Sprintf("no %s records for %s, says the name server %s", p.wanted(), plainName(name), server))
}

// wanted names the types of record asked for.
func (p *dnsProbe) wanted() string {
	names := make([]string, len(p.questions))
	for i, question := range p.questions {
		names[i] = dns.TypeToString[question]
	}
	return strings.Join(names, " or ")
}

// ask puts one question, over UDP and, when the answer doesn't fit, over TCP. No records is no error.
func (p *dnsProbe) ask(ctx context.Context, server, name string, question uint16) ([]record, error) {
	query := new(dns.Msg).SetQuestion(name, question)
	answer, err := p.exchange(ctx, "udp", server, query)
	if err == nil && answer.Truncated {
		answer, err = p.exchange(ctx, "tcp", server, query)
	}
	var refused notAllowed
	switch {
	case errors.As(err, &refused):
		return nil, refused
	case ctx.Err() != nil || timedOut(err):
		return nil, fmt.Errorf("no answer in time from the name server %s for %s (timeout %s)", server, plainName(name), p.timeout)
	case err != nil:
		return nil, fmt.Errorf("the name server %s can't be asked for %s: %s", server, plainName(name), reason(err))
	}
	if err := checkAnswer(query, answer); err != nil {
		return nil, fmt.Errorf("the name server %s %w", server, err)
	}
	return recordsOf(answer, question), nil
}

// exchange sends query over a connection of its own and gives the answer to it. Over UDP it sends again
// what may have been lost, and still takes a late answer to what it sent before.
func (p *dnsProbe) exchange(ctx context.Context, network, server string, query *dns.Msg) (*dns.Msg, error) {
	connection, err := p.dialer.DialContext(ctx, network, server)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	// Reading heeds a deadline but not the end of ctx, so that closes the connection.
	defer context.AfterFunc(ctx, func() { connection.Close() })()
	sends := 1
	if network == "udp" {
		sends = udpSends
	}
	conn := &dns.Conn{Conn: connection, UDPSize: 4096}
	var answer *dns.Msg
	for left := sends; left > 0; left-- {
		if err := conn.WriteMsg(query); err != nil {
			return nil, err
		}
		if err := conn.SetReadDeadline(time.Now().Add(share(ctx, left, p.timeout))); err != nil {
			return nil, err
		}
		if answer, err = readAnswer(conn, query); err == nil || !timedOut(err) {
			break
		}
	}
	return answer, err
}

// readAnswer passes over answers that bear another id.
func readAnswer(conn *dns.Conn, query *dns.Msg) (*dns.Msg, error) {
	for {
		answer, err := conn.ReadMsg()
		if err != nil || answer.Id == query.Id {
			return answer, err
		}
	}
}

// share is the part of the time left in ctx that each of several attempts may take, at most most.
func share(ctx context.Context, attempts int, most time.Duration) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return most
	}
	return min(most, time.Until(deadline)/time.Duration(attempts))
}

// checkAnswer finds out whether answer belongs to query and carries records. Its error goes on from
// "the name server X".
func checkAnswer(query, answer *dns.Msg) error {
	asked := query.Question[0]
	name := plainName(asked.Name)
	failed := answer.Rcode != dns.RcodeSuccess
	if !answer.Response || !answersTo(asked, answer.Question) && !(failed && len(answer.Question) == 0) {
		return fmt.Errorf("sent an answer to another question than the one for %s, which can't be trusted", name)
	}
	switch answer.Rcode {
	case dns.RcodeSuccess:
		return nil
	case dns.RcodeNameError:
		return absent(fmt.Sprintf("says that %s does not exist (NXDOMAIN)", name))
	case dns.RcodeServerFailure:
		return fmt.Errorf("could not find an answer for %s (SERVFAIL)", name)
	case dns.RcodeRefused:
		return fmt.Errorf("refuses to answer for %s (REFUSED)", name)
	}
	return fmt.Errorf("gives an error for %s (%s)", name, cmp.Or(dns.RcodeToString[answer.Rcode], strconv.Itoa(answer.Rcode)))
}

func answersTo(asked dns.Question, questions []dns.Question) bool {
	return len(questions) == 1 && questions[0].Qtype == asked.Qtype && questions[0].Qclass == asked.Qclass &&
		strings.EqualFold(questions[0].Name, asked.Name)
}

// recordsOf picks the records of the type asked for, wherever an alias in the answer leads.
func recordsOf(answer *dns.Msg, question uint16) []record {
	var records []record
	for _, rr := range answer.Answer {
		if rr.Header().Rrtype == question {
			records = append(records, toRecord(rr))
		}
	}
	return records
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
		return record{int(rr.Preference), plainName(rr.Mx)}
	case *dns.NS:
		return record{0, plainName(rr.Ns)}
	case *dns.SRV:
		return record{int(rr.Priority), net.JoinHostPort(plainName(rr.Target), strconv.Itoa(int(rr.Port)))}
	case *dns.PTR:
		return record{0, plainName(rr.Ptr)}
	}
	return record{0, rr.String()}
}

// plainName is a name without its final dot; the root stays ".".
func plainName(name string) string {
	if name == "." {
		return name
	}
	return strings.TrimSuffix(name, ".")
}

// unescape undoes the escapes of a zone file, \" and \195, in which the DNS library gives texts.
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
