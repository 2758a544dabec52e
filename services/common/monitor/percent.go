package monitor

import (
	"regexp"
	"strconv"
)

// SLO is the name of the property that holds the service level objective of a monitor, a percentage of uptime.
const SLO = "slo"

// percentForm matches a decimal number. Six decimals of a percentage are less than a second in three years.
var percentForm = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,6})?$`)

// ParsePercent parses a percentage above 0 and up to 100, such as 99.9. It returns false for any other text.
func ParsePercent(text string) (percent float64, valid bool) {
	if !percentForm.MatchString(text) {
		return 0, false
	}
	percent, err := strconv.ParseFloat(text, 64)
	return percent, err == nil && percent > 0 && percent <= 100
}
