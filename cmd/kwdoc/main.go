// Command kwdoc writes the keyword reference from the tables, and lays out the
// files of a new keyword.
//
//	kwdoc > keywords.md
//	kwdoc -new action set-foo
package main

import (
	"flag"
	"fmt"
	"os"

	"tandem/proxy"
)

func main() {
	table := flag.String("new", "", "lay out a keyword of this `table` (action, fetch, conv); its name follows")
	flag.Parse()
	if err := run(*table, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "kwdoc:", err)
		os.Exit(1)
	}
}

// run writes the reference, or the files of a new keyword below the working
// directory.
func run(table string, args []string) error {
	switch {
	case table == "" && len(args) == 0:
		return proxy.Reference(os.Stdout)
	case table == "" || len(args) != 1:
		return fmt.Errorf("usage: kwdoc [-new <table> <name>]")
	}
	return scaffold(".", table, args[0])
}
