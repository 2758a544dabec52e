package probe

import (
	"fmt"
	"unicode/utf8"

	"nanomon/services/common/monitor"
)

// CommonProperties returns the properties that all types have in addition to their own. They don't change how the
// target is checked.
func CommonProperties() []Property {
	return []Property{
		{Name: monitor.Warn, Kind: KindExpression,
			Doc: "An expression like a rule, such as avg(5) > 200. If it is true, the result has a warning: the status stays " +
				"OK, and the uptime does not change. The rule says what must be true, warn says when to warn. It is " +
				"evaluated only if the status is OK."},
		{Name: "alertMute", Kind: KindBool, Default: "false",
			Doc: "If true, no notifications are sent for this monitor. Its results are still stored."},
		{Name: "alertFailCount", Kind: KindInteger, Min: 1, Max: 1000,
			Doc: "Number of results in a row that are not OK before an incident opens. If unset, it is 1 for push " +
				"monitors, and for others the failure count in the settings of the runner."},
		{Name: monitor.AlertTo, Kind: KindText,
			Doc: "Recipients of e-mail notifications: at most 20 addresses, separated by commas. They replace " +
				"the recipients in the settings of the runner. Recipients do not see each other."},
		{Name: monitor.SLO, Kind: KindPercent,
			Doc: "Service level objective: the uptime to reach in a report, in percent, such as 99.9. The report then " +
				"shows how much of the error budget is left."},
		{Name: monitor.DependsOn, Kind: KindText,
			Doc: "Id or name of the monitor that this monitor depends on. While neither of them is OK, results of " +
				"this monitor are ignored in uptime and for incidents."},
	}
}

// invertProperty returns the property that inverts the checks of a type. none and some complete "the check is OK if" and
// "and failed if".
func invertProperty(none, some string) Property {
	return Property{Name: monitor.Invert, Kind: KindBool, Default: "false",
		Doc: "If true, the check is OK if " + none + ", and failed if " + some + ". It also fails if the host name can't be " +
			"resolved, because a misspelled name would be OK forever. Not together with a rule or warn."}
}

// noConnection is the condition under which an inverted check of a type that opens connections is OK.
const noConnection = "no connection is possible (it is refused, the host is unreachable, or there is no answer within " +
	"the timeout)"

// checkExpressionLength returns an error if an expression is longer than a rule may be.
func checkExpressionLength(text string) error {
	if n := utf8.RuneCountInString(text); n > monitor.MaxRule {
		return fmt.Errorf("has %d characters, at most %d are allowed", n, monitor.MaxRule)
	}
	return nil
}
