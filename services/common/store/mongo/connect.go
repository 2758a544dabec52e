package mongo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"nanomon/services/common/monitor"
)

// retryPause is the pause between attempts to reach the server in [Open].
const retryPause = 200 * time.Millisecond

// waitFor calls do until it succeeds or ctx ends. It stops at once if waiting can't help, such as after a failed
// authentication. Its error contains the hosts.
func (c Config) waitFor(ctx context.Context, hosts string, do func(context.Context) error) error {
	for logged := false; ; logged = true {
		err := do(ctx)
		if err == nil || isConfigError(err) {
			return connectError(hosts, c.Timeout, err)
		}
		if !logged {
			c.Log.Warn("store unavailable, retrying", "hosts", hosts, "timeout", c.Timeout, "error", lastError(err))
		}
		select {
		case <-ctx.Done():
			return connectError(hosts, c.Timeout, err)
		case <-time.After(retryPause):
		}
	}
}

// connectError adds the hosts to an error of the connection to the server.
func connectError(hosts string, timeout time.Duration, err error) error {
	switch {
	case err == nil:
		return nil
	case isConfigError(err):
		return fmt.Errorf("connect to MongoDB at %s: %w", hosts, err)
	}
	return fmt.Errorf("MongoDB at %s did not answer within %s: %w: %w: check that the server runs and the address is right",
		hosts, timeout, monitor.ErrUnavailable, lastError(err))
}

// srvName returns the name whose SRV records a connection string refers to, and the name of the service. The name is
// empty if the string has another form or is not valid.
func srvName(uri string) (name, service string) {
	parsed, err := url.Parse(withoutSecrets(uri))
	if err != nil || parsed.Scheme != "mongodb+srv" || strings.ContainsAny(parsed.Host, ":,") {
		return "", ""
	}
	service = parsed.Query().Get("srvServiceName")
	if service == "" {
		service = "mongodb"
	}
	return parsed.Host, service
}

// lookUpServers looks up the records of a mongodb+srv connection string. The driver does so too, but only once and
// without regard to a context. So it is called after lookUpServers has succeeded. The TXT record is optional, and the
// driver ignores errors of its look-up.
func lookUpServers(ctx context.Context, name, service string) error {
	if _, _, err := net.DefaultResolver.LookupSRV(ctx, service, "tcp", name); err != nil {
		return err
	}
	_, err := net.DefaultResolver.LookupTXT(ctx, name)
	if failed := new(net.DNSError); errors.As(err, &failed) && failed.IsTimeout {
		return err
	}
	return nil
}
