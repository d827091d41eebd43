package lgstore_test

import (
	"os"
	"regexp"
	"slices"
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

// Every piece of code in docs/go.md stands in Example_page, in this order, and what it says of its output is so.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/go.md")
	must(t, err)
	source, err := os.ReadFile("page_test.go")
	must(t, err)
	program, output, _ := strings.Cut(string(source), "\t// Output:\n")
	output, _, _ = strings.Cut(output, "\n}\n")
	var said []string
	for _, piece := range regexp.MustCompile("(?s)```go\n(.*?)```\n").FindAllStringSubmatch(string(page), -1) {
		var found bool
		if _, program, found = strings.Cut(program, piece[1]); !found {
			t.Errorf("docs/go.md shows what page_test.go does not run, or not there:\n%s", piece[1])
		}
		for _, line := range regexp.MustCompile(`fmt\.Println\(.*\) +// (.*)`).FindAllStringSubmatch(piece[1], -1) {
			said = append(said, line[1])
		}
	}
	if printed := strings.Split(strings.ReplaceAll(output, "\t// ", ""), "\n"); !slices.Equal(said, printed) {
		t.Errorf("docs/go.md says %q, page_test.go prints %q", said, printed)
	}
}
