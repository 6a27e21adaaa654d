package proxy

import (
	"errors"
	"strings"
	"syscall"

	"tandem/parser/haproxy"
)

// What the program says it is: the release whose behaviour it reproduces.
// Scripts and configurations compare with these (version_atleast, -v).
const (
	Version     = "3.5-dev5-tandem"
	VersionDate = "2026/11/21"
	Branch      = "3.5"
	TLSLibrary  = "Go crypto/tls (behaves as OpenSSL 3.0)"
	opensslLike = "3.0.0"
)

// features are the build options that configurations may ask for, true where
// this program has what the option stands for.
var features = map[string]bool{
	"ACCEPT4": true, "CRYPT_H": true, "EPOLL": true, "GETADDRINFO": true, "LIBCRYPT": true, "LINUX_SPLICE": true,
	"LINUX_TPROXY": true, "NS": false, "OPENSSL": true, "PCRE": false, "PCRE2": true, "POLL": true, "PRCTL": true,
	"SSL": true, "TFO": true, "THREAD": true, "TPROXY": true, "LUA": true, "SLZ": true, "ZLIB": false,
	"PROMEX": false, "QUIC": false, "HAVE_WORKING_TCP_MD5SIG": false, "DEVICEATLAS": false, "51DEGREES": false,
	"WURFL": false, "SYSTEMD": true, "H2": false, "FCGI": true, "SPOE": true, "ENGINE": false, "RT": true, "DL": false,
}

// Features lists the features as -vv prints them: "+NAME" or "-NAME", sorted.
func Features() []string {
	out := make([]string, 0, len(features))
	for name, on := range features {
		sign := "-"
		if on {
			sign = "+"
		}
		out = append(out, sign+name)
	}
	sortByName(out)
	return out
}

func sortByName(list []string) {
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && list[j][1:] < list[j-1][1:]; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
}

// CondEnv is what the predicates of .if and -cc are asked of.
func CondEnv(getenv func(string) (string, bool)) *haproxy.CondEnv {
	return &haproxy.CondEnv{
		Getenv: getenv, Version: Version, OpenSSL: opensslLike, SSLLibrary: "OpenSSL " + opensslLike,
		Feature: func(name string) bool { return features[name] },
		Enabled: func(name string) bool {
			switch name {
			case "POLL", "EPOLL", "SPLICE", "GETADDRINFO", "REUSEPORT", "FAST-FORWARD":
				return true
			}
			return false
		},
	}
}

// SysError returns the system's words for an error, without Go's wrapping:
// messages of the original end in strerror's text.
func SysError(err error) string {
	var no syscall.Errno
	if errors.As(err, &no) {
		s := no.Error()
		return strings.ToUpper(s[:1]) + s[1:]
	}
	return err.Error()
}
