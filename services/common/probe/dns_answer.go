package probe

import "github.com/miekg/dns"

// rejectsEDNS reports whether a server may have answered with an error because it does not know EDNS.
func rejectsEDNS(answer *dns.Msg) bool {
	switch answer.Rcode {
	case dns.RcodeFormatError, dns.RcodeNotImplemented, dns.RcodeBadVers:
		return true
	}
	return false
}

// withoutEDNS returns query without its additional records.
func withoutEDNS(query *dns.Msg) *dns.Msg {
	plain := *query
	plain.Extra = nil
	return &plain
}

// recordsOf returns the records of the requested type that belong to name or, unless the type is CNAME, to a name to
// which its aliases point.
func recordsOf(answer *dns.Msg, name string, question uint16) []record {
	owners := map[string]bool{dns.CanonicalName(name): true}
	if question != dns.TypeCNAME {
		owners = ownersOf(name, aliasesIn(answer.Answer))
	}
	var records []record
	for _, rr := range answer.Answer {
		if rr.Header().Rrtype == question && owners[dns.CanonicalName(rr.Header().Name)] {
			records = append(records, toRecord(rr))
		}
	}
	return records
}

// aliasesIn returns the names to which each alias in records points.
func aliasesIn(records []dns.RR) map[string][]string {
	aliases := make(map[string][]string)
	for _, rr := range records {
		if alias, ok := rr.(*dns.CNAME); ok {
			owner := dns.CanonicalName(alias.Hdr.Name)
			aliases[owner] = append(aliases[owner], dns.CanonicalName(alias.Target))
		}
	}
	return aliases
}

// ownersOf returns name and the names to which it leads. The time it takes does not depend on the order of the aliases:
// an answer may contain thousands of them.
func ownersOf(name string, aliases map[string][]string) map[string]bool {
	owners := make(map[string]bool)
	for names := []string{dns.CanonicalName(name)}; len(names) > 0; names = names[1:] {
		if !owners[names[0]] {
			owners[names[0]] = true
			names = append(names, aliases[names[0]]...)
		}
	}
	return owners
}
