package mongo

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
)

// clientOptions reads a connection string. What it says of timeouts goes before ours.
func clientOptions(uri string) (*options.ClientOptions, error) {
	opts := options.Client().ApplyURI(uri)
	if err := opts.Validate(); err != nil {
		return nil, badURI(uri)
	}
	if opts.ServerSelectionTimeout == nil {
		opts.SetServerSelectionTimeout(selectionTimeout)
	}
	if opts.ConnectTimeout == nil {
		opts.SetConnectTimeout(selectionTimeout)
	}
	if opts.Timeout == nil {
		opts.SetTimeout(operationTimeout)
	}
	return opts, nil
}

var (
	userInfo       = regexp.MustCompile(`(?s)://.*@`)
	secretSettings = regexp.MustCompile(`(?i)([?&;][^?&;=]*(?:password|properties)=)[^&;]*`)
)

// badURI says what is wrong with a connection string. The driver's own words may quote a password,
// so they are only used if they hold for what is left when all secrets are taken out.
func badURI(uri string) error {
	open := secretSettings.ReplaceAllString(userInfo.ReplaceAllString(uri, "://"), "${1}")
	if err := options.Client().ApplyURI(open).Validate(); err != nil {
		return fmt.Errorf("mongodb connection string: %w", err)
	}
	return fmt.Errorf("mongodb connection string: the user name, password or another secret in it can't be read: " +
		"write the characters : / ? # [ ] @ %% in them percent-encoded")
}

// unreachable says which hosts didn't answer.
func unreachable(hosts []string, timeout time.Duration, err error) error {
	at := strings.Join(hosts, ", ")
	if !isUnavailable(err) {
		return fmt.Errorf("mongodb at %s: %w", at, err)
	}
	return fmt.Errorf("mongodb at %s did not answer within %s: %w: %w", at, timeout, monitor.ErrUnavailable, lastError(err))
}
