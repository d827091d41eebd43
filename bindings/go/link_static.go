//go:build lgstore_static

package lgstore

// The static archive, from which only the names lgstore_* can be seen: another Rust archive may stand
// beside it. It lies in native/<os>_<arch> (see native/native.go) with the header; nothing has to be
// installed where the program runs.

// #cgo CFLAGS: -I${SRCDIR}/native/include
// #cgo linux,amd64 LDFLAGS: ${SRCDIR}/native/linux_amd64/liblgstore.a
// #cgo linux,arm64 LDFLAGS: ${SRCDIR}/native/linux_arm64/liblgstore.a
// #cgo LDFLAGS: -lgcc_s -lutil -lrt -lpthread -lm -ldl
import "C"

// `go mod vendor` keeps a folder only if a package in it is imported.
import _ "lgstore/bindings/go/native"
