package lgstore

import (
	"log/slog"
	"math"
	"runtime/cgo"
	"sync"
)

// A Runtime is the threads that stores run on, and their log. Programs need one only to choose its options:
// without, stores share one by themselves. It is safe for use by any number of goroutines.
type Runtime struct {
	mu     sync.Mutex
	handle cRuntime
	log    cgo.Handle
}

// RuntimeOptions are options of a [Runtime]; zero means the default.
type RuntimeOptions struct {
	// Workers is the number of threads that run requests; default as many as processors, at most 4.
	Workers int
	// MaxBlockingThreads bounds the threads for long scans and for files; default 64, started when needed.
	MaxBlockingThreads int
	// LogLines is how many log events may wait for the logger; then the oldest are dropped, and counted in
	// an event of their own. Default 1024.
	LogLines int
	// Logger receives what the library logs; nil = nothing is logged. See [Runtime.SetLogger].
	Logger *slog.Logger
}

// NewRuntime starts a runtime.
func NewRuntime(options RuntimeOptions) (*Runtime, error) {
	if err := cCheck(); err != nil {
		return nil, err
	}
	for _, number := range []struct {
		name  string
		value int
	}{
		{"Workers", options.Workers},
		{"MaxBlockingThreads", options.MaxBlockingThreads},
		{"LogLines", options.LogLines},
	} {
		if number.value < 0 || number.value > math.MaxUint32 {
			return nil, invalid(number.name, "is out of range")
		}
	}
	handle, err := cRuntimeNew(uint32(options.Workers), uint32(options.MaxBlockingThreads), uint32(options.LogLines))
	if err != nil {
		return nil, err
	}
	made := &Runtime{handle: handle}
	if err := made.SetLogger(options.Logger); err != nil {
		_ = made.Close()
		return nil, err
	}
	return made, nil
}

// SetLogger sends what the library logs from now on to this logger; nil = nowhere. Which levels are asked for
// is decided here, by the logger's Enabled; the library's trace is slog.LevelDebug-4. When SetLogger is back
// the logger before is not used any more.
//
// The logger's handler runs on a thread of the library, one record at a time. It may use stores, but not close
// them, nor set loggers: that is refused with [ErrWouldDeadlock]. A handler that panics loses its record.
func (r *Runtime) SetLogger(logger *slog.Logger) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.handle == nil {
		return refusal(ErrClosed)
	}
	return r.setLogger(logger)
}

func (r *Runtime) setLogger(logger *slog.Logger) error {
	var next cgo.Handle
	level := int32(0)
	if logger != nil {
		if !waitStarted() {
			return &Error{Code: ErrUnsupported, Field: "Logger",
				Message: "the library can't call a logger while packages are initialised; make this store in main"}
		}
		level = highestLevel(logger.Enabled)
	}
	if level > 0 {
		next = cgo.NewHandle(logger.Handler())
	}
	if err := cSetLog(r.handle, level, next); err != nil {
		if next != 0 {
			next.Delete()
		}
		return err
	}
	// Nobody calls the handler before any more.
	if r.log != 0 {
		r.log.Delete()
	}
	r.log = next
	return nil
}

// Close lets go of the runtime, whose threads end with the last store on it, and of its logger. It may be
// called more than once.
func (r *Runtime) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.handle == nil {
		return nil
	}
	if err := r.setLogger(nil); err != nil {
		return err
	}
	cRuntimeFree(r.handle)
	r.handle = nil
	return nil
}

// newStore makes a store on this runtime; on the shared one where it is nil.
func (r *Runtime) newStore(config string) (cStore, error) {
	if r == nil {
		return cStoreNew(nil, config)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.handle == nil {
		return nil, refusal(ErrClosed)
	}
	return cStoreNew(r.handle, config)
}

// Version gives the version of the library that is loaded, "major.minor.patch".
func Version() string { return cVersion() }
