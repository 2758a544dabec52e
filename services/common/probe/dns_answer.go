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
		addAliases(owners, answer.Answer)
	}
	var records []record
	for _, rr := range answer.Answer {
		if rr.Header().Rrtype == question && owners[dns.CanonicalName(rr.Header().Name)] {
			records = append(records, toRecord(rr))
		}
	}
	return records
}

// addAliases adds to owners the names to which their aliases point. The records may be in any order.
func addAliases(owners map[string]bool, records []dns.RR) {
	for count := 0; count < len(owners); {
		count = len(owners)
		for _, rr := range records {
			if alias, ok := rr.(*dns.CNAME); ok && owners[dns.CanonicalName(alias.Hdr.Name)] {
				owners[dns.CanonicalName(alias.Target)] = true
			}
		}
	}
}
