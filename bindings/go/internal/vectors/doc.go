// Package vectors runs tests/vectors/*.jsonl through the Go binding, in its raw mode. It has tests only.
package vectors
