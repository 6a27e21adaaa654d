package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tandem/parser/diag"
)

// oracleAccounts are the users of the machine that the oracle ran on.
type oracleAccounts struct{}

func (oracleAccounts) User(name string) (uid, gid uint32, ok bool) {
	switch name {
	case "root":
		return 0, 0, true
	case "haproxy":
		return 106, 107, true
	case "nobody":
		return 65534, 65534, true
	}
	return 0, 0, false
}

func (oracleAccounts) Group(name string) (gid uint32, ok bool) {
	switch name {
	case "root":
		return 0, true
	case "haproxy":
		return 107, true
	case "nogroup":
		return 65534, true
	}
	return 0, false
}

// oracleOptions describe that machine: interfaces lo and eth0 only.
func oracleOptions() Options {
	return Options{ConfigID: "vm", HostName: "vm", Accounts: oracleAccounts{},
		Resolve:      func(n string) (netip.Addr, bool) { return netip.MustParseAddr("127.0.0.1"), n == "localhost" },
		HasInterface: func(n string) bool { return n == "lo" || n == "eth0" }, HasNamespace: func(string) bool { return false }}
}

// verdict is what -t prints first and its exit status.
func verdict(r *Result, name string) (status int, first string) {
	for i := range r.Diags.All {
		if d := &r.Diags.All[i]; !d.Ours {
			return r.Status, diag.KeepalivedLine(d, name)
		}
	}
	return r.Status, ""
}

// optionalWords are words that the build behind oracle.tsv was made without; we
// always know them.
var optionalWords = map[string]bool{"nftables": true, "bfd_instance": true, "no_accept": true, "enable_dbus": true}

// lineOf is the number in "(FILE: Line 3) text", or the text if it has none.
func lineOf(message string) string {
	place, _, ok := strings.Cut(message, ")")
	if _, n, found := strings.Cut(place, "Line "); ok && found {
		return n
	}
	return message
}

// TestCorpus compares verdicts with the original's on configurations of real
// users. They are not ours to ship: TANDEM_CORPUS names the directory that
// holds them and oracle.tsv.
func TestCorpus(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("TANDEM_CORPUS")
	if dir == "" {
		t.Skip("TANDEM_CORPUS is not set")
	}
	rows, err := os.ReadFile(filepath.Join(dir, "oracle.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	good, all, explained := 0, 0, 0
	for _, row := range strings.Split(string(rows), "\n") {
		f := strings.Split(row, "\t")
		if len(f) < 9 || f[0] != "keepalived" || f[2] != "keepalived-2.4.3" {
			continue
		}
		all++
		data, err := os.ReadFile(filepath.Join(dir, f[1]))
		if err != nil {
			t.Fatal(err)
		}
		want, _ := strconv.Atoi(f[3])
		st, first := verdict(Load("FILE", data, oracleOptions()), "FILE")
		if st == want && lineOf(first) == lineOf(f[8]) {
			good++
			continue
		}
		if word, ok := strings.CutPrefix(f[8], "Unknown keyword '"); ok || strings.Contains(f[8], "Unknown keyword '") {
			if !ok {
				_, word, _ = strings.Cut(f[8], "Unknown keyword '")
			}
			if optionalWords[strings.TrimSuffix(word, "'")] && st == want {
				explained++
				continue
			}
		}
		t.Logf("%s\n  rc %d, original %d\n  ours:     %s\n  original: %s", f[1], st, want, first, f[8])
	}
	t.Logf("%d of %d: exit status and line of the first message equal; %d more begin with a word that the original's build lacked", good, all, explained)
	if good < 117 || good+explained < all {
		t.Errorf("only %d+%d of %d verdicts are equal", good, explained, all)
	}
}
