package certs

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// lineOptions are the words that may stand in brackets on a line of a
// crt-list; the value says how many arguments follow (configuration manual
// 5.1, crt-list).
var lineOptions = map[string]int{
	"allow-0rtt": 0, "no-alpn": 0, "no-ca-names": 0,
	"alpn": 1, "npn": 1, "verify": 1, "ca-file": 1, "crl-file": 1, "ecdhe": 1, "curves": 1, "ciphers": 1, "ciphersuites": 1,
	"sigalgs": 1, "client-sigalgs": 1, "ssl-min-ver": 1, "ssl-max-ver": 1, "ocsp-update": 1,
}

// splitLine takes a line of a crt-list apart; file is empty where there is
// nothing on it. Errors are in the original's words, without the place.
func splitLine(line string) (file string, opts, names []string, err error) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return "", nil, nil, nil
	}
	head, rest, bracketed := strings.Cut(line, "[")
	if !bracketed {
		if strings.Contains(line, "]") {
			return "", nil, nil, errors.New("missing '['")
		}
		words := strings.Fields(line)
		return words[0], nil, words[1:], nil
	}
	inside, tail, _ := strings.Cut(rest, "]")
	switch {
	case strings.Contains(head, "]"):
		return "", nil, nil, errors.New("missing '['")
	case strings.Contains(inside+tail, "["):
		return "", nil, nil, errors.New("too many '['")
	case strings.Contains(tail, "]"):
		return "", nil, nil, errors.New("too many ']'")
	}
	words := strings.Fields(head)
	if len(words) == 0 {
		return "", nil, nil, errors.New("file can't start with '['")
	}
	opts = strings.Fields(inside)
	for i := 0; i < len(opts); i++ {
		args, ok := lineOptions[opts[i]]
		switch {
		case !ok:
			return "", nil, nil, fmt.Errorf("unknown ssl keyword %s", opts[i])
		case i+args >= len(opts):
			return "", nil, nil, fmt.Errorf("ssl args out of '[]' for %s", opts[i])
		}
		i += args
	}
	return words[0], opts, append(words[1:], strings.Fields(tail)...), nil
}

// unended says where the last line of a crt-list lacks its line feed.
func unended(path string, data []byte) error {
	if n := len(data); n > 0 && data[n-1] != '\n' {
		last := bytes.LastIndexByte(data, '\n') + 1
		return fmt.Errorf("parsing [%s:%d]: Missing LF on last line, file might have been truncated at position %d.\n", path, bytes.Count(data, []byte("\n"))+1, n-last+1)
	}
	return nil
}

// restricts says whether options ask for more than a choice of protocol: a
// client certificate, or versions, that must not be dropped silently.
func restricts(opts []string) bool {
	for _, o := range opts {
		switch o {
		case "verify", "ca-file", "crl-file", "ssl-min-ver", "ssl-max-ver", "ciphers", "ciphersuites":
			return true
		}
	}
	return false
}
