package lgstore

// #include <lgstore.h>
import "C"

import (
	"runtime/cgo"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// lgstoreGoComplete is called by a thread of the library, once for each accepted request. It hands the answer
// to the goroutine that waits for it, and blocks nowhere: done has room for the one completion that its call
// may have.
//
//export lgstoreGoComplete
func lgstoreGoComplete(completion *C.lgstore_completion_t, userData unsafe.Pointer) {
	to := cgo.Handle(uintptr(userData)).Value().(*call)
	to.code, to.answer = Code(completion.status), cBytes(completion.json, completion.json_len)
	to.done <- struct{}{}
}

// started says that threads of C can call into Go. They can't while packages are initialised: Go lets them
// wait until main begins, so an operation in an initialiser would wait for ever for its completion. Until
// then operations wait inside the library instead, where they can't be cancelled but by their deadline.
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

// startWait is how long the first store of a process waits to see whether packages are being initialised.
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
