package mongo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	protocol "go.mongodb.org/mongo-driver/v2/x/mongo/driver"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"nanomon/services/common/monitor"
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
	case isUnavailable(*err):
		*err = fmt.Errorf("%s: %w: %w", operation, monitor.ErrUnavailable, lastError(*err))
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

// isUnavailable reports whether the same call may succeed later.
func isUnavailable(err error) bool {
	var (
		selection  topology.ServerSelectionError
		connection topology.ConnectionError
		pool       protocol.RetryablePoolError
		server     driver.ServerError
	)
	switch {
	case driver.IsTimeout(err), driver.IsNetworkError(err), errors.Is(err, driver.ErrClientDisconnected):
		return true
	case errors.As(err, &server):
		temporary := func(code int) bool { return slices.Contains(temporaryCodes[:], code) }
		return slices.ContainsFunc(server.ErrorCodes(), temporary) ||
			server.HasErrorLabel(protocol.RetryableWriteError) || server.HasErrorLabel(protocol.TransientTransactionError)
	}
	return errors.As(err, &selection) || errors.As(err, &connection) || errors.As(err, &pool)
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
	if !errors.As(err, &bulk) || bulk.WriteConcernError != nil || len(bulk.WriteErrors) == 0 {
		return false
	}
	return !slices.ContainsFunc(bulk.WriteErrors, func(e driver.BulkWriteError) bool {
		return !driver.IsDuplicateKeyError(e)
	})
}
