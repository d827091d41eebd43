package lgstore

// #include <lgstore.h>
import "C"

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// ErrNoItem says that there is no item at this place, or that it has expired.
var ErrNoItem = errors.New("lgstore: no such item")

// A Code says what kind of failure an [Error] is. Codes are errors themselves, so that
//
//	errors.Is(err, lgstore.ErrBusy)
//
// finds them. They are the status numbers of the C library and never change.
type Code int32

// The caller's mistakes.
const (
	// ErrInvalidArg: an argument is missing, of the wrong type or out of its limits; Error.Field names it.
	ErrInvalidArg Code = C.LGSTORE_E_INVALID_ARG
	// ErrUTF8: a text is not UTF-8.
	ErrUTF8 Code = C.LGSTORE_E_UTF8
	// ErrJSON: a text is not the JSON that is asked for.
	ErrJSON Code = C.LGSTORE_E_JSON
	// ErrUnsupported: the operation or value is not known to this library, or not to this backend.
	ErrUnsupported Code = C.LGSTORE_E_UNSUPPORTED
	// ErrABIMismatch: the library that is loaded is older than, or foreign to, the one compiled against.
	ErrABIMismatch Code = C.LGSTORE_E_ABI_MISMATCH
	// ErrWouldDeadlock: Close inside a log handler, which Close would wait for.
	ErrWouldDeadlock Code = C.LGSTORE_E_WOULD_DEADLOCK
)

// The store's life.
const (
	// ErrClosed: the store or runtime is closed or closing.
	ErrClosed Code = C.LGSTORE_E_CLOSED
	// ErrForked: the process was forked without exec after the store was made.
	ErrForked Code = C.LGSTORE_E_FORKED
	// ErrBusy: too many requests or bytes are in flight; nothing was taken.
	ErrBusy Code = C.LGSTORE_E_BUSY
	// ErrTimeout: the deadline passed; surely not applied. Matches context.DeadlineExceeded.
	ErrTimeout Code = C.LGSTORE_E_TIMEOUT
	// ErrCancelled: the context was cancelled; surely not applied. Matches context.Canceled.
	ErrCancelled Code = C.LGSTORE_E_CANCELLED
)

// The data.
const (
	// ErrNotFound: something named in the request, a file say, does not exist. An absent item is ErrNoItem.
	ErrNotFound Code = C.LGSTORE_E_NOT_FOUND
	// ErrConflict: the stored data contradicts the request: a foreign or newer file.
	ErrConflict Code = C.LGSTORE_E_CONFLICT
	// ErrCorrupt: stored bytes are damaged.
	ErrCorrupt Code = C.LGSTORE_E_CORRUPT
)

// The backend.
const (
	// ErrUnavailable: the engine can't serve now; not applied.
	ErrUnavailable Code = C.LGSTORE_E_UNAVAILABLE
	// ErrRateLimited: refused by the rate limiter; Error.RetryAfter says when to come again.
	ErrRateLimited Code = C.LGSTORE_E_RATE_LIMITED
	// ErrUnknownOutcome: the write may or may not have been applied.
	ErrUnknownOutcome Code = C.LGSTORE_E_UNKNOWN_OUTCOME
	// ErrFull: no space left; not applied.
	ErrFull Code = C.LGSTORE_E_FULL
	// ErrReadOnly: file or medium is read-only; not applied.
	ErrReadOnly Code = C.LGSTORE_E_READ_ONLY
	// ErrBackend: an engine error without a better name.
	ErrBackend Code = C.LGSTORE_E_BACKEND
	// ErrUnauthorized: wrong or missing credentials, or no right to do this; not applied.
	ErrUnauthorized Code = C.LGSTORE_E_UNAUTHORIZED
	// ErrOverloaded: the cluster is overloaded and refused the request; not applied.
	ErrOverloaded Code = C.LGSTORE_E_OVERLOADED
	// ErrCircuitOpen: the circuit breaker is open; nothing was sent.
	ErrCircuitOpen Code = C.LGSTORE_E_CIRCUIT_OPEN
)

// Bugs.
const (
	// ErrPanic: a panic inside the library was caught.
	ErrPanic Code = C.LGSTORE_E_PANIC
	// ErrPoisoned: an earlier panic left shared state in doubt; only Close is possible.
	ErrPoisoned Code = C.LGSTORE_E_POISONED
)

var codes = []Code{
	ErrInvalidArg, ErrUTF8, ErrJSON, ErrUnsupported, ErrABIMismatch, ErrWouldDeadlock,
	ErrClosed, ErrForked, ErrBusy, ErrTimeout, ErrCancelled,
	ErrNotFound, ErrConflict, ErrCorrupt,
	ErrUnavailable, ErrRateLimited, ErrUnknownOutcome, ErrFull, ErrReadOnly, ErrBackend, ErrUnauthorized,
	ErrOverloaded, ErrCircuitOpen, ErrPanic, ErrPoisoned,
}

// String gives the code's name, "invalid_arg" for example.
func (c Code) String() string { return cStatusName(c) }

// Error makes a Code an error.
func (c Code) Error() string { return "lgstore: " + strings.ReplaceAll(c.String(), "_", " ") }

// An Error says why an operation failed. errors.Is finds its Code in it, and with it
// context.DeadlineExceeded where a deadline was the cause and context.Canceled where a cancelled context
// was, also behind ErrUnknownOutcome. Errors are not changed once they were given out.
type Error struct {
	// Code is the kind of failure.
	Code Code
	// Op is the operation that failed; 0 where there was none, as in Open's configuration.
	Op Op
	// Field is the path of the member of the request or configuration that is at fault, or "".
	Field string
	// Message is for people.
	Message string
	// Retryable: the same request may succeed when it is sent again unchanged.
	Retryable bool
	// MayHaveApplied: a write may have taken effect all the same.
	MayHaveApplied bool
	// RetryAfter is how long to wait before that, where the library knows; else 0.
	RetryAfter time.Duration
	// Details is a JSON object with more, or nil.
	Details json.RawMessage

	// cause is the context's error where the context ended the request.
	cause error
}

// Error gives operation, code, field and message in one line.
func (e *Error) Error() string {
	text := "lgstore: "
	if e.Op != 0 {
		text += e.Op.String() + ": "
	}
	text += e.Code.String()
	if e.Field != "" {
		text += ": " + e.Field
	}
	return text + ": " + e.Message
}

// Unwrap gives the context's error if the context ended the request, else nil.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether the target is this error's Code, or the context error that it stands for.
func (e *Error) Is(target error) bool {
	switch target {
	case context.DeadlineExceeded:
		return e.Timeout()
	case context.Canceled:
		return e.Code == ErrCancelled && e.cause == nil
	}
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Timeout reports whether a deadline was the cause, the context's or the store's own. With it an Error
// looks like a net.Error.
func (e *Error) Timeout() bool {
	return e.Code == ErrTimeout || errors.Is(e.cause, context.DeadlineExceeded) ||
		e.Code == ErrUnknownOutcome && hasMember(e.Details, "timeout_us")
}

// Temporary is Retryable, by the name that net.Error has for it.
func (e *Error) Temporary() bool { return e.Retryable }

// refusal makes the error of a status that comes without a document.
func refusal(code Code) *Error {
	message := "the request was refused"
	switch code {
	case ErrClosed:
		message = "the store is closed"
	case ErrBusy:
		message = "too many requests or bytes are in flight"
	case ErrInvalidArg:
		message = "the request has more than 4 GiB"
	case ErrUnsupported:
		message = "the library does not know this operation"
	case ErrForked:
		message = "the store was made before a fork"
	case ErrWouldDeadlock:
		message = "this would wait for itself: it was called inside a log handler"
	case ErrABIMismatch:
		message = "the library that is loaded (" + cVersion() + ") does not fit the header compiled against"
	case ErrTimeout:
		message = "not in time"
	}
	return &Error{Code: code, Message: message, Retryable: code == ErrBusy || code == ErrTimeout}
}

// invalid makes the error of an argument that is wrong before the library sees it.
func invalid(field, message string) *Error {
	return &Error{Code: ErrInvalidArg, Field: field, Message: message}
}

// errorOf reads the library's error document. It keeps no part of it.
func errorOf(document []byte) *Error {
	var read struct {
		Code           string          `json:"code"`
		Message        string          `json:"message"`
		Field          string          `json:"field"`
		Retryable      bool            `json:"retryable"`
		MayHaveApplied bool            `json:"may_have_applied"`
		RetryAfterMs   int64           `json:"retry_after_ms"`
		Details        json.RawMessage `json:"details"`
	}
	if err := json.Unmarshal(document, &read); err != nil {
		return &Error{Code: ErrPanic, Message: "an error document that is no JSON: " + err.Error()}
	}
	return &Error{
		Code: codeNamed(read.Code), Field: read.Field, Message: read.Message, Retryable: read.Retryable,
		MayHaveApplied: read.MayHaveApplied, RetryAfter: time.Duration(read.RetryAfterMs) * time.Millisecond,
		Details: read.Details,
	}
}

// codeNamed gives the code of this name. One that is newer than this package is an engine error.
func codeNamed(name string) Code {
	for _, code := range codes {
		if code.String() == name {
			return code
		}
	}
	return ErrBackend
}

func hasMember(object json.RawMessage, name string) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return false
	}
	_, has := members[name]
	return has
}
