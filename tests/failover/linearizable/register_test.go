package main

import (
	"strings"
	"testing"
	"time"
)

// Three clients on one key: a put, a lost race, an update with an unknown outcome that a get has seen.
const sound = `
{"client":0,"key":"k","op":"put_if_absent","value":1,"call":10,"return":20,"applied":true}
{"client":1,"key":"k","op":"put_if_absent","value":2,"call":12,"return":30,"applied":false,"seen":1}
{"client":2,"key":"k","op":"update_if_exists","value":3,"call":40,"return":null}
{"client":1,"key":"k","op":"get","call":50,"return":60,"seen":1}
{"client":0,"key":"k","op":"get","call":70,"return":80,"seen":3}
{"client":1,"key":"k","op":"compare_and_set","expected":3,"value":4,"call":90,"return":95,"applied":true}
{"client":0,"key":"k","op":"delete_if_value","expected":3,"call":100,"return":110,"applied":false,"seen":4}
{"client":0,"key":"k","op":"delete_if_exists","call":120,"return":130,"applied":true}
{"client":2,"key":"k","op":"get","call":140,"return":150,"seen":0}
{"client":2,"key":"other","op":"get","call":140,"return":150,"seen":0}
`

func check(t *testing.T, history string) int {
	t.Helper()
	records, err := read(strings.NewReader(history))
	if err != nil {
		t.Fatal(err)
	}
	return report(records, time.Minute)
}

func TestASoundHistoryPasses(t *testing.T) {
	if check(t, sound) != 0 {
		t.Fatal("refused")
	}
}

func TestDoctoredHistoriesAreFound(t *testing.T) {
	for what, change := range map[string][2]string{
		"a stale read":                       {`"call":70,"return":80,"seen":3`, `"call":100,"return":105,"seen":1`},
		"a read of nothing":                  {`"call":50,"return":60,"seen":1`, `"call":50,"return":60,"seen":0`},
		"two puts if absent":                 {`"applied":false,"seen":1`, `"applied":true`},
		"a compare and set on another value": {`"expected":3,"value":4`, `"expected":1,"value":4`},
		"a lost update":                      {`"expected":3,"call":100,"return":110,"applied":false,"seen":4`, `"expected":3,"call":100,"return":110,"applied":true`},
		"a delete that did nothing":          {`"call":140,"return":150,"seen":0}` + "\n" + `{"client":2,"key":"other"`, `"call":140,"return":150,"seen":4}` + "\n" + `{"client":2,"key":"other"`},
		"a value from nowhere":               {`"seen":3`, `"seen":9`},
		"an effect before its call":          {`"value":3,"call":40`, `"value":3,"call":85`},
	} {
		doctored := strings.Replace(sound, change[0], change[1], 1)
		if doctored == sound {
			t.Fatalf("%s: nothing changed", what)
		}
		if check(t, doctored) != 1 {
			t.Errorf("%s was not found", what)
		}
	}
}

func TestBrokenRecordsAreRefused(t *testing.T) {
	for _, text := range []string{
		`{"client":0,"key":"k","op":"put","value":1,"call":1,"return":2}`,
		`{"client":0,"key":"k","op":"get","call":1,"return":null}`,
		`{"client":0,"key":"k","op":"get","call":3,"return":2}`,
		`{"client":0,"key":"k","op":"get","call":1,"return":2,"sean":1}`,
		`{"client":0,"key":"k"`,
	} {
		if _, err := read(strings.NewReader(text)); err == nil {
			t.Errorf("taken: %s", text)
		}
	}
}
