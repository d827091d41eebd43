package lgstore

import (
	"context"
	"encoding/json"
	"iter"
)

// A TypedStore is a namespace of a [Store] whose values are of one Go type, by encoding/json.
type TypedStore[T any] struct {
	store     *Store
	namespace Namespace
}

// A TypedItem is an [Item] with its value as a T; Item.Value is the text of it.
type TypedItem[T any] struct {
	*Item
	Value T
}

// Typed gives a namespace of a store as values of type T:
//
//	sessions := lgstore.Typed[Session](store, "web", "sessions")
//	err := sessions.Put(ctx, id, Session{User: "ada"}, lgstore.TTL(time.Hour))
func Typed[T any](store *Store, labels ...string) TypedStore[T] {
	return TypedStore[T]{store, labels}
}

// Namespace gives where the values are.
func (t TypedStore[T]) Namespace() Namespace { return t.namespace }

// At gives another namespace of the same type: the labels below this one.
func (t TypedStore[T]) At(labels ...string) TypedStore[T] {
	return TypedStore[T]{t.store, append(t.namespace[:len(t.namespace):len(t.namespace)], labels...)}
}

// Put creates or replaces the value at the key; see [Store.Put].
func (t TypedStore[T]) Put(ctx context.Context, key string, value T, options ...RequestOption) error {
	return t.store.Put(ctx, t.namespace, key, value, options...)
}

// Get reads the value at the key; [ErrNoItem] if there is none.
func (t TypedStore[T]) Get(ctx context.Context, key string, options ...RequestOption) (T, error) {
	item, err := t.GetItem(ctx, key, options...)
	return item.Value, err
}

// GetItem is Get with what else the store knows: times, version.
func (t TypedStore[T]) GetItem(ctx context.Context, key string, options ...RequestOption) (TypedItem[T], error) {
	item, err := t.store.Get(ctx, t.namespace, key, options...)
	if err != nil {
		return TypedItem[T]{}, err
	}
	return typed[T](item)
}

// Delete removes the value at the key; no error if there is none.
func (t TypedStore[T]) Delete(ctx context.Context, key string, options ...RequestOption) error {
	return t.store.Delete(ctx, t.namespace, key, options...)
}

// PutIfAbsent creates the value only where there is none, and says whether it did.
func (t TypedStore[T]) PutIfAbsent(ctx context.Context, key string, value T, options ...RequestOption) (bool, error) {
	outcome, err := t.store.PutIfAbsent(ctx, t.namespace, key, value, options...)
	return outcome.Applied, err
}

// CompareAndSet replaces the value only if it equals old, and says whether it did.
func (t TypedStore[T]) CompareAndSet(ctx context.Context, key string, old, value T, options ...RequestOption) (bool, error) {
	outcome, err := t.store.CompareAndSet(ctx, t.namespace, key, ExpectValue(old), value, options...)
	return outcome.Applied, err
}

// Update changes the value at the key as [Store.Update] does, and gives the new one. change is given the zero
// T where there is none.
func (t TypedStore[T]) Update(ctx context.Context, key string, change func(T) (T, error), options ...RequestOption) (T, error) {
	var result T
	_, err := t.store.Update(ctx, t.namespace, key, func(item *Item) (any, error) {
		var before T
		if item != nil {
			if err := json.Unmarshal(item.Value, &before); err != nil {
				return nil, err
			}
		}
		var err error
		result, err = change(before)
		return result, err
	}, options...)
	return result, err
}

// Search finds values in and below the namespace; see [Store.Search]. A value that is no T gives an error,
// with its item, and does not end the search.
func (t TypedStore[T]) Search(ctx context.Context, query SearchQuery, options ...RequestOption) iter.Seq2[TypedItem[T], error] {
	return func(yield func(TypedItem[T], error) bool) {
		for item, err := range t.store.Search(ctx, t.namespace, query, options...) {
			if err != nil {
				yield(TypedItem[T]{}, err)
				return
			}
			if !yield(typed[T](item)) {
				return
			}
		}
	}
}

// typed reads the item's value.
func typed[T any](item *Item) (TypedItem[T], error) {
	result := TypedItem[T]{Item: item}
	err := json.Unmarshal(item.Value, &result.Value)
	return result, err
}
