package vectors

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	lgstore "lgstore/bindings/go"
)

// A vector is one line of the files.
type vector struct {
	Case   string          `json:"case"`
	Rule   string          `json:"rule"`
	Config json.RawMessage `json:"config"`
	Needs  []string        `json:"needs"`
	Steps  []step          `json:"steps"`
}

type step struct {
	Op       string          `json:"op"`
	Body     json.RawMessage `json:"body"`
	Text     *string         `json:"text"`
	Parts    []part          `json:"parts"`
	Expect   json.RawMessage `json:"expect"`
	Error    json.RawMessage `json:"error"`
	Contains []string        `json:"contains"`
	Advance  json.Number     `json:"advance"`
	Check    []string        `json:"check"`
	Between  []string        `json:"between"`
	Seconds  float64         `json:"seconds"`
	Within   float64         `json:"within"`
}

// A part is a string, or an object that says how to make one.
type part struct {
	text string
	made struct {
		Hex     *string `json:"hex"`
		Repeat  *string `json:"repeat"`
		Times   int     `json:"times"`
		Between string  `json:"between"`
		From    int     `json:"from"`
	}
}

func (p *part) UnmarshalJSON(text []byte) error {
	if text[0] == '"' {
		return json.Unmarshal(text, &p.text)
	}
	return json.Unmarshal(text, &p.made)
}

func (p *part) append(to []byte, captured *captures) ([]byte, error) {
	switch {
	case p.made.Hex != nil:
		decoded, err := hex.DecodeString(*p.made.Hex)
		return append(to, decoded...), err
	case p.made.Repeat != nil:
		for turn := range p.made.Times {
			if turn > 0 {
				to = append(to, p.made.Between...)
			}
			to = append(to, strings.ReplaceAll(*p.made.Repeat, "${i}", strconv.Itoa(p.made.From+turn))...)
		}
		return to, nil
	}
	return append(to, captured.substitute([]byte(p.text))...), nil
}

func (s *step) body(captured *captures) (body []byte, err error) {
	switch {
	case s.Body != nil:
		return captured.substitute(s.Body), nil
	case s.Text != nil:
		return captured.substitute([]byte(*s.Text)), nil
	}
	for i := range s.Parts {
		if body, err = s.Parts[i].append(body, captured); err != nil {
			return nil, err
		}
	}
	return body, nil
}

var operations = map[string]lgstore.Op{}

func init() {
	for op := lgstore.OpPut; op <= lgstore.OpAdvance; op++ {
		operations[op.String()] = op
	}
}

// run does one step, and says what was wrong with it.
func (s *step) run(ctx context.Context, store *lgstore.Store, on *backend, captured *captures) error {
	switch {
	case s.Check != nil:
		return captured.check(s.Check[0], s.Check[1], s.Check[2])
	case s.Between != nil:
		return captured.between(s.Between[0], s.Between[1], s.Seconds, s.Within)
	case s.Advance != "":
		if on.cluster {
			// A cluster's clock can't be moved: this time has to pass. Whole seconds, says README.md.
			seconds, err := s.Advance.Int64()
			time.Sleep(time.Duration(seconds) * time.Second)
			return err
		}
		_, err := store.Call(ctx, lgstore.OpAdvance, json.RawMessage(`{"seconds":`+s.Advance.String()+`}`))
		return err
	}
	op, known := operations[s.Op]
	if !known {
		return fmt.Errorf("unknown operation %q", s.Op)
	}
	body, err := s.body(captured)
	if err != nil {
		return err
	}
	answer, failure := store.Call(ctx, op, body)
	if s.Error != nil {
		return s.judgeError(failure, captured)
	}
	if failure != nil {
		return failure
	}
	return s.judge(answer, captured)
}

func (s *step) judge(answer json.RawMessage, captured *captures) error {
	pattern, err := decode(s.Expect)
	if err != nil {
		return err
	}
	got, err := decode(answer)
	if err != nil {
		return fmt.Errorf("the answer is no JSON: %w: %s", err, answer)
	}
	if err := captured.match(pattern, got, "answer"); err != nil {
		return fmt.Errorf("%w; the whole: %.1000s", err, answer)
	}
	for _, part := range s.Contains {
		if !bytes.Contains(answer, []byte(part)) {
			return fmt.Errorf("not contained: %s; the whole: %.1000s", part, answer)
		}
	}
	return nil
}

// judgeError compares the members of an error that the step names.
func (s *step) judgeError(failure error, captured *captures) error {
	var got *lgstore.Error
	if !errors.As(failure, &got) {
		return fmt.Errorf("expected an error, got %v", failure)
	}
	var pattern map[string]any
	decoded, err := decode(s.Error)
	if err == nil {
		pattern = decoded.(map[string]any)
	}
	members := map[string]any{
		"code": got.Code.String(), "field": got.Field, "retryable": got.Retryable, "may_have_applied": got.MayHaveApplied,
	}
	if len(got.Details) > 0 {
		if members["details"], err = decode(got.Details); err != nil {
			return err
		}
	}
	for name, wanted := range pattern {
		if name == "message" {
			if !strings.Contains(got.Message, wanted.(string)) {
				return fmt.Errorf("the message does not say %q: %w", wanted, got)
			}
			continue
		}
		if err := captured.match(wanted, members[name], name); err != nil {
			return fmt.Errorf("%w; the whole: %w", err, got)
		}
	}
	return err
}
