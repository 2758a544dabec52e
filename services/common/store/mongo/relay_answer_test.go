package mongo

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// opMsg is the code of the messages that contain commands.
const opMsg = 2013

// answer returns the reply to a command in place of the server, or nil to forward the command.
type answer func(name string, command bson.Raw) bson.D

// answers holds the current answer of a relay.
type answers struct {
	current atomic.Pointer[answer]
	// lost is the number of replies of the server that the relay will not forward. It closes their connections instead.
	lost atomic.Int32
}

// set replaces the answer; nil forwards everything.
func (a *answers) set(f answer) { a.current.Store(&f) }

// failWith answers the commands with these names with an error, and all commands except hello and ping if there is no
// name.
func failWith(code int, names ...string) answer {
	return func(name string, _ bson.Raw) bson.D {
		spared := slices.Contains([]string{"hello", "isMaster", "ismaster", "ping"}, name)
		if len(names) > 0 {
			spared = !slices.Contains(names, name)
		}
		if spared {
			return nil
		}
		return bson.D{field("ok", 0), field("code", code), field("errmsg", "no connection to the engine")}
	}
}

// copyCommands forwards messages from a client to a server until a connection fails. Messages that a answers are not
// forwarded.
func (a *answers) copyCommands(server, client net.Conn) {
	for {
		message, err := readMessage(client)
		if err != nil {
			return
		}
		if reply := a.reply(message); reply != nil {
			_, err = client.Write(reply)
		} else {
			_, err = server.Write(message)
		}
		if err != nil {
			return
		}
	}
}

// copyReplies forwards messages from a server to a client until a connection fails or a reply is to be lost.
func (a *answers) copyReplies(client, server net.Conn) {
	for {
		message, err := readMessage(server)
		if err != nil || a.lost.Load() > 0 && a.lost.Add(-1) >= 0 {
			return
		}
		if _, err := client.Write(message); err != nil {
			return
		}
	}
}

// readMessage reads a message, which begins with its length.
func readMessage(from io.Reader) ([]byte, error) {
	length := make([]byte, 4)
	if _, err := io.ReadFull(from, length); err != nil {
		return nil, err
	}
	message := make([]byte, binary.LittleEndian.Uint32(length))
	copy(message, length)
	_, err := io.ReadFull(from, message[4:])
	return message, err
}

// reply returns the message that answers message, or nil if the server answers it.
func (a *answers) reply(message []byte) []byte {
	f := a.current.Load()
	if f == nil || *f == nil || binary.LittleEndian.Uint32(message[12:]) != opMsg {
		return nil
	}
	command := commandOf(message[20:])
	first, err := command.IndexErr(0)
	if err != nil {
		return nil
	}
	document := (*f)(first.Key(), command)
	if document == nil {
		return nil
	}
	body, err := bson.Marshal(document)
	if err != nil {
		panic(err)
	}
	reply := make([]byte, 21, 21+len(body))
	binary.LittleEndian.PutUint32(reply, uint32(21+len(body)))
	copy(reply[8:12], message[4:8]) // the id of the request
	binary.LittleEndian.PutUint32(reply[12:], opMsg)
	return append(reply, body...)
}

// commandOf returns the command in the sections of a message. The documents of an insert or update are in other
// sections.
func commandOf(sections []byte) bson.Raw {
	for len(sections) > 5 {
		kind, rest := sections[0], sections[1:]
		size := binary.LittleEndian.Uint32(rest)
		if kind == 0 {
			return bson.Raw(rest[:size])
		}
		sections = rest[size:]
	}
	return nil
}

// openThrough opens a database through a relay whose answers the test sets.
func openThrough(t *testing.T, uri, database string) (*Store, *relay) {
	t.Helper()
	r, through := startRelay(t, uri)
	return open(t, Config{URI: through, Database: database}), r
}
