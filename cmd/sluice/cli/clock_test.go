package cli_test

import "time"

const minute = time.Minute

func now() time.Time        { return time.Now() }
func at(ms int64) time.Time { return time.UnixMilli(ms) }
