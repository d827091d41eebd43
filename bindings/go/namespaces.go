package lgstore

import (
	"context"
	"iter"
	"strconv"
)

// A NamespaceQuery says which namespaces are listed. The zero query lists all.
type NamespaceQuery struct {
	// Prefix: they begin with these labels; "*" stands for any one label.
	Prefix Namespace
	// Suffix: they end with these labels; "*" as in Prefix.
	Suffix Namespace
	// MaxDepth cuts what is found to so many labels, after the conditions; 0 = not.
	MaxDepth int
	// Limit is how many there are at most; 0 = all (ListNamespaces) or the library's 100 (ListNamespacesPage).
	Limit int
	// Offset passes over so many first. Not together with Cursor.
	Offset int
	// PageSize is how many ListNamespaces asks for at once; 0 = DefaultPageSize.
	PageSize int
	// Cursor goes on where the page that gave it ended; "" = from the beginning.
	Cursor string
}

func (q *NamespaceQuery) append(to []byte, limit int, options []RequestOption) []byte {
	to = append(to, `"match_conditions":[`...)
	if q.Prefix != nil {
		to = append(appendLabels(append(to, `{"match_type":"prefix","path":`...), q.Prefix), '}')
	}
	if q.Prefix != nil && q.Suffix != nil {
		to = append(to, ',')
	}
	if q.Suffix != nil {
		to = append(appendLabels(append(to, `{"match_type":"suffix","path":`...), q.Suffix), '}')
	}
	to = append(to, ']')
	if q.MaxDepth != 0 {
		to = strconv.AppendInt(append(to, `,"max_depth":`...), int64(q.MaxDepth), 10)
	}
	to = appendPage(to, limit, q.Offset, q.Cursor)
	return append(appendOptions(to, options), '}')
}

// ListNamespaces lists the namespaces that hold an item, in their order by labels, page by page as they are
// asked for. An error is the last thing that comes.
func (s *Store) ListNamespaces(ctx context.Context, query NamespaceQuery, options ...RequestOption) iter.Seq2[Namespace, error] {
	return func(yield func(Namespace, error) bool) {
		pages(query.Limit, query.PageSize, func(limit int) ([]Namespace, bool, error) {
			page, cursor, err := s.namespacesPage(ctx, &query, limit, options)
			query.Cursor, query.Offset = cursor, 0
			return page, cursor != "", err
		}, yield)
	}
}

// ListNamespacesPage lists at most query.Limit namespaces (0 = 100), and gives the cursor of the page
// after; "" where this is the last.
func (s *Store) ListNamespacesPage(ctx context.Context, query NamespaceQuery, options ...RequestOption) ([]Namespace, string, error) {
	return s.namespacesPage(ctx, &query, query.Limit, options)
}

func (s *store) namespacesPage(ctx context.Context, query *NamespaceQuery, limit int, options []RequestOption) ([]Namespace, string, error) {
	r := s.calls.take()
	r.body = query.append(append(r.body[:0], '{'), limit, options)
	answer, err := s.run(ctx, OpListNamespaces, r)
	if err != nil {
		return nil, "", err
	}
	return namespacesOf(memberOf(answer, "namespaces")), textOf(memberOf(answer, "cursor")), nil
}

func namespacesOf(array []byte) []Namespace {
	var namespaces []Namespace
	elements := readerOf(array)
	for labels := elements.element(); labels != nil; labels = elements.element() {
		namespaces = append(namespaces, labelsOf(labels, make(Namespace, 0, 4)))
	}
	return namespaces
}
