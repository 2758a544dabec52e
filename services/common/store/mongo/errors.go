package mongo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	protocol "go.mongodb.org/mongo-driver/v2/x/mongo/driver"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// end maps the error of an operation that began at started, see explain, and calls the observer.
func (s *Store) end(ctx context.Context, started time.Time, operation string, err *error) {
	explain(ctx, operation, err)
	s.observe.End(operation, started, err)
}

// explain maps the error of an operation to the errors of the contract and adds the name of the operation.
func explain(ctx context.Context, operation string, err *error) {
	switch {
	case *err == nil:
	case errors.Is(ctx.Err(), context.Canceled):
		*err = fmt.Errorf("%s: %w", operation, context.Canceled)
	case errors.Is(*err, driver.ErrNoDocuments):
		*err = fmt.Errorf("%s: %w", operation, monitor.ErrNotFound)
	case errors.Is(*err, store.ErrWatchUnsupported):
		*err = fmt.Errorf("%s: %w", operation, *err)
	case isTemporary(*err):
		*err = fmt.Errorf("%s: %w: %w", operation, monitor.ErrUnavailable, lastError(*err))
	case isDocumentError(*err):
		*err = fmt.Errorf("%s: %w", operation, monitor.Invalidf("MongoDB can't store a document: %v", *err))
	case isServerError(*err):
		*err = fmt.Errorf("%s: %w: %w", operation, store.ErrUnknown, codedError{*err})
	default:
		*err = fmt.Errorf("%s: %w", operation, *err)
	}
}

// lastError returns the network error inside an error of the driver, which otherwise repeats itself and lists all
// servers.
func lastError(err error) error {
	var selection topology.ServerSelectionError
	if errors.As(err, &selection) {
		err = selection.Wrapped
		for _, server := range selection.Desc.Servers {
			if server.LastError != nil {
				err = server.LastError
				break
			}
		}
	}
	var network *net.OpError
	var connection topology.ConnectionError
	switch {
	case errors.As(err, &network):
		return network
	case errors.As(err, &connection) && connection.Wrapped != nil:
		return connection.Wrapped
	}
	return err
}

// isTemporary reports whether err is known to mean that the same call may succeed later.
func isTemporary(err error) bool {
	var (
		selection  topology.ServerSelectionError
		connection topology.ConnectionError
		pool       protocol.RetryablePoolError
		server     driver.ServerError
		lookup     *net.DNSError
	)
	switch {
	case driver.IsTimeout(err), driver.IsNetworkError(err), errors.Is(err, driver.ErrClientDisconnected):
		return true
	case errors.As(err, &server):
		temporary := func(code int) bool { return slices.Contains(temporaryCodes[:], code) }
		return slices.ContainsFunc(server.ErrorCodes(), temporary) ||
			server.HasErrorLabel(protocol.RetryableWriteError) || server.HasErrorLabel(protocol.TransientTransactionError)
	}
	return errors.As(err, &selection) || errors.As(err, &connection) || errors.As(err, &pool) ||
		errors.As(err, &lookup)
}

// isServerError reports whether a server that was reachable answered with an error.
func isServerError(err error) bool {
	var server driver.ServerError
	return errors.As(err, &server)
}

// codedError is an error of a server. Its text begins with the code, which the text of the driver does not contain.
type codedError struct{ error }

func (e codedError) Error() string {
	var server driver.ServerError
	text := strings.TrimSpace(e.error.Error())
	if !errors.As(e.error, &server) || len(server.ErrorCodes()) == 0 {
		return text
	}
	return fmt.Sprintf("code %d: %s", server.ErrorCodes()[0], text)
}

func (e codedError) Unwrap() error { return e.error }

// isConfigError reports whether the connection or the server failed because of the settings of the connection, so that
// waiting for the server can't help.
func isConfigError(err error) bool {
	var server driver.ServerError
	if errors.As(err, &server) {
		const unauthorized, authenticationFailed, invalidNamespace = 13, 18, 73
		return slices.ContainsFunc([]int{unauthorized, authenticationFailed, invalidNamespace}, server.HasErrorCode)
	}
	return !isTemporary(err)
}

// isDocumentError reports whether err is the fault of one document: the driver could not encode or send it, or the
// server rejected it by its number and with a code that concerns its content. With any other code, the server may have
// failed while it wrote that document.
func isDocumentError(err error) bool {
	var (
		encoding driver.MarshalError
		command  driver.CommandError
		bulk     driver.BulkWriteException
		single   driver.WriteException
	)
	isOfDocument := func(code int) bool { return slices.Contains(documentCodes[:], code) }
	switch {
	case errors.As(err, &encoding), errors.Is(err, protocol.ErrDocumentTooLarge):
		return true
	case errors.As(err, &command):
		return command.Code == tooLargeCode
	case errors.As(err, &bulk):
		return bulk.WriteConcernError == nil && all(bulk.WriteErrors, func(e driver.BulkWriteError) bool {
			return isOfDocument(e.Code) || driver.IsDuplicateKeyError(e)
		}) && !onlyDuplicates(err)
	case errors.As(err, &single):
		return single.WriteConcernError == nil && all(single.WriteErrors, func(e driver.WriteError) bool {
			return isOfDocument(e.Code)
		})
	}
	return false
}

// all reports whether list has elements and is returns true for each of them.
func all[T any](list []T, is func(T) bool) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(v T) bool { return !is(v) })
}

// tooLargeCode is the error code for a document that is too large. A server may reject the whole command for it.
const tooLargeCode = 10334

// documentCodes lists the error codes with which a server rejects the content of one document.
var documentCodes = [...]int{
	2,   // bad value
	9,   // failed to parse
	14,  // type mismatch
	22,  // invalid BSON
	52,  // field name begins with $
	53,  // invalid _id
	55,  // invalid DBRef
	56,  // empty field name
	57,  // field name contains a dot
	121, // document failed validation
	tooLargeCode,
	17280, // key too long for an index
	17419, // document too large after an update
	17420, // document too large after an update
}

// temporaryCodes lists the error codes of a server after which the same call may succeed later.
var temporaryCodes = [...]int{
	6,     // host unreachable
	7,     // host not found
	89,    // network timeout
	91,    // shutdown in progress
	134,   // majority not available yet
	189,   // primary stepped down
	262,   // time limit exceeded
	9001,  // socket exception
	10107, // not the primary
	11600, // interrupted at shutdown
	11602, // interrupted by a change of the replica set
	13435, // not the primary, and not a readable secondary
	13436, // not the primary or a secondary
	16500, // too many requests (Cosmos DB)
}

// onlyDuplicates reports whether an unordered write failed only because documents with the same ids exist already.
func onlyDuplicates(err error) bool {
	var bulk driver.BulkWriteException
	if !errors.As(err, &bulk) || bulk.WriteConcernError != nil {
		return false
	}
	return all(bulk.WriteErrors, func(e driver.BulkWriteError) bool { return driver.IsDuplicateKeyError(e) })
}
