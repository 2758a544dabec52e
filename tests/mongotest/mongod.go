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

// startMongod starts a one-node replica set, which has change streams.
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

// freeAddress is one that nobody listens on: mongod can't choose a port itself.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// initiate makes the mongod at address a replica set of its own and waits until it is writable.
func initiate(address, set string) (uri string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err = with(ctx, "mongodb://"+address+"/?directConnection=true", func(c *mongo.Client) error {
		members := bson.A{bson.D{{Key: "_id", Value: 0}, {Key: "host", Value: address}}}
		config := bson.D{{Key: "_id", Value: set}, {Key: "members", Value: members}}
		return c.Database("admin").RunCommand(ctx, bson.D{{Key: "replSetInitiate", Value: config}}).Err()
	})
	if err != nil {
		return "", fmt.Errorf("initiate the replica set: %w", err)
	}
	uri = "mongodb://" + address + "/?replicaSet=" + set
	if err := with(ctx, uri, func(c *mongo.Client) error { return c.Ping(ctx, nil) }); err != nil {
		return "", fmt.Errorf("wait for the primary: %w", err)
	}
	return uri, nil
}
