module parkwatch.dev/bench/targets

go 1.19
