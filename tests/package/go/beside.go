//go:build beside

package main

// Another library in Rust, in the same program.

// #include <stdint.h>
// uint32_t other_answer(uint32_t n);
import "C"

import "fmt"

func other() error {
	if answer := C.other_answer(42); answer != 42 {
		return fmt.Errorf("the other library answers %d", answer)
	}
	return nil
}
