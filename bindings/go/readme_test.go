package lgstore_test

import (
	"os"
	"strings"
	"testing"
)

// The first program of README.md is Example, letter by letter, and short.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	must(t, err)
	source, err := os.ReadFile("example_test.go")
	must(t, err)
	_, rest, _ := strings.Cut(string(readme), "```go\n")
	shown, _, found := strings.Cut(rest, "```\n")
	if !found || !strings.Contains(string(source), "func Example() {\n"+shown+"\t// Output:") {
		t.Errorf("README.md shows another program than example_test.go:\n%s", shown)
	}
	if lines := strings.Count(shown, "\n"); lines >= 20 {
		t.Errorf("the program has %d lines", lines)
	}
}
