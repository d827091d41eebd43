package lgstore

// #include <lgstore.h>
import "C"

import (
	"runtime/cgo"
	"unsafe"
)

// lgstoreGoRing is called by a thread of the library when completions are there: once for a burst, and
// never twice at a time for one queue. It hands each to the goroutine that waits for it, and blocks
// nowhere: done has room for the one completion that its call may have.
//
//export lgstoreGoRing
func lgstoreGoRing(userData unsafe.Pointer) {
	cgo.Handle(uintptr(userData)).Value().(*store).deliver()
}

// deliver empties the queue. Only one may run at a time: the doorbell, and close after it has been taken off.
func (s *store) deliver() {
	for {
		// Fewer than asked for means that the queue was empty, and that the bell is armed again.
		n := cDrain(s.queue, s.drained)
		s.calls.of(s.drained[:n], s.receivers[:])
		for i := range n {
			to, from := s.receivers[i], &s.drained[i]
			to.code, to.answer = Code(from.status), cBytes(from.json, from.json_len)
			to.done <- struct{}{}
		}
		if n > 0 {
			cRelease(s.queue, &s.drained[0], n)
		}
		if n < burst {
			return
		}
	}
}
