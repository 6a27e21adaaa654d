package proxy

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http2/hpack"
)

// h2read reads frames until enough says so of what it describes so far, or the
// connection ends, or nothing comes until the deadline.
func h2read(c net.Conn, enough func(got string) bool) string {
	var out []string
	dec := hpack.NewDecoder(4096, nil)
	data := map[uint32]string{}
	r := bufio.NewReader(c)
	for {
		if enough(h2join(out)) {
			break
		}
		var h [9]byte
		_, err := io.ReadFull(r, h[:])
		p := make([]byte, int(h[0])<<16|int(h[1])<<8|int(h[2]))
		if err == nil {
			_, err = io.ReadFull(r, p)
		}
		if err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				out = append(out, "EOF")
			}
			break
		}
		if string(h[:4]) == "HTTP" {
			out = append(out, "HTTP/1 answer")
			break
		}
		id, end := binary.BigEndian.Uint32(h[5:]), ""
		if h[4]&1 != 0 {
			end = " end"
		}
		switch h[3] {
		case fHeaders:
			hs, _ := dec.DecodeFull(p)
			s := fmt.Sprintf("H%d", id)
			for _, h := range hs {
				if h.Name != "date" && h.Name != "content-type" && h.Name != "cache-control" {
					s += " " + strings.TrimPrefix(h.Name, ":status") + "=" + h.Value
				}
			}
			out = append(out, s+end)
		case fData:
			data[id] += string(p)
			if end != "" {
				s := data[id]
				if strings.HasPrefix(s, "<html>") {
					s = "page"
				}
				out = append(out, fmt.Sprintf("D%d %q end", id, s))
			}
		case fRst:
			if data[id] != "" {
				out = append(out, fmt.Sprintf("D%d %q", id, data[id]))
			}
			out = append(out, fmt.Sprintf("RST%d %d", id, binary.BigEndian.Uint32(p)))
		case fGoAway:
			out = append(out, fmt.Sprintf("GOAWAY %d %d", binary.BigEndian.Uint32(p), binary.BigEndian.Uint32(p[4:])))
		case fPing:
			out = append(out, "PONG")
		case fSettings, fWindow:
		default:
			out = append(out, fmt.Sprintf("frame %d", h[3]))
		}
	}
	return h2join(out)
}

// h2join sorts by stream, since streams are answered in any order. What is said
// of streams behind the connection's error is of no interest.
func h2join(list []string) string {
	out := slices.Clone(list)
	for _, s := range list {
		if strings.HasPrefix(s, "GOAWAY") && !strings.HasSuffix(s, " 0") {
			out = slices.DeleteFunc(out, func(x string) bool { return strings.HasPrefix(x, "RST") && strings.HasSuffix(x, " 0") })
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return streamOf(a) - streamOf(b) })
	return strings.Join(out, "; ")
}

// streamOf is the stream that an element of h2read is about.
func streamOf(s string) int {
	n, err := strconv.Atoi(strings.TrimLeft(strings.Fields(s)[0], "HDRST"))
	if err != nil {
		return 1 << 30
	}
	return n
}
