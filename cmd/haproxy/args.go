package main

import (
	"fmt"
	"math"
	"slices"
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

// badArgument is an ALERT about the command line.
type badArgument struct{ text string }

func (b badArgument) Error() string { return b.text }

// parseArgs reads the command line as the original does: one flag a word, no
// clustering, a value is always the next word. Of most words only the first
// letter counts.
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
		switch {
		case strings.HasPrefix(w, "-v"):
			a.version = w[1:]
			return a, nil
		case w == "--":
			a.files = append(a.files, argv[i+1:]...)
			return a, nil
		case strings.HasPrefix(w, "-sf"), strings.HasPrefix(w, "-st"):
			w = w[:3]
			a.terminate = w == "-st"
			a.words = append(a.words, argv[from:i]...)
			for i+1 < len(argv) && !strings.HasPrefix(argv[i+1], "-") {
				i++
				pid, rest := leadingNumber(argv[i])
				if rest != "" {
					return a, badArgument{fmt.Sprintf("%s option: some bytes unconsumed in PID list {%s}", w, rest)}
				}
				if pid <= 0 || pid > math.MaxInt32 {
					return a, usageError{}
				}
				a.oldPids = append(a.oldPids, pid)
			}
			from = i + 1
			continue
		case strings.HasPrefix(w, "-dA"):
			if i+1 >= len(argv) || strings.HasPrefix(argv[i+1], "-") {
				return a, badArgument{"-dA: missing output file name"}
			}
			i++
			continue
		case strings.HasPrefix(w, "-d"):
			if err := a.debugFlag(w); err != nil {
				return a, err
			}
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
	p := flags[w]
	if p == nil && len(w) > 2 && strings.ContainsRune("cDWVq", rune(w[1])) && w != "-cc" {
		p = flags[w[:2]]
	}
	if p != nil {
		*p = true
	}
	return p != nil
}

// leadingNumber reads the number that a word begins with, as C's strtol does;
// rest is what stands behind it. A word without one is 0.
func leadingNumber(w string) (n int, rest string) {
	s := strings.TrimLeft(w, " \t\n\v\f\r")
	end := 0
	if end < len(s) && (s[end] == '-' || s[end] == '+') {
		end++
	}
	digits := end
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	if end == digits {
		return 0, w
	}
	n, _ = strconv.Atoi(s[:end]) // what is too large is the largest
	return n, s[end:]
}

// debugFlag handles the -d letters; those that tune the original's internals
// are taken without a word, an unknown one is debug mode, as there.
func (a *arguments) debugFlag(w string) error {
	switch {
	case strings.HasPrefix(w, "-dK"):
		a.dumpKeywords, a.keywords = true, w[3:]
	case strings.HasPrefix(w, "-dC"):
		a.dump = true
	case strings.HasPrefix(w, "-dM"):
		return poolFeatures(w[3:])
	case strings.HasPrefix(w, "-dt"):
	case len(w) == 3 && strings.ContainsRune("SRGIepkvFZTcLs", rune(w[2])):
	default:
		a.debug = true
	}
	return nil
}

// poolFeatures checks the list of -dM, which says how the original's memory
// pools find faults of its own; there is nothing to do here. A number, which
// comes first, is a byte that fills memory.
func poolFeatures(list string) error {
	for i, w := range strings.Split(list, ",") {
		if w == "" || i == 0 && w[0] >= '0' && w[0] <= '9' {
			continue
		}
		if !slices.Contains(poolWords, w) {
			return badArgument{fmt.Sprintf("-dM: unknown pool debugging feature <%s>", w)}
		}
	}
	return nil
}

// valued sets the flags that take the next word.
func (a *arguments) valued(w, v string) error {
	number := func(p *int) error {
		*p, _ = leadingNumber(v)
		return nil
	}
	if len(w) > 2 && w != "-cc" && w[1] != '-' {
		w = w[:2]
	}
	switch w {
	case "-f":
		a.files = append(a.files, v)
	case "-cc":
		a.cond, a.hasCond = v, true
	case "-C":
		if a.dir = v; v == "" {
			return badArgument{"Could not change to directory  : No such file or directory"}
		}
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

// poolWords are the words of -dM.
var poolWords = strings.Fields(`fail no-fail no-merge merge cold-first hot-first integrity no-integrity no-global global no-cache cache
	caller no-caller tag no-tag poison no-poison uaf no-uaf backup no-backup`)
