// Package peers shares stick tables with other processes: the peers protocol
// 2.1 on the wire, what each peer knows of each table, and the connections.
package peers

// appendInt appends an integer in the protocol's variable length form: up to
// 239 in one byte, else 4 bits in the first and 7 in each that follows.
func appendInt(dst []byte, v uint64) []byte {
	if v < 0xf0 {
		return append(dst, byte(v))
	}
	dst = append(dst, byte(v)|0xf0)
	for v = (v - 0xf0) >> 4; v >= 0x80; v = (v - 0x80) >> 7 {
		dst = append(dst, byte(v)|0x80)
	}
	return append(dst, byte(v))
}

// scanner takes fields off a message. Once one is cut short all that follow
// are 0, and bad is set.
type scanner struct {
	b   []byte
	bad bool
}

func (s *scanner) fail() { s.b, s.bad = nil, true }

// int takes an integer in variable length form.
func (s *scanner) int() uint64 {
	if len(s.b) == 0 {
		s.fail()
		return 0
	}
	v := uint64(s.b[0])
	if s.b = s.b[1:]; v < 0xf0 {
		return v
	}
	for shift := 4; ; shift += 7 {
		if len(s.b) == 0 || shift > 60 {
			s.fail()
			return 0
		}
		c := s.b[0]
		s.b = s.b[1:]
		if v += uint64(c) << shift; c < 0x80 {
			return v
		}
	}
}

// take takes n bytes.
func (s *scanner) take(n uint64) []byte {
	if n > uint64(len(s.b)) {
		s.fail()
		return nil
	}
	b := s.b[:n]
	s.b = s.b[n:]
	return b
}

// fixed takes 4 bytes in network order.
func (s *scanner) fixed() uint32 {
	b := s.take(4)
	if b == nil {
		return 0
	}
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}
