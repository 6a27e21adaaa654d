package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"
)

// options are what the command line says.
type options struct {
	args       []string // the whole command line
	file       string   // -f
	test       bool     // -t
	testOutput string   // -tFILE

	vrrpOnly, checkOnly, noBFD, all bool // -P -C -B --all
	console                         bool // -l
	detail                          int  // -D, twice for more
	facility                        int  // -S
	logFile                         string
	flushLog                        bool
	noSyslog                        bool // -G
	umask                           int  // -u; -1: not given
	keepVIPs                        bool // -V
	keepIPVS                        bool // -I
	noRespawn                       bool // -R
	foreground                      bool // -n
	dump                            bool // -d
	pid, vrrpPid, checkPid, bfdPid  string
	addresses                       bool   // -a
	namespace                       string // -s
	allConfig                       bool   // -e
	id                              string // -i
	ignoreINT                       bool   // --ignore-sigint
	idle                            []string
}

// argument says whether an option takes a value.
type argument uint8

const (
	none     argument = iota
	required          // -f FILE, -fFILE, --use-file=FILE, --use-file FILE
	attached          // -tFILE, --config-test=FILE
)

// option is one option of the command line.
type option struct {
	short byte
	long  string
	arg   argument
	set   func(o *options, v string) error
}

func on(p func(*options) *bool) func(*options, string) error {
	return func(o *options, _ string) error { *p(o) = true; return nil }
}

func word(p func(*options) *string) func(*options, string) error {
	return func(o *options, v string) error { *p(o) = v; return nil }
}

// idle notes an option that has no effect here; it is said at start.
func idle(name string) func(*options, string) error {
	return func(o *options, _ string) error { o.idle = append(o.idle, name); return nil }
}

// optionTable is every option of the original, in the order of its usage text.
var optionTable = []option{
	{'f', "use-file", required, word(func(o *options) *string { return &o.file })},
	{'P', "vrrp", none, on(func(o *options) *bool { return &o.vrrpOnly })},
	{'C', "check", none, on(func(o *options) *bool { return &o.checkOnly })},
	{'B', "no_bfd", none, on(func(o *options) *bool { return &o.noBFD })},
	{0, "all", none, on(func(o *options) *bool { return &o.all })},
	{'l', "log-console", none, on(func(o *options) *bool { return &o.console })},
	{'D', "log-detail", none, func(o *options, _ string) error { o.detail++; return nil }},
	{'S', "log-facility", required, setFacility},
	{'g', "log-file", attached, func(o *options, v string) error {
		if o.logFile = v; v == "" {
			o.logFile = "/tmp/keepalived.log"
		}
		return nil
	}},
	{0, "flush-log-file", none, on(func(o *options) *bool { return &o.flushLog })},
	{'G', "no-syslog", none, on(func(o *options) *bool { return &o.noSyslog })},
	{'u', "umask", required, setUmask},
	{'X', "release-vips", none, idle("--release-vips")},
	{'V', "dont-release-vrrp", none, on(func(o *options) *bool { return &o.keepVIPs })},
	{'I', "dont-release-ipvs", none, on(func(o *options) *bool { return &o.keepIPVS })},
	{'R', "dont-respawn", none, on(func(o *options) *bool { return &o.noRespawn })},
	{'n', "dont-fork", none, on(func(o *options) *bool { return &o.foreground })},
	{'d', "dump-conf", none, on(func(o *options) *bool { return &o.dump })},
	{'p', "pid", required, word(func(o *options) *string { return &o.pid })},
	{'r', "vrrp_pid", required, word(func(o *options) *string { return &o.vrrpPid })},
	{'c', "checkers_pid", required, word(func(o *options) *string { return &o.checkPid })},
	{'a', "address-monitoring", none, on(func(o *options) *bool { return &o.addresses })},
	{'b', "bfd_pid", required, word(func(o *options) *string { return &o.bfdPid })},
	{'s', "namespace", required, word(func(o *options) *string { return &o.namespace })},
	{'x', "snmp", none, idle("--snmp")},
	{'A', "snmp-agent-socket", required, idle("--snmp-agent-socket")},
	{'m', "core-dump", none, idle("--core-dump")},
	{'M', "core-dump-pattern", attached, idle("--core-dump-pattern")},
	{'e', "all-config", none, on(func(o *options) *bool { return &o.allConfig })},
	{'i', "config-id", required, word(func(o *options) *string { return &o.id })},
	{0, "ignore-sigint", none, on(func(o *options) *bool { return &o.ignoreINT })},
	{'t', "config-test", attached, func(o *options, v string) error { o.test, o.testOutput = true, v; return nil }},
	{0, "perf", attached, idle("--perf")},
	{0, "debug", attached, idle("--debug")},
	{0, "no-mem-check", none, idle("--no-mem-check")},
	{0, "config-fd", required, idle("--config-fd")},
}

// setFacility reads -S: 0 to 7, local0 to local7, user or daemon.
func setFacility(o *options, v string) error {
	s := strings.TrimPrefix(v, "local")
	switch {
	case v == "user":
		o.facility = 1 << 3
	case v == "daemon":
		o.facility = 3 << 3
	case len(s) == 1 && s[0] >= '0' && s[0] <= '7':
		o.facility = (16 + int(s[0]-'0')) << 3
	default:
		if _, err := strconv.Atoi(v); err != nil {
			return fmt.Errorf("invalid number '%s'\nInvalid log facility '%s'", v, v)
		}
		return fmt.Errorf("number '%s' outside range [0, 7]\nInvalid log facility '%s'", v, v)
	}
	return nil
}

func setUmask(o *options, v string) error {
	n, err := strconv.ParseInt(v, 0, 32)
	if err != nil || n < 0 || n > 0o777 {
		return fmt.Errorf("Invalid --umask option %s", v)
	}
	o.umask = int(n)
	return nil
}

// signums are the signals of --signum, by the kernel's numbers: SIGRTMIN is
// 34 and SIGRTMAX 64 with glibc.
var signums = map[string]syscall.Signal{
	"STOP": syscall.SIGTERM, "RELOAD": syscall.SIGHUP, "DATA": syscall.SIGUSR1,
	"STATS": syscall.SIGUSR2, "STATS_CLEAR": sigClear, "JSON": sigJSON,
}

// Real-time signals of the original.
const (
	sigClear syscall.Signal = 63 // SIGRTMAX-1: statistics, and begin them again
	sigJSON  syscall.Signal = 36 // SIGRTMIN+2
)

// find finds a long option by its name or an unambiguous beginning of it.
func find(name string) *option {
	var found *option
	for i := range optionTable {
		o := &optionTable[i]
		if o.long == name {
			return o
		}
		if strings.HasPrefix(o.long, name) {
			if found != nil {
				return nil
			}
			found = o
		}
	}
	return found
}

// parse reads the command line. done says that nothing else is to do: end
// with status.
func parse(args []string, stdout, stderr io.Writer) (o *options, status int, done bool) {
	o = &options{args: args, umask: -1, facility: 3 << 3}
	fail := func(format string, a ...any) (*options, int, bool) {
		fmt.Fprintf(stderr, format+"\n", a...)
		return o, exitFatal, true
	}
	var stray []string
	rest := args[1:]
	for len(rest) > 0 {
		a := rest[0]
		rest = rest[1:]
		switch {
		case a == "--":
			stray = append(stray, rest...)
			rest = nil
		case strings.HasPrefix(a, "--"):
			var err error
			if status, done, rest, err = long(o, a, rest, args[0], stdout, stderr); err != nil {
				return fail("%s", err)
			}
			if done {
				return o, status, true
			}
		case len(a) > 1 && a[0] == '-':
			var err error
			if status, done, rest, err = cluster(o, a, rest, args[0], stderr); err != nil {
				return fail("%s", err)
			}
			if done {
				return o, status, true
			}
		default:
			stray = append(stray, a)
		}
	}
	if len(stray) > 0 {
		fmt.Fprintf(stdout, "Unexpected argument(s): %s \n", strings.Join(stray, " "))
	}
	return o, exitOK, false
}

// long reads a long option: "--dump", "--use-file FILE", "--use-file=FILE".
func long(o *options, a string, rest []string, self string, stdout, stderr io.Writer) (status int, done bool, left []string, err error) {
	name, value, given := strings.Cut(a[2:], "=")
	switch {
	case name == "version" || name == "help":
		return about(name, self, stderr), true, rest, nil
	case name != "" && strings.HasPrefix("signum", name):
		if !given {
			if len(rest) == 0 {
				return 0, false, rest, fmt.Errorf("Missing parameter for option --signum")
			}
			value = rest[0]
		}
		return signum(value, stdout, stderr), true, rest, nil
	}
	opt := find(name)
	if opt == nil {
		return 0, false, rest, fmt.Errorf("Unknown option %s", a)
	}
	if opt.arg == required && !given {
		if len(rest) == 0 {
			return 0, false, rest, fmt.Errorf("Missing parameter for option --%s", opt.long)
		}
		value, rest = rest[0], rest[1:]
	}
	return 0, false, rest, opt.set(o, value)
}

// cluster reads short options: "-lDn", "-f FILE", "-fFILE".
func cluster(o *options, a string, rest []string, self string, stderr io.Writer) (status int, done bool, left []string, err error) {
	for i := 1; i < len(a); i++ {
		switch a[i] {
		case 'v':
			return about("version", self, stderr), true, rest, nil
		case 'h':
			return about("help", self, stderr), true, rest, nil
		case 'T':
			return 0, false, rest, fmt.Errorf("genhash is not part of this program yet")
		}
		var opt *option
		for k := range optionTable {
			if optionTable[k].short == a[i] {
				opt = &optionTable[k]
			}
		}
		if opt == nil {
			return 0, false, rest, fmt.Errorf("Unknown option -%c", a[i])
		}
		if opt.arg == none {
			if err := opt.set(o, ""); err != nil {
				return 0, false, rest, err
			}
			continue
		}
		value := a[i+1:]
		if value == "" && opt.arg == required {
			if len(rest) == 0 {
				return 0, false, rest, fmt.Errorf("Missing parameter for option -%c", a[i])
			}
			value, rest = rest[0], rest[1:]
		}
		return 0, false, rest, opt.set(o, value)
	}
	return 0, false, rest, nil
}

// signum prints the number of a signal.
func signum(name string, stdout, stderr io.Writer) int {
	s, ok := signums[name]
	if !ok {
		fmt.Fprintf(stderr, "Unknown sigfunc %s\n", name)
		return exitFatal
	}
	fmt.Fprintln(stdout, int(s))
	return exitOK
}
