package lgstore

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"
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

// Every day of four hundred years, and then some, is the one that package time has.
func TestTimeOf(t *testing.T) {
	at := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	for end := at.AddDate(2500, 0, 0); at.Before(end); at = at.Add(23*time.Hour + 59*time.Minute + 59*time.Second + 999*time.Microsecond) {
		if got := timeOf(at.AppendFormat(nil, `"2006-01-02T15:04:05.000000Z"`)); got != at {
			t.Fatalf("%v was read as %v", at, got)
		}
	}
	for _, text := range []string{`null`, `""`, `"2026-01-02"`} {
		if got := timeOf([]byte(text)); !got.IsZero() {
			t.Errorf("%s was read as %v", text, got)
		}
	}
}

// Strings of every length with an escape at every place end where they end.
func TestSkipString(t *testing.T) {
	for length := range 40 {
		for escape := -1; escape < length-1; escape++ {
			for _, escaped := range []string{`\"`, `\\`} {
				inside := bytes.Repeat([]byte{'x'}, length)
				if escape >= 0 {
					copy(inside[escape:], escaped)
				}
				text := append(append([]byte(`"`), inside...), '"')
				for _, rest := range []string{``, `"`, `,"a":"b"}`, `}         "`} {
					if end := skipString(append(text, rest...), 0); end != len(text) {
						t.Fatalf("%s%s ends at %d", text, rest, end)
					}
				}
				if end := skipString(text[:len(text)-1], 0); end != len(text)-1 {
					t.Fatalf("%s breaks off at %d", text, end)
				}
			}
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
		if !utf8.Valid(text) || json.Unmarshal(text, &wanted) != nil || wanted == nil {
			return // The library's answers are UTF-8.
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
