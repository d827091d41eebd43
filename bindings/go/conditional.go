package lgstore

import (
	"context"
	"encoding/json"
)

// Expected is what an item must be for a conditional write: made by [ExpectValue] or [ExpectVersion].
type Expected struct {
	value   any
	version string
}

// ExpectValue expects the item to have this value. Values are compared as JSON: 1 equals 1.0, and the order
// of members does not matter.
func ExpectValue(value any) Expected { return Expected{value: value} }

// ExpectVersion expects the item to have this version, which [Item] and [Outcome] show.
func ExpectVersion(version string) Expected { return Expected{version: version} }

func (e Expected) append(to []byte) ([]byte, error) {
	if e.version != "" {
		return appendString(append(to, `,"expected_version":`...), e.version), nil
	}
	return appendValue(append(to, `,"expected_value":`...), "expected_value", e.value)
}

// An Outcome says what became of a conditional write.
type Outcome struct {
	// Applied: the condition held and the write was done.
	Applied bool
	// Version of the item that was written; "" where nothing was, or after a deletion.
	Version string
	// Current is the item that did not fit the condition; nil where there was none, or it did fit.
	Current *Item
}

// outcomeOf reads the answer of a conditional write.
func outcomeOf(answer []byte, err error) (Outcome, error) {
	if err != nil {
		return Outcome{}, err
	}
	var outcome Outcome
	members := readerOf(answer)
	for name, value := members.member(); name != nil; name, value = members.member() {
		switch string(name) {
		case "applied":
			outcome.Applied = string(value) == "true"
		case "version":
			outcome.Version = textOf(value)
		case "current":
			outcome.Current = itemOf(value)
		}
	}
	return outcome, nil
}

// PutIfAbsent creates an item only where there is none.
func (s *Store) PutIfAbsent(ctx context.Context, namespace Namespace, key string, value any, options ...RequestOption) (Outcome, error) {
	return outcomeOf(s.runPut(ctx, OpPutIfAbsent, namespace, key, value, nil, options))
}

// UpdateIfExists replaces an item only where there is one.
func (s *Store) UpdateIfExists(ctx context.Context, namespace Namespace, key string, value any, options ...RequestOption) (Outcome, error) {
	return outcomeOf(s.runPut(ctx, OpUpdateIfExists, namespace, key, value, nil, options))
}

// CompareAndSet replaces an item only if it is what is expected. An item that is absent is not.
func (s *Store) CompareAndSet(ctx context.Context, namespace Namespace, key string, expected Expected, value any, options ...RequestOption) (Outcome, error) {
	return outcomeOf(s.runPut(ctx, OpCompareAndSet, namespace, key, value, &expected, options))
}

// DeleteIfExists removes an item and says whether there was one.
func (s *Store) DeleteIfExists(ctx context.Context, namespace Namespace, key string, options ...RequestOption) (Outcome, error) {
	return outcomeOf(s.runPlace(ctx, OpDeleteIfExists, namespace, key, nil, options))
}

// DeleteIfValue removes an item only if it is what is expected.
func (s *Store) DeleteIfValue(ctx context.Context, namespace Namespace, key string, expected Expected, options ...RequestOption) (Outcome, error) {
	return outcomeOf(s.runPlace(ctx, OpDeleteIfValue, namespace, key, &expected, options))
}

// Update reads an item, lets change make a new value of it, and writes that if the item is still the same;
// else it begins again, until it succeeds, change fails, or the context ends. change is given nil where
// there is no item, and may be called more than once. A write whose outcome is unknown is not repeated:
// Update returns [ErrUnknownOutcome].
func (s *Store) Update(ctx context.Context, namespace Namespace, key string, change func(*Item) (any, error), options ...RequestOption) (Outcome, error) {
	item, err := s.Get(ctx, namespace, key)
	if err == ErrNoItem {
		item, err = nil, nil
	}
	for err == nil {
		var value any
		if value, err = change(item); err != nil {
			break
		}
		var outcome Outcome
		switch {
		case item == nil:
			outcome, err = s.PutIfAbsent(ctx, namespace, key, value, options...)
		case item.Version == "": // Written by another program; such items can be told by their value only.
			outcome, err = s.CompareAndSet(ctx, namespace, key, ExpectValue(json.RawMessage(item.Value)), value, options...)
		default:
			outcome, err = s.CompareAndSet(ctx, namespace, key, ExpectVersion(item.Version), value, options...)
		}
		if err != nil || outcome.Applied {
			return outcome, err
		}
		item = outcome.Current
	}
	return Outcome{}, err
}
