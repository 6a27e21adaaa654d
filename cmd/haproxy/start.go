package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"

	"tandem/parser/diag"
	"tandem/parser/haproxy"
	"tandem/proxy"
	"tandem/proxy/config"
	"tandem/proxy/listen"
)

// printer prints messages for the whole life of the program.
var printer = &diag.HaproxyStyle{Version: proxy.Version, Exe: executable()}

func executable() string {
	if p, err := os.Executable(); err == nil {
		return p
	}
	return os.Args[0]
}

// start loads, checks and, unless told only to check, serves.
func start(a *arguments) int {
	printer.ShowDiag = a.diagnostics
	if a.dumpKeywords {
		if err := proxy.DumpKeywords(os.Stdout, a.keywords); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if len(a.files) == 0 {
			return 0
		}
	}
	role := os.Getenv(envRole)
	messages.tellParent()
	if !a.check && role != "worker" && (a.master || reborn()) {
		return startMaster(a, role)
	}
	deps := config.NewDeps()
	cfg, diags := proxy.Load(proxy.Options{
		Files: a.files, CheckOnly: a.check, Offline: a.offline, Strict: a.strict && a.check, NoResolve: a.noResolve,
		LocalPeer: a.localPeer, MaxConn: a.maxconn, ProxyMaxConn: a.proxyMaxconn,
	}, deps)
	if cfg != nil && len(cfg.Files) == 0 { // directories without a file
		banner(os.Stdout)
		usage(os.Stderr, os.Args[0])
		return 1
	}
	if len(a.masterCLI) > 0 && !a.master && role != "worker" && cfg != nil && !cfg.Global.MasterWorker && !diags.HasErrors() {
		say(a, diag.Alert, "a master CLI socket was defined, but master-worker mode (-W) is not enabled.")
		return 1
	}
	if a.dump && cfg != nil {
		if err := proxy.DumpConfig(os.Stdout, cfg.Files, haproxy.Options{Getenv: os.LookupEnv, Cond: condEnv()}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	if cfg != nil && cfg.Global.ZeroWarning {
		a.zeroWarning = true
	}
	if cfg != nil && cfg.Global.Debug && !a.check {
		a.debug = true
	}
	if cfg != nil && cfg.Global.Quiet && !a.verbose && !a.debug && !a.foreground {
		a.quiet = true
	}
	if code := verdict(a, diags); code >= 0 {
		return code
	}
	if a.check {
		code := checked(a, diags)
		if a.verbose && !a.json {
			fmt.Printf("The newest release that takes this configuration is HAProxy %s\n", cfg.Era)
			for _, n := range cfg.EraNotes() {
				fmt.Println(n)
			}
		}
		return code
	}
	switch {
	case role == "worker":
	case cfg.Global.MasterWorker && !a.foreground && !a.debug:
		return startMaster(a, role)
	case role == "" && !a.foreground && !a.debug && (a.daemon || cfg.Global.Daemon):
		return daemonize(a)
	}
	return serve(a, cfg, deps)
}

// startMaster runs the master, in the background where the command line or
// the configuration says so.
func startMaster(a *arguments, role string) int {
	a.master = true
	if reborn() {
		return runMaster(a)
	}
	// What is wrong with the configuration is the worker's to say.
	cfg, _ := proxy.Load(proxy.Options{Files: a.files, CheckOnly: true, Offline: true}, config.NewDeps())
	if cfg != nil && a.pidFile == "" {
		a.pidFile = cfg.Global.PidFile
	}
	if role == "" && !a.foreground && !a.debug && (a.daemon || cfg != nil && cfg.Global.Daemon) {
		return daemonize(a)
	}
	return runMaster(a)
}

// verdict prints the messages and returns the exit code where the
// configuration cannot be used, -1 where it can.
func verdict(a *arguments, diags *diag.List) int {
	switch {
	case a.check && a.json:
		if err := diag.JSON(os.Stdout, diags); err != nil {
			return 1
		}
	case a.check && a.pretty:
		(&diag.PrettyStyle{}).Print(os.Stderr, diags)
	default:
		show(a, diags)
	}
	switch {
	case diags.HasErrors():
		return 1
	case a.zeroWarning && warnings(diags) > 0:
		say(a, diag.Alert, "Some warnings were found and 'zero-warning' is set. Aborting.")
		return 1
	}
	return -1
}

// warnings counts the warnings that the original gives too.
func warnings(l *diag.List) int {
	n := 0
	for i := range l.All {
		if l.All[i].Severity == diag.Warning && !l.All[i].Ours {
			n++
		}
	}
	return n
}

// checked ends -c for a configuration that can be used.
func checked(a *arguments, diags *diag.List) int {
	if a.json || a.quiet && !a.verbose {
		return 0
	}
	if warnings(diags) > 0 {
		fmt.Println("Warnings were found.")
	}
	if a.verbose {
		fmt.Println("Configuration file is valid")
	}
	return 0
}

// serve runs the configuration until a signal ends it.
func serve(a *arguments, cfg *config.Config, deps *config.Deps) int {
	if cfg.Listeners() == 0 {
		say(a, diag.Alert, "[haproxy.main()] No enabled listener found (check for 'bind' directives) ! Exiting.")
		return 1
	}
	if err := proxy.RaiseDescriptors(cfg); err != nil {
		if cfg.Global.StrictLimits {
			say(a, diag.Alert, err.Error())
			return 1
		}
		say(a, diag.Warning, err.Error())
	}
	if text := proxy.AutoMaxConn(cfg); text != "" && !a.quiet {
		say(a, diag.Notice, text)
	}
	failed := &diag.List{}
	if n := cfg.Global.NbThread; n > 0 { // so many run at the same time
		runtime.GOMAXPROCS(n)
	}
	if a.memory > 0 { // MiB; the collector works harder near it
		debug.SetMemoryLimit(int64(a.memory) << 20)
	}
	p := proxy.New(cfg, deps, failed)
	if !failed.HasErrors() && !a.inherit(p) {
		return 1
	}
	if !failed.HasErrors() {
		p.Listen(failed)
		if failed.HasErrors() {
			failed.Add(diag.Diagnostic{Severity: diag.Alert, Code: "cannot-bind", Layout: diag.PostParse, Text: "[haproxy.main()] Some protocols failed to start their listeners! Exiting."})
		}
	}
	if failed.HasErrors() {
		show(a, failed)
		return 1
	}
	warnOfRoot(a, cfg)
	if err := p.Isolate(); err != nil {
		say(a, diag.Alert, "[haproxy.main()] "+err.Error())
		return 1
	}
	if a.pidFile == "" {
		a.pidFile = cfg.Global.PidFile
	}
	if a.pidFile != "" && os.Getenv(envRole) == "daemon" {
		if err := os.WriteFile(a.pidFile, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o644); err != nil {
			say(a, diag.Alert, fmt.Sprintf("[haproxy.main()] Cannot create pidfile %s", a.pidFile))
			return 1
		}
	}
	if os.Getenv(envRole) != "worker" { // else they are the master's
		a.finishOld()
	}
	p.StartupLogs(messages.String())
	messages.serving()
	return untilSignal(p)
}

// inherit takes over the sockets of the process that -x names.
func (a *arguments) inherit(p *proxy.Proxy) bool {
	if a.socket == "" || a.socket == os.DevNull {
		return true
	}
	err := p.Inherit(a.socket)
	if n, ok := strings.CutPrefix(a.socket, "sockpair@"); ok {
		if fd, err := strconv.Atoi(n); err == nil {
			syscall.Close(fd) // the master's end of another worker's channel
		}
	}
	if err == nil {
		return true
	}
	say(a, diag.Warning, err.Error())
	if os.Getenv(envRole) == "worker" {
		return true // it binds anew
	}
	say(a, diag.Alert, "Failed to get the sockets from the old process!")
	return false
}

// warnOfRoot says what a process that runs as root gives away; the first
// sentences are the original's.
func warnOfRoot(a *arguments, cfg *config.Config) {
	if os.Getuid() != 0 || a.quiet {
		return
	}
	if g := &cfg.Global; g.Chroot == "" {
		say(a, diag.Warning, "[haproxy.main()] HAProxy was started as root without any 'chroot' directive. An intruder would see the whole file system: name an empty directory with 'chroot' in the global section, or write 'chroot /' to go without.")
	}
	if g := &cfg.Global; g.UID < 0 {
		say(a, diag.Warning, "[haproxy.main()] HAProxy was started as the root user and does not make use of 'user' nor 'uid' global options to drop the privileges. Name an unprivileged account there, or write 'uid 0' to stay root.")
	}
}

// finishOld tells the processes given by -sf and -st that they are replaced.
func (a *arguments) finishOld() {
	for _, pid := range a.oldPids {
		syscall.Kill(pid, a.oldSignal())
	}
}

// oldSignal is how those processes are told: by -sf or by -st.
func (a *arguments) oldSignal() syscall.Signal {
	if a.terminate {
		return syscall.SIGTERM
	}
	return syscall.SIGUSR1
}

// untilSignal serves; SIGUSR1 is a soft stop. SIGINT and SIGTERM have no
// handler: the process dies of them at once, as the original's does.
func untilSignal(p *proxy.Proxy) int {
	soft, stop := signal.NotifyContext(context.Background(), syscall.SIGUSR1)
	defer stop()
	signal.Ignore(syscall.SIGPIPE, syscall.SIGUSR2)
	orders := make(chan os.Signal, 8)
	signal.Notify(orders, syscall.SIGHUP, syscall.SIGTTOU, syscall.SIGTTIN)
	go func() {
		for s := range orders {
			switch s {
			case syscall.SIGHUP:
				p.DumpStates()
			case syscall.SIGTTOU:
				p.Pause()
			case syscall.SIGTTIN:
				p.Resume()
			}
		}
	}()
	if fd, err := strconv.Atoi(os.Getenv(envChannel)); err == nil {
		os.Unsetenv(envChannel)
		if c, err := listen.OpenChannel(fd); err == nil {
			go p.ServeMaster(c, func() { os.Exit(1) }) // without a master nobody could stop this process
		}
	}
	p.Run(soft, context.Background())
	return 0
}
