package vectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// What a pattern of a test vector says of an answer (tests/vectors/README.md).

var (
	timeForm    = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)
	versionForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
)

// captures are texts that a case has met under a name.
type captures struct {
	values map[string]string
	// expiries are the names of those that were the expiry of an item.
	expiries map[string]bool
	// slack is by how much an expiry may be off.
	slack time.Duration
}

func newCaptures(slack time.Duration) *captures {
	return &captures{map[string]string{}, map[string]bool{}, slack}
}

// substitute puts what was captured where ${name} stands.
func (c *captures) substitute(text []byte) []byte {
	for name, value := range c.values {
		text = bytes.ReplaceAll(text, []byte("${"+name+"}"), []byte(value))
	}
	return text
}

func parseTime(text string) (time.Time, bool) {
	if !timeForm.MatchString(text) {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return at, err == nil
}

// near says whether both are times within the slack.
func (c *captures) near(a, b string) bool {
	first, isFirst := parseTime(a)
	second, isSecond := parseTime(b)
	return isFirst && isSecond && c.slack > 0 && first.Sub(second).Abs() <= c.slack
}

// check compares two captured texts: `<`, `<=`, `=`, `!=`.
func (c *captures) check(a, relation, b string) error {
	first, hasFirst := c.values[a]
	second, hasSecond := c.values[b]
	if !hasFirst || !hasSecond {
		return fmt.Errorf("nothing was captured: %s or %s", a, b)
	}
	order := strings.Compare(first, second)
	if (c.expiries[a] || c.expiries[b]) && c.near(first, second) {
		order = 0
		if relation == "<" {
			return nil
		}
	}
	holds := map[string]bool{"<": order < 0, "<=": order <= 0, "=": order == 0, "!=": order != 0}
	if is, known := holds[relation]; !known || !is {
		return fmt.Errorf("%s %s %s is false", first, relation, second)
	}
	return nil
}

// between checks how far two captured times are apart.
func (c *captures) between(a, b string, seconds, within float64) error {
	first, isFirst := parseTime(c.values[a])
	second, isSecond := parseTime(c.values[b])
	if !isFirst || !isSecond {
		return fmt.Errorf("no times were captured: %s or %s", a, b)
	}
	passed := second.Sub(first).Seconds()
	if math.Abs(passed-seconds) > within+c.slack.Seconds()+1e-7 {
		return fmt.Errorf("%f s have passed, not %f", passed, seconds)
	}
	return nil
}

// decode reads JSON with numbers as they are written. Of members of one name the last counts.
func decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}

// match compares an answer with a pattern; at is where both stand.
func (c *captures) match(pattern, got any, at string) error {
	differs := func() error { return fmt.Errorf("at %s: expected %v, got %v", at, pattern, got) }
	switch pattern := pattern.(type) {
	case map[string]any:
		object, is := got.(map[string]any)
		if !is {
			return differs()
		}
		return c.matchObject(pattern, object, at)
	case []any:
		array, is := got.([]any)
		if !is || len(array) != len(pattern) {
			return differs()
		}
		for i := range pattern {
			if err := c.match(pattern[i], array[i], fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
		return nil
	case json.Number:
		number, is := got.(json.Number)
		if !is || float(pattern) != float(number) {
			return differs()
		}
		return nil
	case string:
		if strings.HasPrefix(pattern, "$") {
			if placeholder, err := c.matchPlaceholder(pattern, got, at); placeholder {
				return err
			}
		}
	}
	if pattern != got {
		return differs()
	}
	return nil
}

func float(number json.Number) float64 {
	value, _ := strconv.ParseFloat(string(number), 64) // Infinite where it is out of range.
	return value
}

func (c *captures) matchObject(pattern, got map[string]any, at string) error {
	_, more := pattern["$more"]
	for name, value := range got {
		if _, named := pattern[name]; !named && !more {
			return fmt.Errorf("at %s.%s: expected nothing, got %v", at, name, value)
		}
	}
	for name, value := range pattern {
		if name == "$more" {
			continue
		}
		member, has := got[name]
		if !has {
			return fmt.Errorf("at %s.%s: expected %v, got nothing", at, name, value)
		}
		if err := c.match(value, member, at+"."+name); err != nil {
			return err
		}
	}
	return nil
}

// matchPlaceholder says whether the pattern stands for something, and if so whether got is that.
func (c *captures) matchPlaceholder(pattern string, got any, at string) (bool, error) {
	kind, name, named := strings.Cut(pattern, ":")
	text, isText := got.(string)
	good := isText
	switch kind {
	case "$any":
		return !named, nil
	case "$time":
		_, isTime := parseTime(text)
		good = good && isTime
	case "$version":
		good = good && versionForm.MatchString(text)
	case "$cursor":
		good = good && text != ""
	default:
		return false, nil
	}
	if !good {
		return true, fmt.Errorf("at %s: expected %s, got %v", at, pattern, got)
	}
	expiry := strings.HasSuffix(at, ".expires_at")
	known, has := c.values[name]
	switch {
	case !named:
	case !has:
		c.values[name], c.expiries[name] = text, expiry
	case known != text && !(expiry && c.near(known, text)):
		return true, fmt.Errorf("at %s: another than before: %s, was %s, got %s", at, pattern, known, text)
	}
	return true, nil
}
