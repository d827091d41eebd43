//go:build !lgstore_static && !lgstore_nopc

package lgstore

// The installed shared library, as pkg-config finds it.

// #cgo pkg-config: lgstore
import "C"
