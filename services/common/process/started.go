package process

import (
	"log/slog"
	"net"
	"strings"

	"nanomon/services/common/version"
)

// LogStart logs the version of a program and what it uses: attributes such as those of [Channels].
func LogStart(log *slog.Logger, program string, uses ...any) {
	identity := []any{"program", program, "version", version.Version, "build", version.BuildInfo}
	log.Info("starting NanoMon", append(identity, uses...)...)
}

// Channels returns the attribute of the log that lists the configured notification channels.
func Channels(names []string) slog.Attr {
	if len(names) == 0 {
		return slog.String("channels", "none")
	}
	return slog.String("channels", strings.Join(names, ", "))
}

// WarnOpen logs a warning that sign-in is off, with the addresses at which everyone can change monitors.
func WarnOpen(log *slog.Logger, listeners ...net.Listener) {
	var addresses []string
	for _, listener := range listeners {
		addresses = append(addresses, listener.Addr().String())
	}
	log.Warn("sign-in is off: everyone who reaches these addresses can change monitors",
		"addresses", strings.Join(addresses, ", "), "documentation", "/docs/sign-in")
}
