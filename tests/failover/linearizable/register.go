package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"

	"github.com/anishathalye/porcupine"
)

// One operation. Values are numbers above 0, each written by one operation only; 0 = there is no item.
type record struct {
	Client int    `json:"client"`
	Key    string `json:"key"`
	// get, put_if_absent, update_if_exists, compare_and_set, delete_if_exists, delete_if_value
	Op string `json:"op"`
	// What a put wants to store.
	Value int `json:"value"`
	// What compare_and_set and delete_if_value expect.
	Expected int `json:"expected"`
	// Nanoseconds of one monotonic clock. No return = unknown outcome: it happens at any moment after the
	// call, or never, and nobody has seen an answer.
	Call   int64  `json:"call"`
	Return *int64 `json:"return"`
	// The answer of a conditional operation.
	Applied bool `json:"applied"`
	// The item that a get, or a condition that did not hold, has seen.
	Seen int `json:"seen"`
}

func (r record) describe() string {
	answer := "unknown outcome"
	switch {
	case r.Return == nil:
	case r.Op == "get":
		answer = fmt.Sprintf("saw %d", r.Seen)
	case r.Applied:
		answer = "applied"
	default:
		answer = fmt.Sprintf("not applied, saw %d", r.Seen)
	}
	until := int64(math.MaxInt64)
	if r.Return != nil {
		until = *r.Return
	}
	return fmt.Sprintf("client %d, %.6f to %.6f s: %s value %d expected %d: %s",
		r.Client, float64(r.Call)/1e9, float64(until)/1e9, r.Op, r.Value, r.Expected, answer)
}

// A register that holds a value or nothing (0).
var model = porcupine.Model{
	Init: func() interface{} { return 0 },
	Step: func(state, input, _ interface{}) (bool, interface{}) {
		held, r := state.(int), input.(record)
		if r.Op == "get" {
			return r.Seen == held, held
		}
		holds, after := outcome(held, r)
		if !holds {
			after = held
		}
		switch {
		case r.Return == nil: // whatever it did, nobody was told
			return true, after
		case r.Applied:
			return holds, after
		default:
			return !holds && r.Seen == held, held
		}
	},
}

// Whether the operation's condition holds, and what it leaves if so.
func outcome(held int, r record) (bool, int) {
	switch r.Op {
	case "put_if_absent":
		return held == 0, r.Value
	case "update_if_exists":
		return held != 0, r.Value
	case "compare_and_set":
		return held == r.Expected && held != 0, r.Value
	case "delete_if_exists":
		return held != 0, 0
	case "delete_if_value":
		return held == r.Expected && held != 0, 0
	}
	panic("read lets no other operation through")
}

func read(from io.Reader) ([]record, error) {
	var records []record
	decoder := json.NewDecoder(from)
	decoder.DisallowUnknownFields()
	for {
		var r record
		err := decoder.Decode(&r)
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err == nil {
			err = r.check()
		}
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", len(records)+1, err)
		}
		records = append(records, r)
	}
}

func (r record) check() error {
	switch r.Op {
	case "get":
		if r.Return == nil {
			return errors.New("a get without an answer says nothing and must be left out")
		}
	case "put_if_absent", "update_if_exists", "compare_and_set", "delete_if_exists", "delete_if_value":
	default:
		return fmt.Errorf("unknown operation %q", r.Op)
	}
	if r.Return != nil && *r.Return < r.Call {
		return errors.New("returned before it was called")
	}
	return nil
}

// Registers are independent of each other, so each key's operations may be checked by themselves.
func byKey(records []record) [][]record {
	index := map[string]int{}
	var keys [][]record
	for _, r := range records {
		at, known := index[r.Key]
		if !known {
			at = len(keys)
			index[r.Key] = at
			keys = append(keys, nil)
		}
		keys[at] = append(keys[at], r)
	}
	for _, of := range keys {
		sort.SliceStable(of, func(a, b int) bool { return of[a].Call < of[b].Call })
	}
	return keys
}

func operations(records []record) []porcupine.Operation {
	all := make([]porcupine.Operation, len(records))
	for i, r := range records {
		until := int64(math.MaxInt64)
		if r.Return != nil {
			until = *r.Return
		}
		all[i] = porcupine.Operation{ClientId: r.Client, Input: r, Call: r.Call, Output: nil, Return: until}
	}
	return all
}
