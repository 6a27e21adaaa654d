//go:build reference

package proxy

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// TestH2Reference plays the frames on the haproxy binary that TANDEM_HAPROXY
// names, so that the answers themselves are proven. With TANDEM_REWRITE set it
// writes down what that binary answers instead.
func TestH2Reference(t *testing.T) {
	bin := os.Getenv("TANDEM_HAPROXY")
	if bin == "" {
		t.Skip("TANDEM_HAPROXY names no haproxy")
	}
	addr, _ := h2Origin(t)
	s := newStage("s1", addr)
	s.openLog(t)
	s.startReference(t, bin, h2Config)
	if os.Getenv("TANDEM_REWRITE") == "" {
		known := h2known(t)
		for _, k := range h2cases {
			t.Run(k.name, func(t *testing.T) {
				t.Parallel()
				k.play(t, s.listens["fe"], known[k.name][0])
			})
		}
		return
	}
	old := map[string][]string{}
	if _, err := os.Stat(h2Answers); err == nil {
		old = h2known(t)
	}
	var b strings.Builder
	for _, k := range h2cases {
		c, err := net.Dial("tcp", s.listens["fe"])
		if err != nil {
			t.Fatal(err)
		}
		w := newH2wire()
		k.send(w)
		go c.Write(w.Bytes())
		got := h2read(c, func(string) bool {
			c.SetReadDeadline(time.Now().Add(time.Second))
			return false
		})
		c.Close()
		fmt.Fprintf(&b, "%s\t%s", k.name, got)
		if o := old[k.name]; len(o) > 2 {
			fmt.Fprintf(&b, "\t%s\t%s", o[1], o[2])
		}
		fmt.Fprintln(&b)
	}
	if err := os.WriteFile(h2Answers, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
