package main

import (
	"fmt"
	"strconv"
	"strings"
)

// arguments is the command line (management manual, chapter 3).
type arguments struct {
	files                    []string
	check, dump              bool
	cond                     string
	hasCond                  bool
	daemon, foreground       bool
	master, systemd          bool
	verbose, quiet, debug    bool
	zeroWarning, diagnostics bool
	noResolve                bool // -dr
	noServerVerify           bool // -dV
	json, pretty, offline    bool // checks of our own: --json --pretty --offline --strict
	strict                   bool
	maxconn, proxyMaxconn    int
	memory                   int // MB
	pidFile, localPeer, dir  string
	socket                   string // -x
	masterCLI                []string
	oldPids                  []int
	terminate                bool // -st
	keywords                 string
	dumpKeywords             bool
	version                  string   // "v", "vv", "vq" …
	lastCode                 int      // how the current worker ended
	cwd                      string   // before -C
	words                    []string // all but -sf, -st and -x, which a reload gives anew
}

// usageError asks for the usage text.
type usageError struct{}

// Error implements error; nobody reads it.
func (usageError) Error() string { return "usage" }

// parseArgs reads the command line as the original does: one flag a word, no
// clustering, a value is always the next word.
func parseArgs(argv []string) (*arguments, error) {
	a := &arguments{}
	from := 0 // first word that is not in a.words
	defer func() { a.words = append(a.words, argv[from:]...) }()
	for i := 0; i < len(argv); i++ {
		w := argv[i]
		if !strings.HasPrefix(w, "-") || w == "-" {
			return a, usageError{}
		}
		value := func() (string, error) {
			if i+1 >= len(argv) {
				return "", usageError{}
			}
			i++
			return argv[i], nil
		}
		if set := a.plain(w); set {
			continue
		}
		switch w {
		case "-v", "-vv", "-vq", "-vqs", "-vqb":
			a.version = w[1:]
			return a, nil
		case "--":
			a.files = append(a.files, argv[i+1:]...)
			return a, nil
		case "-sf", "-st":
			a.terminate = w == "-st"
			a.words = append(a.words, argv[from:i]...)
			for i+1 < len(argv) && !strings.HasPrefix(argv[i+1], "-") {
				i++
				pid, err := strconv.Atoi(argv[i])
				if err != nil || pid <= 0 {
					return a, usageError{}
				}
				a.oldPids = append(a.oldPids, pid)
			}
			from = i + 1
			continue
		}
		if strings.HasPrefix(w, "-d") {
			a.debugFlag(w)
			continue
		}
		at := i
		v, err := value()
		if err == nil {
			err = a.valued(w, v)
		}
		if w == "-x" && err == nil {
			a.words = append(a.words, argv[from:at]...)
			from = i + 1
		}
		if err != nil {
			return a, err
		}
	}
	return a, nil
}

// plain sets the flags that take no value.
func (a *arguments) plain(w string) bool {
	flags := map[string]*bool{
		"-c": &a.check, "-D": &a.daemon, "-W": &a.master, "-V": &a.verbose, "-q": &a.quiet,
		"-db": &a.foreground, "-dW": &a.zeroWarning, "-dD": &a.diagnostics, "-dr": &a.noResolve,
		"-dV": &a.noServerVerify, "-d": &a.debug,
		"--json": &a.json, "--pretty": &a.pretty, "--offline": &a.offline, "--strict": &a.strict,
	}
	if w == "-Ws" || w == "-Ds" {
		a.master, a.systemd, a.foreground = true, true, true
		return true
	}
	if w == "-4" {
		return true
	}
	if p := flags[w]; p != nil {
		*p = true
		return true
	}
	return false
}

// debugFlag handles the -d letters; those that tune the original's internals
// are taken without a word, an unknown one is debug mode, as there.
func (a *arguments) debugFlag(w string) {
	switch {
	case strings.HasPrefix(w, "-dK"):
		a.dumpKeywords, a.keywords = true, w[3:]
	case strings.HasPrefix(w, "-dC"):
		a.dump = true
	case strings.HasPrefix(w, "-dM"), strings.HasPrefix(w, "-dA"), strings.HasPrefix(w, "-dt"):
	case len(w) == 3 && strings.ContainsRune("SRGIepkvFZTcLs", rune(w[2])):
	default:
		a.debug = true
	}
}

// valued sets the flags that take the next word.
func (a *arguments) valued(w, v string) error {
	number := func(p *int) error {
		n, err := strconv.Atoi(v)
		if err != nil {
			return fmt.Errorf("%s expects a number and not '%s'", w, v)
		}
		*p = n
		return nil
	}
	switch w {
	case "-f":
		a.files = append(a.files, v)
	case "-cc":
		a.cond, a.hasCond = v, true
	case "-C":
		a.dir = v
	case "-n":
		return number(&a.maxconn)
	case "-N":
		return number(&a.proxyMaxconn)
	case "-m":
		return number(&a.memory)
	case "-L":
		a.localPeer = v
	case "-p":
		a.pidFile = v
	case "-x":
		a.socket = v
	case "-S":
		a.masterCLI = append(a.masterCLI, v)
	default:
		return usageError{}
	}
	return nil
}
