// Package lgstore is a store of JSON documents in namespaces, with filters, ordered pages, expiry and
// conditional writes: the long-term memory of agents and services. It lives in memory, in one durable file,
// or on ScyllaDB and Apache Cassandra; what every operation means is the same on each, and in every language.
//
// [Open] makes a [Store]; [Typed] gives a part of it as values of one Go type. Values are anything that
// encoding/json makes an object of; a json.RawMessage is stored and given back byte for byte.
//
// # Contexts
//
// The deadline of a context goes down with the request, and a context that ends cancels it where it runs. A
// write that may have been applied is reported as [ErrUnknownOutcome]; [ErrTimeout] and [ErrCancelled] mean
// that it surely was not.
//
// # Errors
//
// Failures are *[Error]; errors.Is finds their [Code] ([ErrBusy], [ErrUnavailable], ...). An item that is not
// there is [ErrNoItem]; a condition that does not hold is no error.
//
// # Linking
//
// The package needs the C library lgstore. By default pkg-config finds the installed one. The build tag
// lgstore_static links the archive in this module's folder native; lgstore_nopc leaves the flags to
// CGO_CFLAGS and CGO_LDFLAGS. README.md shows each.
package lgstore
