package lgstore

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/bits"
	"strconv"
	"time"
	"unsafe"
)

// Requests are written and answers are read here by hand: encoding/json would cost more than the rest of
// an operation. Values of the caller's own types go through it.

const hexDigits = "0123456789abcdef"

// appendString appends a JSON string. What is not UTF-8 goes through, for the library to refuse.
func appendString(to []byte, text string) []byte {
	to = append(to, '"')
	for i := range len(text) {
		if c := text[i]; c < 0x20 || c == '"' || c == '\\' {
			to = appendEscaped(to, text)
			return append(to, '"')
		}
	}
	to = append(to, text...)
	return append(to, '"')
}

func appendEscaped(to []byte, text string) []byte {
	for _, c := range []byte(text) {
		switch {
		case c < 0x20:
			to = append(to, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		case c == '"' || c == '\\':
			to = append(to, '\\', c)
		default:
			to = append(to, c)
		}
	}
	return to
}

func appendLabels(to []byte, labels []string) []byte {
	to = append(to, '[')
	for i, label := range labels {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendString(to, label)
	}
	return append(to, ']')
}

// appendSeconds appends a time span as seconds with as many decimals as it has.
func appendSeconds(to []byte, d time.Duration) []byte {
	left := uint64(d)
	if d < 0 {
		to, left = append(to, '-'), -uint64(d)
	}
	to = strconv.AppendUint(to, left/1e9, 10)
	if left %= 1e9; left != 0 {
		digits := strconv.AppendUint(nil, 1e9+left, 10)
		digits[0] = '.'
		to = append(to, bytes.TrimRight(digits, "0")...)
	}
	return to
}

// appendValue appends a caller's value: a json.RawMessage as it stands, anything else as encoding/json
// writes it, though without escapes for HTML.
func appendValue(to []byte, field string, value any) ([]byte, error) {
	if raw, ok := value.(json.RawMessage); ok {
		return appendRaw(to, field, raw)
	}
	buffer := bytes.NewBuffer(to)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return to, &Error{Code: ErrInvalidArg, Field: field, Message: err.Error(), cause: err}
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// appendRaw appends JSON text that must be one value where it stands: text that went on after it could bring
// members of its own into the request. The library checks all else.
func appendRaw(to []byte, field string, raw json.RawMessage) ([]byte, error) {
	if raw == nil {
		return append(to, "null"...), nil
	}
	start := skipBlanks(raw, 0)
	end := skipValue(raw, start)
	if end == start || skipBlanks(raw, end) != len(raw) {
		return to, invalid(field, "must be the text of one JSON value")
	}
	return append(to, raw...), nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func skipBlanks(text []byte, at int) int {
	for at < len(text) && isBlank(text[at]) {
		at++
	}
	return at
}

// skipString gives the place after the string that begins at `at`, or the end where the text breaks off. It looks
// at eight bytes at a time: strings of answers are short, and a call to search each of them costs more than that.
func skipString(text []byte, at int) int {
	for at++; at+8 <= len(text); {
		eight := binary.LittleEndian.Uint64(text[at:])
		found := bytesThatAre('"', eight) | bytesThatAre('\\', eight)
		if found == 0 {
			at += 8
			continue
		}
		if at += bits.TrailingZeros64(found) / 8; text[at] == '"' {
			return at + 1
		}
		at += 2 // The escape and what it is for.
	}
	for ; at < len(text); at++ {
		switch text[at] {
		case '"':
			return at + 1
		case '\\':
			at++
		}
	}
	return len(text)
}

// bytesThatAre sets the highest bit of each byte that is c. Bytes above the lowest that is may be set wrongly.
func bytesThatAre(c byte, eight uint64) uint64 {
	const ones = 0x0101010101010101
	zero := eight ^ ones*uint64(c)
	return (zero - ones) &^ zero & (ones << 7)
}

// skipNested gives the place after the object or array that begins at `at`, or the end where the text breaks
// off. It counts brackets and skips strings.
func skipNested(text []byte, at int) int {
	for depth := 0; at < len(text); at++ {
		switch c := text[at]; c {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return at + 1
			}
		case '"':
			at = skipString(text, at) - 1
		}
	}
	return len(text)
}

// skipValue gives the place after the value that begins at `at`, or the end where the text breaks off. It
// does not check the value.
func skipValue(text []byte, at int) int {
	for ; at < len(text); at++ {
		switch text[at] {
		case '"':
			return skipString(text, at)
		case '{', '[':
			return skipNested(text, at)
		case '}', ']', ',', ':', ' ', '\t', '\n', '\r':
			return at
		}
	}
	return at
}

// A reader steps through the members of an object or the elements of an array of an answer. Answers are the
// library's own, so they are well formed.
type reader struct {
	text []byte
	at   int
}

func readerOf(text []byte) reader {
	return reader{text, skipBlanks(text, 0) + 1}
}

// element gives the next element's text; nil at the end.
func (r *reader) element() []byte {
	for r.at < len(r.text) && (isBlank(r.text[r.at]) || r.text[r.at] == ',') {
		r.at++
	}
	start := r.at
	if start >= len(r.text) || r.text[start] == ']' || r.text[start] == '}' {
		return nil
	}
	r.at = skipValue(r.text, start)
	return r.text[start:r.at:r.at]
}

// member gives the next member's name, without its quotes, and value; nil at the end.
func (r *reader) member() (name, value []byte) {
	name = r.element()
	if len(name) < 2 {
		return nil, nil
	}
	for r.at < len(r.text) && (isBlank(r.text[r.at]) || r.text[r.at] == ':') {
		r.at++
	}
	return name[1 : len(name)-1], r.element()
}

// memberOf gives the value of a member; nil when there is none.
func memberOf(object []byte, wanted string) []byte {
	members := readerOf(object)
	for name, value := members.member(); name != nil; name, value = members.member() {
		if string(name) == wanted {
			return value
		}
	}
	return nil
}

// textOf gives the string that a JSON string stands for. It shares the memory of its text where it can, so
// that memory must not change any more. "" for what is no string.
func textOf(quoted []byte) string {
	if len(quoted) < 2 || quoted[0] != '"' {
		return ""
	}
	inside := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inside, '\\') >= 0 {
		var text string
		_ = json.Unmarshal(quoted, &text) // The library's own string; it has no lone surrogates.
		return text
	}
	return unsafe.String(unsafe.SliceData(inside), len(inside))
}

// labelsOf gives the texts of an array of strings, whose memory they share, in `room` where they fit.
func labelsOf(array []byte, room Namespace) Namespace {
	labels := room[:0]
	elements := readerOf(array)
	for label := elements.element(); label != nil; label = elements.element() {
		labels = append(labels, textOf(label))
	}
	return labels[:len(labels):len(labels)]
}

// numberOf gives a number of an answer, or an error that says what it is not.
func numberOf(text []byte) (int64, error) {
	number, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return 0, &Error{Code: ErrBackend, Message: "an answer that is no number: " + string(text), cause: err}
	}
	return number, nil
}

// timeOf reads a time of the library, RFC 3339 in UTC with microseconds; zero for null and for what is none.
func timeOf(quoted []byte) time.Time {
	const form = `"2006-01-02T15:04:05.000000Z"`
	if len(quoted) != len(form) {
		return time.Time{}
	}
	digits := func(from, to int) (number int) {
		for _, c := range quoted[from:to] {
			number = number*10 + int(c-'0')
		}
		return number
	}
	// Not time.Date, which costs four times as much: it takes any numbers and any place. Years begin in March here,
	// so that the leap day is their last, and the 719,469th day is the first of 1970.
	year, month, day := digits(1, 5), digits(6, 8), digits(9, 11)
	if month <= 2 {
		year, month = year-1, month+12
	}
	days := year*365 + year/4 - year/100 + year/400 + (month*153-457)/5 + day - 719469
	seconds := (days*24+digits(12, 14))*3600 + digits(15, 17)*60 + digits(18, 20)
	return time.Unix(int64(seconds), int64(digits(21, 27))*1000).UTC()
}

func scoreOf(text []byte) float64 {
	score, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return math.NaN()
	}
	return score
}
