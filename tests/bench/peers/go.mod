module parkwatch.dev/bench/peers

go 1.19

require (
	github.com/DataDog/gostackparse v0.7.0
	github.com/maruel/panicparse/v2 v2.4.0
)
