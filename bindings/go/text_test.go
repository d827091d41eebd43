package lgstore

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

func TestAppendSeconds(t *testing.T) {
	for d, wanted := range map[time.Duration]string{
		0: "0", time.Second: "1", 1500 * time.Millisecond: "1.5", 1: "0.000000001", -1500 * time.Millisecond: "-1.5",
		1<<63 - 1: "9223372036.854775807", -1 << 63: "-9223372036.854775808", 10 * time.Millisecond: "0.01",
	} {
		if got := string(appendSeconds(nil, d)); got != wanted {
			t.Errorf("%d ns are %s, not %s", d, got, wanted)
		}
	}
}

// Whatever a raw value is, it stays one value where it stands, or is refused.
func FuzzRawValue(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` {"a":[1,{"b":"}]"}]} `, `{},"ttl":1`, `1`, `"a\"b\\"`, `"`, `{`, `{]`, `]`, `}`, ``, ` `, `,`, `:`, `{}"x"`,
		`"\`, `{"\`, `[}`, `null x`, "\x00", "\"\xff\"", `1,"x":2`, `{],"x":[}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		to, err := appendRaw([]byte(`{"value":`), "value", json.RawMessage(raw))
		whole := append(to, `,"last":1}`...)
		switch {
		case err != nil && json.Valid(raw):
			t.Fatalf("%q was refused: %v", raw, err)
		case err != nil || !json.Valid(whole):
			return // The library refuses what is no JSON.
		}
		var members map[string]json.RawMessage
		if json.Unmarshal(whole, &members) != nil || len(members) != 2 || !bytes.Equal(members["value"], bytes.TrimSpace(raw)) {
			t.Fatalf("%q became more than a value: %s", raw, whole)
		}
	})
}

// The reader of answers finds what encoding/json finds.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1,"b":[],"c":{"d":"\"}\\"}}`, ` { "a" : "x" , "b" : null } `, `{"":"","\u0041":true}`, `{"a":"é\n\u0000"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var wanted map[string]json.RawMessage
		if json.Unmarshal(text, &wanted) != nil || wanted == nil {
			return
		}
		met := map[string]bool{}
		members := readerOf(text)
		for name, value := members.member(); name != nil; name, value = members.member() {
			quoted := append(append([]byte{'"'}, name...), '"')
			met[textOf(quoted)] = true
			var one, other any
			if json.Unmarshal(value, &one) != nil {
				t.Fatalf("%q of %q is no JSON", value, text)
			}
			_ = json.Unmarshal(memberOf(text, string(name)), &other)
		}
		for name := range wanted {
			if !met[name] && json.Valid([]byte(`"`+name+`"`)) {
				t.Fatalf("%q of %q was not met", name, text)
			}
		}
	})
}
