module lgstore/bindings/go

go 1.24
