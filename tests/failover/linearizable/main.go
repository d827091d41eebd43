// Checks that recorded conditional operations are linearizable: that there is one order of all of them, each at
// some moment between its call and its return, in which a plain register would have given the same answers.
//
//	linearizable <history>...      JSON lines, see README.md
//
// Exit code 0: it is. 1: it is not; the operations of the first key at fault are printed. 2: no answer.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

func main() {
	patience := flag.Duration("timeout", 5*time.Minute, "how long to look for an order, all keys together")
	flag.Parse()
	var records []record
	for _, path := range flag.Args() {
		file, err := os.Open(path)
		if err == nil {
			var more []record
			more, err = read(file)
			records = append(records, more...)
			file.Close()
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			os.Exit(2)
		}
	}
	if len(records) == 0 {
		fmt.Fprintln(os.Stderr, "an empty history proves nothing")
		os.Exit(2)
	}
	os.Exit(report(records, *patience))
}

func report(records []record, patience time.Duration) int {
	began := time.Now()
	unknown := 0
	for _, r := range records {
		if r.Return == nil {
			unknown++
		}
	}
	keys := byKey(records)
	for _, of := range keys {
		left := patience - time.Since(began)
		if left <= 0 {
			left = time.Nanosecond
		}
		switch porcupine.CheckOperationsTimeout(model, operations(of), left) {
		case porcupine.Ok:
		case porcupine.Illegal:
			fmt.Printf("NOT linearizable: key %s, %d operations\n", of[0].Key, len(of))
			for _, r := range of {
				fmt.Println("  " + r.describe())
			}
			return 1
		default:
			fmt.Printf("no answer within %v: key %s has %d operations\n", patience, of[0].Key, len(of))
			return 2
		}
	}
	fmt.Printf("linearizable: %d operations on %d keys, %d of unknown outcome, checked in %v\n",
		len(records), len(keys), unknown, time.Since(began).Round(time.Millisecond))
	return 0
}
