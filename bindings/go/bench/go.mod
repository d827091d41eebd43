module lgstore/bindings/go/bench

go 1.25

require lgstore/bindings/go v0.1.0

replace lgstore/bindings/go => ../
