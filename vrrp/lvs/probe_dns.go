package lvs

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// DNSTypes are the types of questions of DNS_CHECK.
var DNSTypes = map[string]uint16{"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28, "RRSIG": 46, "DNSKEY": 48}

// DNSProbe is DNS_CHECK: it asks a name server by UDP (RFC 1035).
type DNSProbe struct {
	one
	Connection
	Type uint16
	Name string
}

// question is the query with an identifier.
func (p *DNSProbe) question(id uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, id)
	b = append(b, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0) // recursion desired, one question
	for _, label := range strings.Split(strings.TrimSuffix(p.Name, "."), ".") {
		if label != "" && len(label) < 64 {
			b = append(b, byte(len(label)))
			b = append(b, label...)
		}
	}
	b = append(b, 0)
	b = binary.BigEndian.AppendUint16(b, p.Type)
	return binary.BigEndian.AppendUint16(b, 1)
}

// Probe implements [Prober].
func (p *DNSProbe) Probe(ctx context.Context, _ int) Outcome {
	conn, err := p.dial(ctx, "udp")
	if err != nil {
		return Outcome{Text: "connection error."}
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	conn.SetDeadline(time.Now().Add(p.Timeout))
	id := uint16(rand.N(0x10000))
	if _, err := conn.Write(p.question(id)); err != nil {
		return Outcome{Text: "failed to write socket."}
	}
	buf := make([]byte, 65536)
	for {
		n, err := conn.Read(buf)
		switch {
		case err != nil && late(err):
			return Outcome{Text: "read timeout from socket", Timeout: true}
		case err != nil:
			no := errno(err)
			return Outcome{Text: fmt.Sprintf("failed to read socket; errno %d (%s)", int(no), sysText(no))}
		case n < 12 || binary.BigEndian.Uint16(buf) != id || buf[2]&0x80 == 0:
			continue // no answer to our question
		}
		if code := buf[3] & 0xf; code != 0 {
			return Outcome{Text: fmt.Sprintf("read error occurred. (rcode = %d)", code)}
		}
		return Outcome{OK: true}
	}
}
