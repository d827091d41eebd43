//go:build !beside

package main

func other() error { return nil }
