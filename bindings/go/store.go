package lgstore

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultDrainTimeout is how long [Store.Close] waits for running operations, see [WithDrainTimeout].
const DefaultDrainTimeout = 10 * time.Second

// A Store holds items in namespaces. It is safe for use by any number of goroutines, and is ended by
// Close. Until then it has a goroutine of its own; one that is forgotten is reported by a warning, to its
// logger or else to slog's default, and stays.
//
// Every operation takes a context. Its deadline becomes the request's, and when it ends the request is
// cancelled where it runs, not only given up; the call returns when the library has said what became of
// it, which is prompt. A write that may have been applied then is [ErrUnknownOutcome], never a plain
// cancel.
type Store struct {
	// Apart, so that what the library's threads know does not keep a forgotten Store alive.
	*store
}

// store is what a Store consists of.
type store struct {
	handle cStore
	calls  calls
	// queue is where completions come; delivered is closed when deliver, its only reader, has ended.
	queue     cQueue
	delivered chan struct{}
	// runtime is the store's own one, made for its logger; else nil.
	runtime *Runtime

	// users counts goroutines that are inside the C library with the handle; closedUsers is added once it
	// may not be used any more. left is told when the last of them is out.
	users atomic.Int64
	left  chan struct{}

	drain   time.Duration
	closing sync.Mutex
	closed  bool
	cleanup runtime.Cleanup
}

const closedUsers = math.MinInt64 / 2

// An Option is an option of [Open] and [New].
type Option func(*openOptions)

type openOptions struct {
	runtime *Runtime
	logger  *slog.Logger
	drain   time.Duration
}

// WithRuntime makes the store run on this runtime, whose logger is the store's. Without it stores share
// one that begins with the first of them and ends with the last.
func WithRuntime(r *Runtime) Option { return func(o *openOptions) { o.runtime = r } }

// WithLogger sends what the library logs to this logger, as [RuntimeOptions].Logger does. Such a store has
// threads of its own.
func WithLogger(logger *slog.Logger) Option { return func(o *openOptions) { o.logger = logger } }

// WithDrainTimeout is how long Close waits for running operations, which it then ends with [ErrClosed].
// 0 ends them at once. Default: [DefaultDrainTimeout].
func WithDrainTimeout(d time.Duration) Option { return func(o *openOptions) { o.drain = max(d, 0) } }

// Open makes a store from a configuration and opens it: a URL such as "memory:", "file:/var/lib/app.db" or
// "scylla://user:password@h1,h2/keyspace", a JSON document, or "" for the environment (LGSTORE_...).
// docs/configuration.md lists every option. The context bounds the opening, not the store's life.
//
// Errors: [ErrInvalidArg] names the field of the configuration that is wrong; others say why file or
// cluster could not be opened.
func Open(ctx context.Context, config string, options ...Option) (*Store, error) {
	s, err := New(config, options...)
	if err != nil {
		return nil, err
	}
	if _, err := s.runBare(ctx, OpOpen, "{}"); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// New makes a store as Open does, but touches neither file nor network: the first operation opens it, and
// carries the errors of opening.
func New(config string, options ...Option) (*Store, error) {
	if err := cCheck(); err != nil {
		return nil, err
	}
	chosen := openOptions{drain: DefaultDrainTimeout}
	for _, option := range options {
		option(&chosen)
	}
	made := &store{left: make(chan struct{}, 1), delivered: make(chan struct{}), drain: chosen.drain}
	if err := made.begin(config, chosen); err != nil {
		return nil, err
	}
	go made.deliver()
	s := &Store{made}
	made.cleanup = runtime.AddCleanup(s, reportForgotten, chosen.logger)
	return s, nil
}

// reportForgotten says that a store can't be closed any more, to its own logger if it has one.
func reportForgotten(logger *slog.Logger) {
	if logger == nil {
		logger = slog.Default()
	}
	logger.Warn("lgstore: a Store became unreachable without Close; its threads, files and memory stay")
}

// begin makes what a store consists of, or nothing.
func (s *store) begin(config string, options openOptions) (err error) {
	on := options.runtime
	if options.logger != nil {
		if on != nil {
			return invalid("options", "WithLogger and WithRuntime exclude each other: the runtime has a logger")
		}
		if s.runtime, err = NewRuntime(RuntimeOptions{Logger: options.logger}); err != nil {
			return err
		}
		on = s.runtime
	}
	if s.queue, err = cQueueNew(); err == nil {
		s.handle, err = on.newStore(config)
	}
	if err != nil {
		cQueueFree(s.queue)
		if s.runtime != nil {
			_ = s.runtime.Close()
		}
	}
	return err
}

// enter says whether the handle may be used, until leave.
func (s *store) enter() bool {
	if s.users.Add(1) > 0 {
		return true
	}
	s.leave()
	return false
}

func (s *store) leave() {
	if s.users.Add(-1) == closedUsers {
		select {
		case s.left <- struct{}{}:
		default:
		}
	}
}

// Close ends the store: it takes no more operations, waits for those that run (see [WithDrainTimeout]), ends
// the rest with [ErrClosed], and closes files and connections. When it returns, every operation has its
// outcome. It may be called more than once and beside running operations; every call returns when the
// store is closed, and nil.
//
// Inside a log handler it is refused with [ErrWouldDeadlock].
func (s *Store) Close() error {
	err := s.shutdown()
	if err == nil {
		s.cleanup.Stop()
	}
	return err
}

// shutdown is for one goroutine at a time; those that come later find it done.
func (s *store) shutdown() error {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.closed {
		return nil
	}
	// A timeout says that a write which had begun is not through yet. It will be, so closing goes on.
	err := cClose(s.handle, uint64(s.drain/time.Microsecond))
	for errors.Is(err, ErrTimeout) {
		err = cClose(s.handle, uint64(time.Second/time.Microsecond))
	}
	if err != nil {
		return err
	}
	// Every completion lies in the queue. Nobody enters any more, and whoever is inside will be refused.
	s.closed = true
	if s.users.Add(closedUsers) != closedUsers {
		for s.users.Load() != closedUsers {
			<-s.left
		}
	}
	cQueueWake(s.queue)
	<-s.delivered
	cQueueFree(s.queue)
	cFree(s.handle)
	if s.runtime != nil {
		return s.runtime.Close()
	}
	return nil
}
