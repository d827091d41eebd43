package lgstore

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A call is one request on its way: its body, and where its outcome arrives. Calls are used again, one
// request at a time, so that a request allocates nothing but its answer.
type call struct {
	// body is built here; the library copies it before submit returns.
	body []byte
	// tag is this call's place in calls.all, for ever; the library gives it back with the completion.
	tag uint64
	// done is sent once for each accepted request, and received once by the goroutine that sent it, which
	// waits for it whatever happens; so it is empty whenever the call is not in use.
	done chan struct{}
	// code and answer are set before done is sent.
	code   Code
	answer []byte
	// reply is what submit writes to. Apart, as C may be given no memory that holds pointers of Go.
	reply *reply
}

// keptBody is how much room for bodies a call that is not in use may hold on to.
const keptBody = 64 << 10

// calls are those that were ever needed at the same time.
type calls struct {
	mu   sync.Mutex
	free []*call
	// all only grows: a completion names its call by the place in it.
	all []*call
}

func (c *calls) take() *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.free); n > 0 {
		taken := c.free[n-1]
		c.free = c.free[:n-1]
		return taken
	}
	made := &call{tag: uint64(len(c.all)), done: make(chan struct{}, 1), body: make([]byte, 0, 512), reply: new(reply)}
	c.all = append(c.all, made)
	return made
}

// tagged gives all calls by their tags, to be read only.
func (c *calls) tagged() []*call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

// put gives a call back. Nobody may know of it any more: its request was refused, answered at once, or its
// completion received.
func (c *calls) put(used *call) {
	used.answer = nil
	if cap(used.body) > keptBody {
		used.body = make([]byte, 0, 512)
	}
	c.mu.Lock()
	c.free = append(c.free, used)
	c.mu.Unlock()
}

// run sends the request whose body has been built in r and waits for its outcome: the answer's document,
// which is the caller's, or an error. It gives r back.
func (s *store) run(ctx context.Context, op Op, r *call) ([]byte, error) {
	answer, err := s.send(ctx, op, r)
	s.calls.put(r)
	return answer, err
}

func (s *store) send(ctx context.Context, op Op, r *call) ([]byte, error) {
	timeout, err := timeLeft(ctx)
	if err != nil {
		return nil, ended(ctx, op, ErrCancelled)
	}
	if !s.enter() {
		return nil, with(refusal(ErrClosed), op, nil)
	}
	code := cSubmit(s.handle, s.queue, op, r.body, timeout, r.tag, r.reply)
	if code == done {
		r.answer, r.code = takeReply(r.reply)
	}
	s.leave()
	switch code {
	case done:
	case 0:
		s.wait(ctx, r)
	default:
		return nil, with(refusal(code), op, ctx)
	}
	if r.code != 0 {
		return nil, with(errorOf(r.answer), op, ctx)
	}
	return r.answer, nil
}

// wait waits for the completion of an accepted request, which always comes: when the context ends first
// the library is asked to end the request, and says what became of it.
func (s *store) wait(ctx context.Context, r *call) {
	ctxDone := ctx.Done()
	if ctxDone == nil {
		<-r.done
		return
	}
	select {
	case <-r.done:
		return
	case <-ctxDone:
	}
	if s.enter() {
		cCancel(s.handle, r.reply.op)
		s.leave()
	}
	<-r.done
}

// timeLeft gives the microseconds until the context's deadline, rounded up; 0 = it has none.
func timeLeft(ctx context.Context) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	deadline, has := ctx.Deadline()
	if !has {
		return 0, nil
	}
	left := time.Until(deadline)
	if left <= 0 {
		return 0, context.DeadlineExceeded
	}
	return uint64((left + time.Microsecond - 1) / time.Microsecond), nil
}

// ended makes the error of a request that was never sent because its context had ended.
func ended(ctx context.Context, op Op, code Code) error {
	failure := &Error{Code: code, Message: "the context had ended; nothing was sent"}
	if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		failure.Code, failure.Retryable = ErrTimeout, true
	}
	return with(failure, op, ctx)
}

// with completes an error that was just made. The context is its cause where it may have been: it has ended,
// and the outcome is one that cancelling or a deadline leads to.
func with(failure *Error, op Op, ctx context.Context) error {
	failure.Op = op
	if ctx == nil || ctx.Err() == nil {
		return failure
	}
	switch failure.Code {
	case ErrTimeout, ErrCancelled, ErrUnknownOutcome:
		failure.cause = ctx.Err()
		if cause := context.Cause(ctx); cause != failure.cause {
			failure.cause = errors.Join(failure.cause, cause)
		}
	}
	return failure
}
