// Command keepalived holds virtual addresses by VRRP. It reads the
// configurations, takes the options and ends with the exit statuses of the
// program of that name.
package main

import (
	"fmt"
	"os"
)

// Exit statuses of the original (keepalived(8), observed).
const (
	exitOK         = 0
	exitFatal      = 1 // bad options, already running
	exitConfig     = 2 // a parameter is missing
	exitPermission = 4
	exitNoConfig   = 6
)

func main() {
	o, status, done := parse(os.Args, os.Stdout, os.Stderr)
	if done {
		os.Exit(status)
	}
	if o.test {
		os.Exit(check(o, os.Stderr))
	}
	status, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}
