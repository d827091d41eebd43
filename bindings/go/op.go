package lgstore

// #include <lgstore.h>
import "C"

// An Op names an operation, in an [Error] and for [Store.Call].
type Op uint32

// The operations, by the names that they have in every language.
const (
	OpPut            Op = C.LGSTORE_OP_PUT
	OpGet            Op = C.LGSTORE_OP_GET
	OpDelete         Op = C.LGSTORE_OP_DELETE
	OpSearch         Op = C.LGSTORE_OP_SEARCH
	OpListNamespaces Op = C.LGSTORE_OP_LIST_NAMESPACES
	OpBatch          Op = C.LGSTORE_OP_BATCH
	OpPutIfAbsent    Op = C.LGSTORE_OP_PUT_IF_ABSENT
	OpUpdateIfExists Op = C.LGSTORE_OP_UPDATE_IF_EXISTS
	OpCompareAndSet  Op = C.LGSTORE_OP_COMPARE_AND_SET
	OpDeleteIfExists Op = C.LGSTORE_OP_DELETE_IF_EXISTS
	OpDeleteIfValue  Op = C.LGSTORE_OP_DELETE_IF_VALUE
	OpDeletePrefix   Op = C.LGSTORE_OP_DELETE_PREFIX
	OpCount          Op = C.LGSTORE_OP_COUNT
	OpSweep          Op = C.LGSTORE_OP_SWEEP
	OpOpen           Op = C.LGSTORE_OP_OPEN
	OpMigrate        Op = C.LGSTORE_OP_MIGRATE
	OpWarmup         Op = C.LGSTORE_OP_WARMUP
	OpHealth         Op = C.LGSTORE_OP_HEALTH
	OpClusterInfo    Op = C.LGSTORE_OP_CLUSTER_INFO
	OpReindex        Op = C.LGSTORE_OP_REINDEX
	OpBackup         Op = C.LGSTORE_OP_BACKUP
	OpAdvance        Op = C.LGSTORE_OP_ADVANCE
)

var opNames = [...]string{
	OpPut: "put", OpGet: "get", OpDelete: "delete", OpSearch: "search", OpListNamespaces: "list_namespaces",
	OpBatch: "batch", OpPutIfAbsent: "put_if_absent", OpUpdateIfExists: "update_if_exists",
	OpCompareAndSet: "compare_and_set", OpDeleteIfExists: "delete_if_exists", OpDeleteIfValue: "delete_if_value",
	OpDeletePrefix: "delete_prefix", OpCount: "count", OpSweep: "sweep", OpOpen: "open", OpMigrate: "migrate",
	OpWarmup: "warmup", OpHealth: "health", OpClusterInfo: "cluster_info", OpReindex: "reindex",
	OpBackup: "backup", OpAdvance: "advance",
}

// String gives the operation's name, "put" for example.
func (o Op) String() string {
	if int(o) < len(opNames) && opNames[o] != "" {
		return opNames[o]
	}
	return "unknown"
}
