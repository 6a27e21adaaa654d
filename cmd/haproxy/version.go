package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"tandem/parser/haproxy"
	"tandem/proxy"
)

// banner prints what -v prints; scripts read the third word of its first line.
func banner(w io.Writer) {
	fmt.Fprintf(w, "HAProxy version %s %s - https://haproxy.org/\n", proxy.Version, proxy.VersionDate)
	fmt.Fprintf(w, "Status: Tandem, a drop-in replacement written in Go; behaves as HAProxy %s.\n", proxy.Branch)
	fmt.Fprintf(w, "Known bugs: none listed\n")
	fmt.Fprintf(w, "Running on: %s\n", kernel())
}

// kernel describes the system in uname's words.
func kernel() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS + " " + runtime.GOARCH
	}
	return "Linux " + strings.TrimSpace(string(release)) + " " + machine()
}

func machine() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

// buildOptions prints what -vv adds.
func buildOptions(w io.Writer) {
	fmt.Fprintf(w, "Build options : \n  TARGET  = linux-glibc\n  CC      = %s\n  CFLAGS  = \n  OPTIONS = \n  DEBUG   = \n\n", runtime.Version())
	fmt.Fprint(w, "Feature list :")
	for _, f := range proxy.Features() {
		fmt.Fprint(w, " ", f)
	}
	fmt.Fprint(w, "\n\nDefault settings :\n  bufsize = 16384, maxrewrite = 1024, maxpollevents = 200\n\n")
	fmt.Fprintf(w, "Built with multi-threading support (MAX_TGROUPS=1, MAX_THREADS=1024, default=%d).\n", runtime.GOMAXPROCS(0))
	fmt.Fprintln(w, "Built with Lua version : Lua 5.3 (gopher-lua)")
	fmt.Fprint(w, "Built with SSL library version : ", proxy.TLSLibrary, "\nRunning on SSL library version : ", proxy.TLSLibrary, "\n")
	fmt.Fprint(w, "SSL library supports TLS extensions : yes\nSSL library supports SNI : yes\nSSL library supports : TLSv1.0 TLSv1.1 TLSv1.2 TLSv1.3\n")
	fmt.Fprint(w, "Encrypted password support via crypt(3): yes\n\n")
	fmt.Fprint(w, "Available polling systems :\n      epoll : pref=300,  test result OK\nTotal: 1 (1 usable), will use epoll.\n\n")
}

// printVersion answers -v and its relatives.
func printVersion(w io.Writer, which string) {
	switch which {
	case "vq":
		fmt.Fprintln(w, proxy.Version)
	case "vqs", "vqb":
		fmt.Fprintln(w, proxy.Branch)
	default:
		banner(w)
		if which == "vv" {
			buildOptions(w)
		}
	}
}

// condEnv is what .if and -cc predicates know.
func condEnv() *haproxy.CondEnv { return proxy.CondEnv(os.LookupEnv) }
