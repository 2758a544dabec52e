package mongo

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
)

// waitForOptions parses the connection string of c. If it is a mongodb+srv string, waitForOptions waits until the name
// can be looked up.
func (c Config) waitForOptions(ctx context.Context) (*options.ClientOptions, error) {
	if name, service := srvName(c.URI); name != "" {
		if hasWrongSecret(c.URI) {
			return nil, errWrongSecret
		}
		look := func(ctx context.Context) error { return lookUpServers(ctx, name, service) }
		if err := c.waitFor(ctx, name, look); err != nil {
			return nil, err
		}
	}
	return clientOptions(c.URI)
}

// clientOptions parses a connection string. Its timeouts replace the default timeouts. Its readPreference is ignored: a
// secondary may be behind, and a loop that retries after it has read the newest number would not end.
func clientOptions(uri string) (*options.ClientOptions, error) {
	opts := options.Client().ApplyURI(uri)
	if err := opts.Validate(); err != nil {
		return nil, uriError(uri)
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
	return opts.SetReadPreference(readpref.Primary()), nil
}

var (
	userInfo       = regexp.MustCompile(`(?s)://.*@`)
	secretSettings = regexp.MustCompile(`(?i)([?&;][^?&;=]*(?:password|properties)=)[^&;]*`)
)

// withoutSecrets returns a connection string without its secrets. It has another user name and password, because some
// authentication mechanisms need them.
func withoutSecrets(uri string) string {
	uri = userInfo.ReplaceAllStringFunc(uri, func(info string) string {
		if strings.Contains(strings.TrimPrefix(info, ":"), ":") {
			return "://user:password@"
		}
		return "://user@"
	})
	return secretSettings.ReplaceAllString(uri, "${1}")
}

// uriError returns an error for an invalid connection string. The driver's error may quote a password. So uriError uses
// it only if the string is still invalid without its secrets.
func uriError(uri string) error {
	if hasWrongPort(uri) {
		return fmt.Errorf("the MongoDB connection string has a port that is not a number: " +
			"use mongodb://host:port, or mongodb://user:password@host:port with a password")
	}
	if err := options.Client().ApplyURI(withoutSecrets(uri)).Validate(); err != nil {
		return fmt.Errorf("the MongoDB connection string is not valid: %w: use mongodb://host:port or mongodb+srv://host", err)
	}
	return errWrongSecret
}

var errWrongSecret = errors.New("the user name, password or another secret in the MongoDB connection string is not valid: " +
	"use the percent-encoded form of the characters : / ? # [ ] @ % in them")

// hasWrongSecret reports whether a mongodb+srv connection string is valid only without its secrets. It looks up no name:
// with such a secret, a part of it may be taken for the name.
func hasWrongSecret(uri string) bool {
	uri = "mongodb" + strings.TrimPrefix(uri, "mongodb+srv")
	isValid := func(uri string) bool { return options.Client().ApplyURI(uri).Validate() == nil }
	return !isValid(uri) && isValid(withoutSecrets(uri))
}

// hasWrongPort reports whether what stands where a port belongs is not a number. It is a password if the host is
// missing, as in mongodb://user:password.
func hasWrongPort(uri string) bool {
	_, hosts, _ := strings.Cut(userInfo.ReplaceAllString(uri, "://"), "://")
	if end := strings.IndexAny(hosts, "/?"); end >= 0 {
		hosts = hosts[:end]
	}
	for host := range strings.SplitSeq(hosts, ",") {
		_, port, found := strings.Cut(host[strings.LastIndex(host, "]")+1:], ":")
		if _, err := strconv.Atoi(port); found && port != "" && err != nil {
			return true
		}
	}
	return false
}
