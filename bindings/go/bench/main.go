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
	part := flag.String("only", "", "c, engines or cluster; all that is there if empty")
	flag.Parse()
	fmt.Println("lgstore", lgstore.Version())
	good := true
	run := func(name string, measured func() (bool, error)) {
		if *part != "" && *part != name {
			return
		}
		held, err := measured()
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(2)
		}
		good = good && held
	}
	run("c", func() (bool, error) { return againstC(*size, *rounds) })
	run("engines", func() (bool, error) { return true, besideEngines(*size, *rounds) })
	if points := os.Getenv("LGSTORE_TEST_CONTACT_POINTS"); points != "" {
		run("cluster", func() (bool, error) { return besideGocql(points, *size, *rounds) })
	}
	if *check && !good {
		os.Exit(1)
	}
}
