package config

import (
	"context"
	"net"
	"net/netip"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// systemAccounts reads the system's users and groups.
type systemAccounts struct{}

// User looks a user up by name.
func (systemAccounts) User(name string) (uid, gid uint32, ok bool) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, 0, false
	}
	return id(u.Uid), id(u.Gid), true
}

// Group looks a group up by name.
func (systemAccounts) Group(name string) (gid uint32, ok bool) {
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, false
	}
	return id(g.Gid), true
}

func id(s string) uint32 {
	n, _ := strconv.ParseUint(s, 10, 32)
	return uint32(n)
}

// systemResolve asks the system for an address of a host.
func systemResolve(name string) (netip.Addr, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil || len(all) == 0 {
		return netip.Addr{}, false
	}
	return all[0].Unmap(), true
}

func cpus() int { return runtime.NumCPU() }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// parseUint reads the decimal number at the start of s and returns what follows it.
func parseUint(s string) (n uint64, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' && n < 1<<60 {
		n = n*10 + uint64(s[i]-'0')
		i++
	}
	if i == 0 {
		return 0, s + " "
	}
	return n, s[i:]
}

// parseInt is parseUint with an optional sign.
func parseInt(s string) (n int64, rest string) {
	t, neg := strings.CutPrefix(s, "-")
	u, rest := parseUint(t)
	n = int64(u)
	if neg {
		n = -n
	}
	return n, rest
}

// parseHex reads the hexadecimal number at the start of s.
func parseHex(s string) (n uint64, rest string) {
	i := 0
	for i < len(s) && i < 15 {
		d := strings.IndexByte("0123456789abcdef", s[i]|0x20)
		if d < 0 || s[i] < '0' {
			break
		}
		n = n<<4 | uint64(d)
		i++
	}
	return n, s[i:]
}

// octal reads the octal number at the start of s.
func octal(s string) (n uint32, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '7' && n < 1<<20 {
		n = n<<3 | uint32(s[i]-'0')
		i++
	}
	return n, s[i:]
}
