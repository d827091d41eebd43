package lgstore

import (
	"context"
	"iter"
	"math"
	"strconv"
)

// DefaultPageSize is how many items or namespaces an iterator asks for at once.
const DefaultPageSize = 100

// A SearchQuery says which items a search finds, and in which order. The zero query finds everything below
// the prefix.
type SearchQuery struct {
	// Filter is a JSON object that items must match, for example map[string]any{"age": map[string]any{"$gte": 18}},
	// or a json.RawMessage; nil = all. The operators (docs/store.md): $eq $ne $gt $gte $lt $lte $in $nin $exists
	// $and $or $not.
	Filter any
	// Order is "key" (default), "updated_at" or "created_at", each with " asc" or " desc" if wanted.
	Order string
	// Limit is how many items there are at most; 0 = all (Search) or the library's 10 (SearchPage).
	Limit int
	// Offset passes over so many items first. Not together with Cursor.
	Offset int
	// PageSize is how many items Search asks for at once; 0 = DefaultPageSize.
	PageSize int
	// Cursor goes on where the page that gave it ended; "" = from the beginning.
	Cursor string
}

func (q *SearchQuery) append(to []byte, prefix Namespace, limit int, options []RequestOption) ([]byte, error) {
	to, err := appendScope(to, prefix, q.Filter)
	if q.Order != "" {
		to = appendString(append(to, `,"order":`...), q.Order)
	}
	to = appendPage(to, limit, q.Offset, q.Cursor)
	return append(appendOptions(to, options), '}'), err
}

// appendScope appends the members that say which items.
func appendScope(to []byte, prefix Namespace, filter any) ([]byte, error) {
	to = appendLabels(append(to, `"namespace_prefix":`...), prefix)
	if filter == nil {
		return to, nil
	}
	return appendValue(append(to, `,"filter":`...), "filter", filter)
}

func appendPage(to []byte, limit, offset int, cursor string) []byte {
	if limit != 0 {
		to = strconv.AppendInt(append(to, `,"limit":`...), int64(limit), 10)
	}
	if offset != 0 {
		to = strconv.AppendInt(append(to, `,"offset":`...), int64(offset), 10)
	}
	if cursor != "" {
		to = appendString(append(to, `,"cursor":`...), cursor)
	}
	return to
}

// Search finds items at and below a prefix, an empty one being everywhere, page by page as they are asked for:
//
//	for item, err := range store.Search(ctx, lgstore.NS("users", "ada"), lgstore.SearchQuery{}) {
//
// An error is the last thing that comes. Items that stay unchanged meanwhile are found once each. Leaving
// the loop ends the search.
func (s *Store) Search(ctx context.Context, prefix Namespace, query SearchQuery, options ...RequestOption) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		pages(query.Limit, query.PageSize, func(limit int) ([]*Item, bool, error) {
			page, cursor, err := s.searchPage(ctx, prefix, &query, limit, options)
			query.Cursor, query.Offset = cursor, 0
			return page, cursor != "", err
		}, yield)
	}
}

// SearchPage finds items as Search does, at most query.Limit of them (0 = 10), and gives the cursor of the
// page after; "" where this is the last.
func (s *Store) SearchPage(ctx context.Context, prefix Namespace, query SearchQuery, options ...RequestOption) ([]*Item, string, error) {
	return s.searchPage(ctx, prefix, &query, query.Limit, options)
}

func (s *store) searchPage(ctx context.Context, prefix Namespace, query *SearchQuery, limit int, options []RequestOption) ([]*Item, string, error) {
	r := s.calls.take()
	var err error
	if r.body, err = query.append(append(r.body[:0], '{'), prefix, limit, options); err != nil {
		s.calls.put(r)
		return nil, "", of(OpSearch, err)
	}
	answer, err := s.run(ctx, OpSearch, r)
	if err != nil {
		return nil, "", err
	}
	return itemsOf(memberOf(answer, "items")), textOf(memberOf(answer, "cursor")), nil
}

func itemsOf(array []byte) []*Item {
	var items []*Item
	elements := readerOf(array)
	for text := elements.element(); text != nil; text = elements.element() {
		items = append(items, itemOf(text))
	}
	return items
}

// pages yields up to limit things (0 = all), which it asks next for in pages.
func pages[T any](limit, size int, next func(limit int) (page []T, more bool, err error), yield func(T, error) bool) {
	var none T
	if size == 0 {
		size = DefaultPageSize
	}
	if limit == 0 {
		limit = math.MaxInt
	}
	for more := true; more && limit != 0; {
		var page []T
		var err error
		// A negative limit or size is the library's to refuse.
		if page, more, err = next(min(limit, size)); err != nil {
			yield(none, err)
			return
		}
		limit -= len(page)
		for _, one := range page {
			if !yield(one, nil) {
				return
			}
		}
	}
}

// Count counts the items at and below a prefix that match the filter (see [SearchQuery]; nil = all).
func (s *Store) Count(ctx context.Context, prefix Namespace, filter any, options ...RequestOption) (int64, error) {
	return s.runScope(ctx, OpCount, prefix, filter, options)
}

// DeletePrefix removes the items at and below a prefix that match the filter (nil = all) and gives their
// number. It is not atomic: an item put meanwhile may go or stay.
func (s *Store) DeletePrefix(ctx context.Context, prefix Namespace, filter any, options ...RequestOption) (int64, error) {
	return s.runScope(ctx, OpDeletePrefix, prefix, filter, options)
}

func (s *store) runScope(ctx context.Context, op Op, prefix Namespace, filter any, options []RequestOption) (int64, error) {
	r := s.calls.take()
	body, err := appendScope(append(r.body[:0], '{'), prefix, filter)
	r.body = append(appendOptions(body, options), '}')
	if err != nil {
		s.calls.put(r)
		return 0, of(op, err)
	}
	answer, err := s.run(ctx, op, r)
	if err != nil {
		return 0, err
	}
	return numberOf(answer)
}
