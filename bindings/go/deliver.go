package lgstore

import "runtime"

// deliver hands each completion to the goroutine that waits for it, until the queue is woken when nothing is
// in it, which close does once nothing can come any more. It never blocks on a receiver: done has room for the
// one completion that its call may have.
//
// One goroutine that takes what has come costs less than a callback for each completion, which would enter Go
// from a thread of C (measured: bench/README.md).
func (s *store) deliver() {
	defer close(s.delivered)
	burst := cBurstNew()
	defer cBurstFree(burst)
	for n := cNext(s.queue, burst, true); n > 0; n = cNext(s.queue, burst, true) {
		for ; n > 0; n = cNext(s.queue, burst, false) {
			calls := s.calls.tagged()
			for i := range burst.came[:n] {
				from := &burst.came[i]
				to := calls[from.tag]
				to.code, to.answer = Code(from.status), cBytes(from.json, from.json_len)
				to.done <- struct{}{}
			}
			// Those that were woken have their turn, and with what they send next there may be more without waiting
			// for it, which costs two switches of threads.
			runtime.Gosched()
		}
	}
}
