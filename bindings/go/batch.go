package lgstore

import (
	"context"
	"encoding/json"
)

// A Batch is several operations in one request. The zero Batch is empty and ready:
//
//	var batch lgstore.Batch
//	batch.Put(lgstore.NS("users", "ada"), "theme", theme)
//	batch.Get(lgstore.NS("users", "ada"), "name")
//	results, err := store.Batch(ctx, &batch)
//
// By default everything is checked first, reads see the state before the batch, and each operation succeeds
// or fails for itself; see [Sequential] and [Logged]. A Batch may be sent more than once, but is not for
// several goroutines at a time. Of request options the operations take [TTL], [NoTTL] and [RefreshTTL].
type Batch struct {
	ops   []byte
	count int
	err   error
}

// Len gives the number of operations.
func (b *Batch) Len() int { return b.count }

// next begins an operation; end ends it. A value that can't be written is remembered for Store.Batch.
func (b *Batch) next(op Op) []byte {
	if b.count++; b.count > 1 {
		b.ops = append(b.ops, ',')
	}
	return append(append(append(b.ops, `{"op":"`...), op.String()...), `",`...)
}

func (b *Batch) end(ops []byte, err error, options []RequestOption) {
	b.ops = append(appendOptions(ops, options), '}')
	if b.err == nil && err != nil {
		b.err = of(OpBatch, err)
	}
}

// Put adds [Store.Put].
func (b *Batch) Put(namespace Namespace, key string, value any, options ...RequestOption) {
	ops, err := appendPut(b.next(OpPut), namespace, key, value)
	b.end(ops, err, options)
}

// Get adds [Store.Get]; its result has an Item.
func (b *Batch) Get(namespace Namespace, key string, options ...RequestOption) {
	b.end(appendPlace(b.next(OpGet), namespace, key), nil, options)
}

// Delete adds [Store.Delete].
func (b *Batch) Delete(namespace Namespace, key string) {
	b.end(appendPlace(b.next(OpDelete), namespace, key), nil, nil)
}

// Search adds [Store.SearchPage]; its result has a Page.
func (b *Batch) Search(prefix Namespace, query SearchQuery, options ...RequestOption) {
	ops, err := query.append(b.next(OpSearch), prefix, query.Limit, options)
	b.end(ops[:len(ops)-1], err, nil)
}

// ListNamespaces adds [Store.ListNamespacesPage]; its result has Namespaces.
func (b *Batch) ListNamespaces(query NamespaceQuery) {
	ops := query.append(b.next(OpListNamespaces), query.Limit, nil)
	b.end(ops[:len(ops)-1], nil, nil)
}

// Count adds [Store.Count]; its result has a Count.
func (b *Batch) Count(prefix Namespace, filter any) {
	ops, err := appendScope(b.next(OpCount), prefix, filter)
	b.end(ops, err, nil)
}

// Sequential runs a batch's operations in order, each seeing the ones before.
func Sequential() RequestOption {
	return func(to []byte) []byte { return append(to, `,"mode":"sequential"`...) }
}

// Logged makes a batch all or nothing. On a cluster others may see it half done for a moment.
func Logged() RequestOption {
	return func(to []byte) []byte { return append(to, `,"atomicity":"logged"`...) }
}

// A Result is what became of one operation of a batch.
type Result struct {
	// Err is why this operation failed; nil if it did not. A get that found nothing did not fail.
	Err error

	answer json.RawMessage
}

// Raw gives the answer's text, nil where the operation failed.
func (r Result) Raw() json.RawMessage { return r.answer }

// Item gives what a get found; [ErrNoItem] if nothing.
func (r Result) Item() (*Item, error) {
	if r.Err != nil {
		return nil, r.Err
	}
	if item := itemOf(r.answer); item != nil {
		return item, nil
	}
	return nil, ErrNoItem
}

// Page gives what a search found, and the cursor of the page after, "" where there is none.
func (r Result) Page() ([]*Item, string, error) {
	return itemsOf(memberOf(r.answer, "items")), textOf(memberOf(r.answer, "cursor")), r.Err
}

// Namespaces gives what a listing found, and the cursor of the page after, "" where there is none.
func (r Result) Namespaces() ([]Namespace, string, error) {
	return namespacesOf(memberOf(r.answer, "namespaces")), textOf(memberOf(r.answer, "cursor")), r.Err
}

// Count gives the number that a count counted.
func (r Result) Count() (int64, error) {
	if r.Err != nil {
		return 0, r.Err
	}
	return numberOf(r.answer)
}

// Batch sends a batch and gives one result for each of its operations, in their order. The error is the
// whole batch's: nothing was done, or (Logged) it is not known whether all was. Of request options it takes
// [Sequential], [Logged], [Profile] and [Retry].
func (s *Store) Batch(ctx context.Context, batch *Batch, options ...RequestOption) ([]Result, error) {
	if batch.err != nil {
		return nil, batch.err
	}
	r := s.calls.take()
	body := append(append(append(r.body[:0], `{"ops":[`...), batch.ops...), ']')
	r.body = append(appendOptions(body, options), '}')
	answer, err := s.run(ctx, OpBatch, r)
	if err != nil {
		return nil, err
	}
	results := make([]Result, 0, batch.count)
	elements := readerOf(memberOf(answer, "results"))
	for one := elements.element(); one != nil; one = elements.element() {
		members := readerOf(one)
		name, value := members.member()
		if string(name) == "error" {
			failure := errorOf(value)
			results = append(results, Result{Err: with(failure, OpBatch, ctx)})
		} else {
			results = append(results, Result{answer: value})
		}
	}
	return results, nil
}
