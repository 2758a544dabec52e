package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"reflect"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// definitions reads and changes the documents of a table that has the columns id and definition.
type definitions[T any] struct {
	// kind is the name of a document in errors and in the names of operations.
	kind, table string
	topic       store.Topic
	decode      func(definition []byte) (T, error)
}

// each calls use for the result of decoding each document that a query selects.
func (d definitions[T]) each(ctx context.Context, s *Store, query string, args []any, use func(id []byte, content T, err error) error) error {
	return s.read(ctx, "list "+d.kind+"s", query, args, func(rows *sql.Rows) error {
		var id, definition []byte
		if err := rows.Scan(&id, &definition); err != nil {
			return err
		}
		content, err := d.decode(definition)
		return use(id, content, err)
	})
}

// decodable returns the documents that a query finds. It logs and leaves out documents that can't be decoded.
func (d definitions[T]) decodable(ctx context.Context, s *Store, query string, args ...any) ([]T, error) {
	list := []T{}
	err := d.each(ctx, s, query, args, func(id []byte, content T, err error) error {
		if err != nil {
			s.damage.Record(d.kind, hex.EncodeToString(id), err)
			return nil
		}
		list = append(list, content)
		return nil
	})
	return list, err
}

// get returns the document with the given id.
func (d definitions[T]) get(ctx context.Context, s *Store, id string) (found T, err error) {
	raw, _ := rawID(id)
	name := "get " + d.kind
	var definition []byte
	if err := s.row(ctx, name, "SELECT definition FROM "+d.table+" WHERE id = ?", []any{raw}, &definition); err != nil {
		return found, err
	}
	found, err = d.decode(definition)
	return found, describe(name, err)
}

// change calls run with the id of a document. run returns the number of documents that it has changed. change returns
// [monitor.ErrNotFound] if that is 0, and [monitor.ErrChanged] if old is not nil and the stored document does not equal it.
func (d definitions[T]) change(
	ctx context.Context, s *Store, verb, id string, old *T, run func(t *tx, id []byte) (int, error),
) error {
	operation := verb + " " + d.kind
	raw, ok := rawID(id)
	if !ok {
		return describe(operation, monitor.ErrNotFound)
	}
	return s.define(ctx, operation, func(t *tx) error {
		if err := d.expect(t, raw, old); err != nil {
			return err
		}
		n, err := run(t, raw)
		if err == nil && n == 0 {
			err = monitor.ErrNotFound
		}
		return err
	}, d.topic)
}

// expect returns [monitor.ErrChanged] if old is not nil and the document with the given id does not equal it.
func (d definitions[T]) expect(t *tx, id []byte, old *T) error {
	if old == nil {
		return nil
	}
	stored, err := *new(T), sql.ErrNoRows
	each := t.each("SELECT definition FROM "+d.table+" WHERE id = ?", []any{id}, func(rows *sql.Rows) error {
		var definition []byte
		if err = rows.Scan(&definition); err == nil {
			stored, err = d.decode(definition)
		}
		return err
	})
	if err = cmp.Or(each, err); err == nil && !reflect.DeepEqual(stored, *old) {
		err = monitor.ErrChanged
	}
	return err
}

// fromJSON decodes a document that is stored as the JSON of its type.
func fromJSON[T any](definition []byte) (document T, err error) {
	return document, json.Unmarshal(definition, &document)
}
