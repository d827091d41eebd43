package lgstore

import (
	"strconv"
	"time"
)

// A RequestOption changes how one operation is done. An option that an operation does not take is refused
// with [ErrInvalidArg], which names it.
type RequestOption func(members []byte) []byte

// appendOptions appends the members of all options, each with a comma before it.
func appendOptions(to []byte, options []RequestOption) []byte {
	for _, option := range options {
		to = option(to)
	}
	return to
}

// TTL lets an item that is written expire after d, at least a millisecond and at most 20 years; clusters
// round up to seconds. Without it the store's ttl.default_ttl counts.
func TTL(d time.Duration) RequestOption {
	return func(to []byte) []byte { return appendSeconds(append(to, `,"ttl":`...), d) }
}

// NoTTL keeps an item that is written for ever, also where the store has a default.
func NoTTL() RequestOption {
	return func(to []byte) []byte { return append(to, `,"ttl":null`...) }
}

// RefreshTTL says whether a get or search moves the expiry of what it finds to now + its time to live.
// Without it the store's ttl.refresh_on_read counts.
func RefreshTTL(refresh bool) RequestOption {
	return func(to []byte) []byte { return strconv.AppendBool(append(to, `,"refresh_ttl":`...), refresh) }
}

// Profile runs the operation with an execution profile of the cluster.
func Profile(name string) RequestOption {
	return func(to []byte) []byte { return appendString(append(to, `,"profile":`...), name) }
}

// Serial gives a put or delete its place in the order of the conditional writes of its item, on a cluster
// at their price. Embedded, all writes have one.
func Serial() RequestOption {
	return func(to []byte) []byte { return append(to, `,"serial":true`...) }
}

// Retry tries an operation again after failures that time may cure: at most retries times, after a first
// pause of delay, each pause backoff times as long as the one before.
func Retry(retries int, delay time.Duration, backoff float64) RequestOption {
	return func(to []byte) []byte {
		to = strconv.AppendInt(append(to, `,"max_retries":`...), int64(retries), 10)
		to = appendSeconds(append(to, `,"retry_delay":`...), delay)
		return appendFloat(append(to, `,"retry_backoff":`...), backoff)
	}
}

// appendFloat writes NaN and infinities as texts, for the library to refuse by name.
func appendFloat(to []byte, number float64) []byte {
	text := strconv.FormatFloat(number, 'g', -1, 64)
	if number-number != 0 {
		return appendString(to, text)
	}
	return append(to, text...)
}
