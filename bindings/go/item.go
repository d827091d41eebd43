package lgstore

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"time"
)

// A Namespace is where items live: a path of labels, each a non-empty text without '.' and NUL. Labels are
// compared whole and by code point.
type Namespace []string

// NS makes a Namespace of its labels.
func NS(labels ...string) Namespace { return labels }

// String joins the labels with dots, which are in no label.
func (n Namespace) String() string { return strings.Join(n, ".") }

// An Item is a stored document and what the store knows of it. Its parts share one piece of memory, which
// lives as long as one of them.
type Item struct {
	Namespace Namespace
	Key       string
	// Value is the stored JSON object, byte for byte as it was put.
	Value json.RawMessage
	// CreatedAt survives overwriting; it starts anew after deletion and expiry.
	CreatedAt time.Time
	// UpdatedAt grows with every write of the item.
	UpdatedAt time.Time
	// ExpiresAt is when the item becomes invisible; zero = never.
	ExpiresAt time.Time
	// Version changes with every write; see [ExpectVersion]. "" for rows that another program wrote.
	Version string
	// Score is set by searches that rank; else it is NaN.
	Score float64
}

// Decode reads the value into what target points at, by encoding/json.
func (i *Item) Decode(target any) error { return json.Unmarshal(i.Value, target) }

// itemOf reads an item of an answer; nil for null. The item owns the text.
func itemOf(text []byte) *Item {
	if len(text) == 0 || text[0] != '{' {
		return nil
	}
	made := new(struct {
		Item
		labels [4]string
	})
	item := &made.Item
	item.Score = math.NaN()
	members := readerOf(text)
	for name, value := members.member(); name != nil; name, value = members.member() {
		switch string(name) {
		case "namespace":
			item.Namespace = labelsOf(value, made.labels[:])
		case "key":
			item.Key = textOf(value)
		case "value":
			item.Value = value
		case "created_at":
			item.CreatedAt = timeOf(value)
		case "updated_at":
			item.UpdatedAt = timeOf(value)
		case "expires_at":
			item.ExpiresAt = timeOf(value)
		case "version":
			item.Version = textOf(value)
		case "score":
			item.Score = scoreOf(value)
		}
	}
	return item
}

// appendPlace appends the members that say which item.
func appendPlace(to []byte, namespace Namespace, key string) []byte {
	to = appendLabels(append(to, `"namespace":`...), namespace)
	return appendString(append(to, `,"key":`...), key)
}

// Put creates or replaces an item. The value is anything that encoding/json makes an object of, or a
// json.RawMessage, which is stored byte for byte.
//
// Limits, unless configured otherwise: 10 labels of 256 characters, keys of 1,024 bytes, values of
// 1,000,000 bytes, 128 levels deep.
func (s *Store) Put(ctx context.Context, namespace Namespace, key string, value any, options ...RequestOption) error {
	_, err := s.runPut(ctx, OpPut, namespace, key, value, nil, options)
	return err
}

// runPut is for all operations that write a value.
func (s *store) runPut(ctx context.Context, op Op, namespace Namespace, key string, value any, expected *Expected, options []RequestOption) ([]byte, error) {
	r := s.calls.take()
	body, err := appendPut(append(r.body[:0], '{'), namespace, key, value)
	if err == nil && expected != nil {
		body, err = expected.append(body)
	}
	r.body = append(appendOptions(body, options), '}')
	if err != nil {
		s.calls.put(r)
		return nil, of(op, err)
	}
	return s.run(ctx, op, r)
}

func appendPut(to []byte, namespace Namespace, key string, value any) ([]byte, error) {
	return appendValue(append(appendPlace(to, namespace, key), `,"value":`...), "value", value)
}

// Get reads an item. Where there is none, or it has expired, the error is [ErrNoItem].
func (s *Store) Get(ctx context.Context, namespace Namespace, key string, options ...RequestOption) (*Item, error) {
	answer, err := s.runPlace(ctx, OpGet, namespace, key, nil, options)
	if err != nil {
		return nil, err
	}
	item := itemOf(answer)
	if item == nil {
		return nil, ErrNoItem
	}
	return item, nil
}

// Delete removes an item. It is no error if there is none.
func (s *Store) Delete(ctx context.Context, namespace Namespace, key string, options ...RequestOption) error {
	_, err := s.runPlace(ctx, OpDelete, namespace, key, nil, options)
	return err
}

// runPlace is for all operations that name an item and bring no value.
func (s *store) runPlace(ctx context.Context, op Op, namespace Namespace, key string, expected *Expected, options []RequestOption) ([]byte, error) {
	r := s.calls.take()
	body := appendPlace(append(r.body[:0], '{'), namespace, key)
	var err error
	if expected != nil {
		body, err = expected.append(body)
	}
	r.body = append(appendOptions(body, options), '}')
	if err != nil {
		s.calls.put(r)
		return nil, of(op, err)
	}
	return s.run(ctx, op, r)
}

// Call sends any operation with a body of JSON text, and gives the answer's text: what tests/vectors/README.md
// calls raw. It is for what this package has no method for; the header lgstore_ops.h shows the bodies.
func (s *Store) Call(ctx context.Context, op Op, body json.RawMessage) (json.RawMessage, error) {
	r := s.calls.take()
	r.body = append(r.body[:0], body...)
	return s.run(ctx, op, r)
}

// of names the operation in an error of this package.
func of(op Op, err error) error {
	if failure, ok := err.(*Error); ok {
		failure.Op = op
	}
	return err
}
