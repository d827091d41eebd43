package lgstore

// #include <lgstore.h>
import "C"

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"runtime/cgo"
	"time"
	"unsafe"
)

// levels are slog's names for the library's, 1 (error) to 5 (trace).
var levels = [...]slog.Level{1: slog.LevelError, 2: slog.LevelWarn, 3: slog.LevelInfo, 4: slog.LevelDebug, 5: slog.LevelDebug - 4}

// highestLevel gives the most talkative of the library's levels that is enabled; 0 = none.
func highestLevel(enabled func(context.Context, slog.Level) bool) int32 {
	for level := len(levels) - 1; level > 0; level-- {
		if enabled(context.Background(), levels[level]) {
			return int32(level)
		}
	}
	return 0
}

// lgstoreGoLog is called by the library's log thread, one event at a time.
//
//export lgstoreGoLog
func lgstoreGoLog(level C.int32_t, text *C.char, length C.size_t, userData unsafe.Pointer) {
	handler := cgo.Handle(uintptr(userData)).Value().(slog.Handler)
	// A panic must not go on into the library: it is no Go program there.
	defer func() { _ = recover() }()
	slogLevel := levels[min(max(int(level), 1), len(levels)-1)]
	if handler.Enabled(context.Background(), slogLevel) {
		_ = handler.Handle(context.Background(), recordOf(slogLevel, C.GoBytes(unsafe.Pointer(text), C.int(length))))
	}
}

// recordOf makes a record of an event's document {"ts","level","target","message",...}, further members in
// their order as attributes.
func recordOf(level slog.Level, document []byte) slog.Record {
	record := slog.NewRecord(time.Now(), level, "", 0)
	members := readerOf(document)
	for name, value := members.member(); name != nil; name, value = members.member() {
		switch string(name) {
		case "ts":
			record.Time = timeOf(value)
		case "level":
		case "message":
			record.Message = textOf(value)
		default:
			record.AddAttrs(slog.Any(string(name), plainOf(value)))
		}
	}
	return record
}

// plainOf gives a member as a Go value; integers stay integers.
func plainOf(text []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return string(text)
	}
	if number, ok := value.(json.Number); ok {
		if integer, err := number.Int64(); err == nil {
			return integer
		}
		if float, err := number.Float64(); err == nil {
			return float
		}
	}
	return value
}
