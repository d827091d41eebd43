package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	lgstore "lgstore/bindings/go"
)

func cpu() float64 {
	var u syscall.Rusage
	syscall.Getrusage(0, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e3
}
func csw() int64 { var u syscall.Rusage; syscall.Getrusage(0, &u); return u.Nvcsw }

var keep = make([][]byte, 64)

func main() {
	depth, _ := strconv.Atoi(os.Args[1])
	n, _ := strconv.Atoi(os.Args[2])
	for i := range keep { keep[i] = make([]byte, 1<<20) }
	ctx := context.Background()
	s, err := lgstore.Open(ctx, `{"backend":"cql","contact_points":["127.0.9.1:9042"],"keyspace":"go_bench","request_timeout":30,"speculative":{"max":0},"connect":{"deadline":60}}`)
	if err != nil { panic(err) }
	ns := lgstore.NS("prof", "a")
	val := json.RawMessage(`{"t":"` + strings.Repeat("x", 1000) + `"}`)
	for i := range 1000 { if err := s.Put(ctx, ns, "key-"+strconv.Itoa(i), val); err != nil { panic(err) } }
	best := 1e9
	for round := range 6 {
		c, w, v := cpu(), time.Now(), csw()
		var wg sync.WaitGroup
		for d := range depth {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for i := range n / depth {
					if _, err := s.Get(ctx, ns, "key-"+strconv.Itoa((i*7919+d)%1000)); err != nil { panic(err) }
				}
			}()
		}
		wg.Wait()
		per := (cpu() - c) / float64(n)
		if per < best { best = per }
		fmt.Printf("round %d: %.1f us cpu, %.1f wall, %.2f vcsw\n", round, per, float64(time.Since(w).Microseconds())/float64(n), float64(csw()-v)/float64(n))
	}
	fmt.Println("best", best)
	s.Close()
}
