// Command haproxy is a drop-in replacement for the haproxy binary: same
// command line, same files, same sockets, same messages.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tandem/parser/diag"
	"tandem/parser/haproxy"
	"tandem/proxy"
)

func main() {
	// A worker or daemon is started from /proc/self/exe, and would be called
	// "exe": `killall haproxy` and `pidof haproxy` must find it.
	_ = os.WriteFile("/proc/self/comm", []byte(filepath.Base(os.Args[0])), 0)
	os.Exit(run(os.Args))
}

// run is main with its exit code (management manual 3: 0 fine, 1 refused, 2
// the condition of -cc cannot be read).
func run(argv []string) int {
	a, err := parseArgs(argv[1:])
	switch {
	case errors.As(err, &usageError{}):
		banner(os.Stdout)
		usage(os.Stderr, argv[0])
		return 1
	case err != nil:
		say(a, diag.Alert, err.Error())
		return 1
	case a.version != "":
		printVersion(os.Stdout, a.version)
		return 0
	case a.hasCond:
		return evalCondition(a)
	}
	if a.dir != "" {
		a.cwd, _ = os.Getwd()
		if err := os.Chdir(a.dir); err != nil {
			say(a, diag.Alert, fmt.Sprintf("Could not change to directory %s : %s", a.dir, proxy.SysError(err)))
			return 1
		}
	}
	if len(a.files) == 0 && !a.dumpKeywords {
		banner(os.Stdout)
		usage(os.Stderr, argv[0])
		return 1
	}
	return start(a)
}

// evalCondition answers -cc.
func evalCondition(a *arguments) int {
	ok, err := haproxy.EvalArgument(a.cond, condEnv())
	switch {
	case err != nil:
		say(a, diag.Alert, err.Error())
		return 2
	case ok:
		return 0
	}
	return 1
}

// say prints one message of the program itself.
func say(a *arguments, s diag.Severity, text string) {
	var l diag.List
	l.Add(diag.Diagnostic{Severity: s, Layout: diag.PostParse, Text: text})
	show(a, &l)
}

// show prints messages as the original does, unless quiet.
func show(a *arguments, l *diag.List) {
	if a.quiet && !a.verbose {
		return
	}
	printer.Print(&messages, l)
}
