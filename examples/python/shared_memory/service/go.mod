module lgstore/examples/shared_memory

go 1.24

require lgstore/bindings/go v0.1.0

replace lgstore/bindings/go => ../../../../bindings/go
