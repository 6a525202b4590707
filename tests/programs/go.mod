module parkwatch.dev/programs

go 1.19
