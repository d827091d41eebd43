package lgstore

import "C"

import (
	"sync"
	"sync/atomic"
	"time"
)

// started says that threads of C can call into Go, as a logger needs. They can't while packages are initialised:
// Go lets them wait until main begins.
var started atomic.Bool

//export lgstoreGoStarted
func lgstoreGoStarted() {
	started.Store(true)
	close(hasStarted)
}

var (
	probe      sync.Once
	hasStarted = make(chan struct{})
)

// startWait is how long the first logger of a process waits to see whether packages are being initialised.
const startWait = 100 * time.Millisecond

// waitStarted asks, by a thread of C that calls into Go, and says what is known so far.
func waitStarted() bool {
	probe.Do(func() {
		cStartProbe()
		select {
		case <-hasStarted:
		case <-time.After(startWait):
		}
	})
	return started.Load()
}
