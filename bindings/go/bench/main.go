// Bench measures the Go binding: README.md.
package main

import (
	"flag"
	"fmt"
	"os"

	lgstore "lgstore/bindings/go"
)

func main() {
	size := flag.Int("n", 50_000, "operations per round")
	rounds := flag.Int("rounds", 5, "rounds of each workload; the one with least CPU counts")
	check := flag.Bool("check", false, "fail when a ceiling does not hold")
	flag.Parse()
	fmt.Println("lgstore", lgstore.Version())
	good, err := againstC(*size, *rounds)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if *check && !good {
		os.Exit(1)
	}
}
