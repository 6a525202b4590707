module parkwatch.dev/bench/dumps

go 1.19
