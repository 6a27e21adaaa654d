package peers

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
)

// Status is the answer to a hello.
type Status int

// Statuses of the handshake.
const (
	Succeeded      Status = 200
	TryAgain       Status = 300
	BadProtocol    Status = 501
	BadVersion     Status = 502
	LocalMismatch  Status = 503 // the hello is for another peer
	RemoteMismatch Status = 504 // nobody knows who says hello
)

const protocol, version = "HAProxyS", "2.1"

// hello is what the side that connects says first.
type hello struct {
	to, from string
	pid      int
}

// append appends the three lines.
func (h *hello) append(dst []byte) []byte {
	return fmt.Appendf(dst, "%s %s\n%s\n%s %d 1\n", protocol, version, h.to, h.from, h.pid)
}

// maxLine bounds a line of the handshake.
const maxLine = 512

// readLine reads a line without its end.
func readLine(r *bufio.Reader) (string, error) {
	var b []byte
	for {
		c, err := r.ReadByte()
		if err != nil {
			return "", unexpected(err)
		}
		if c == '\n' {
			return strings.TrimSuffix(string(b), "\r"), nil
		}
		if b = append(b, c); len(b) > maxLine {
			return "", errTooLong
		}
	}
}

// readHello reads the three lines and says what is wrong with them.
func readHello(r *bufio.Reader) (h hello, s Status, err error) {
	line, err := readLine(r)
	if err != nil {
		return h, BadProtocol, err
	}
	name, v, ok := strings.Cut(line, " ")
	if !ok || name != protocol {
		return h, BadProtocol, nil
	}
	if major, _, ok := strings.Cut(v, "."); !ok || major != "2" {
		return h, BadVersion, nil
	}
	if h.to, err = readLine(r); err != nil {
		return h, BadProtocol, err
	}
	if line, err = readLine(r); err != nil {
		return h, BadProtocol, err
	}
	f := strings.Fields(line)
	if len(f) < 2 {
		return h, BadProtocol, nil
	}
	h.from = f[0]
	h.pid, _ = strconv.Atoi(f[1])
	return h, Succeeded, nil
}

// readStatus reads the answer to a hello.
func readStatus(r *bufio.Reader) (Status, error) {
	line, err := readLine(r)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(line)
	return Status(n), err
}
