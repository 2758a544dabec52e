package mongotest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// startMongod starts mongod as a replica set of one node, because change streams need a replica set.
func startMongod(program, dir string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	p, err := start(exec.Command(program, "--bind_ip", "127.0.0.1", "--port", port, "--dbpath", dir,
		"--replSet", "test", "--quiet"), nil)
	if err != nil {
		return nil, err
	}
	if p.uri, err = initiate(address, "test"); err != nil {
		return nil, errors.Join(err, p.kill())
	}
	return p, nil
}

// freeAddress returns an address on which nothing listens, because mongod can't choose a free port itself.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// initiate makes the mongod at address the only member of a replica set and waits until it is writable.
func initiate(address, set string) (uri string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	err = withClient(ctx, "mongodb://"+address+"/?directConnection=true", func(c *mongo.Client) error {
		members := bson.A{bson.D{{Key: "_id", Value: 0}, {Key: "host", Value: address}}}
		config := bson.D{{Key: "_id", Value: set}, {Key: "members", Value: members}}
		return c.Database("admin").RunCommand(ctx, bson.D{{Key: "replSetInitiate", Value: config}}).Err()
	})
	if err != nil {
		return "", fmt.Errorf("initiate the replica set: %w", err)
	}
	uri = "mongodb://" + address + "/?replicaSet=" + set
	if err := withClient(ctx, uri, func(c *mongo.Client) error { return c.Ping(ctx, nil) }); err != nil {
		return "", fmt.Errorf("wait for the primary: %w", err)
	}
	return uri, nil
}
