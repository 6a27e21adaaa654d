package sample

import (
	"strconv"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// mqtt is a CONNECT or CONNACK packet (MQTT 3.1, 3.1.1 and 5.0).
type mqtt struct {
	kind     byte // 1 CONNECT, 2 CONNACK
	version  byte // CONNECT only
	flags    byte
	reason   byte
	keep     int
	protocol []byte
	fields   map[string][]byte
	props    []byte
	will     []byte // properties of the will
}

var mqttTypes = map[string]byte{"connect": 1, "1": 1, "connack": 2, "2": 2}

var mqttFields = map[byte]string{
	1: " flags protocol_name protocol_version client_identifier will_topic will_payload username password keepalive ",
	2: " flags protocol_version reason_code ",
}

// mqttProps are the properties of both packets with the form of their value:
// b byte, s two bytes, i four bytes, t text.
var mqttProps = map[uint64]byte{
	1: 'b', 2: 'i', 3: 't', 8: 't', 9: 't', 17: 'i', 18: 't', 19: 's', 21: 't', 22: 't', 23: 'b', 24: 'i', 25: 'b',
	26: 't', 28: 't', 31: 't', 33: 's', 34: 's', 36: 'b', 37: 'b', 38: 'p', 39: 'i', 40: 'b', 41: 'b', 42: 'b',
}

// varint takes a variable byte integer off a packet.
func (r *reader) varint() int {
	n := 0
	for shift := 0; shift < 28; shift += 7 {
		b := r.take(1)
		if len(b) == 0 {
			break
		}
		n |= int(b[0]&0x7f) << shift
		if b[0] < 0x80 {
			return n
		}
	}
	r.b = nil
	return 0
}

// byteOf takes one byte.
func (r *reader) byteOf() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

// mqttPartial says whether b is the beginning of a packet that is longer.
func mqttPartial(b []byte) bool {
	if len(b) < 2 {
		return true
	}
	// Flags that a type does not have are told from the first byte (MQTT 3.1.1, 2.2.2).
	switch typ, flags := b[0]>>4, b[0]&15; {
	case typ == 0, typ != 3 && typ != 6 && typ != 8 && typ != 10 && flags != 0, (typ == 6 || typ == 8 || typ == 10) && flags != 2:
		return false
	}
	size, i := 0, 1
	for ; i < 5; i++ {
		if i == len(b) {
			return true
		}
		size |= int(b[i]&0x7f) << (7 * (i - 1))
		if b[i] < 0x80 {
			return len(b)-i-1 < size
		}
	}
	return false // no length has more than four bytes
}

// parseMQTT reads the first packet of b.
func parseMQTT(b []byte) (*mqtt, bool) {
	if len(b) < 4 || b[0]&15 != 0 {
		return nil, false
	}
	m := &mqtt{kind: b[0] >> 4, fields: map[string][]byte{}}
	head := reader{b[1:]}
	size := head.varint()
	r := reader{head.take(size)}
	if head.b == nil || size < 2 {
		return nil, false
	}
	switch m.kind {
	case 1:
		if !m.connect(&r) {
			return nil, false
		}
	case 2:
		m.flags, m.reason = r.byteOf(), r.byteOf()
		if m.flags&0xfe != 0 {
			return nil, false
		}
		m.version = 4
		if len(r.b) > 0 {
			m.version = 5
			m.props = r.take(r.varint())
		}
	default:
		return nil, false
	}
	return m, r.b != nil && len(r.b) == 0
}

func (m *mqtt) connect(r *reader) bool {
	m.protocol = r.block(2)
	m.version, m.flags = r.byteOf(), r.byteOf()
	switch {
	case string(m.protocol) == "MQIsdp" && m.version == 3:
	case string(m.protocol) == "MQTT" && (m.version == 4 || m.version == 5):
	default:
		return false
	}
	if m.flags&1 != 0 {
		return false
	}
	if k := r.take(2); len(k) == 2 {
		m.keep = int(k[0])<<8 | int(k[1])
	}
	if m.version == 5 {
		m.props = r.take(r.varint())
	}
	m.fields["client_identifier"] = r.block(2)
	if m.flags&4 != 0 {
		if m.version == 5 {
			m.will = r.take(r.varint())
		}
		m.fields["will_topic"] = r.block(2)
		m.fields["will_payload"] = r.block(2)
	}
	if m.flags&0x80 != 0 {
		m.fields["username"] = r.block(2)
	}
	if m.flags&0x40 != 0 {
		m.fields["password"] = r.block(2)
	}
	return r.b != nil
}

// property returns the value of one of the packet's properties, or else of
// its will's, as text.
func (m *mqtt) property(id uint64) ([]byte, bool) {
	if v, ok := mqttProperty(m.props, id); ok {
		return v, true
	}
	return mqttProperty(m.will, id)
}

func mqttProperty(props []byte, id uint64) ([]byte, bool) {
	for r := (reader{props}); len(r.b) > 0; {
		key := uint64(r.varint())
		size := 0
		var val []byte
		switch mqttProps[key] {
		case 'b':
			size = 1
		case 's':
			size = 2
		case 'i':
			size = 4
		case 't':
			val = r.block(2)
		case 'p':
			r.block(2)
			val = r.block(2)
		default:
			return nil, false
		}
		if size > 0 {
			n := uint64(0)
			for _, c := range r.take(size) {
				n = n<<8 | uint64(c)
			}
			val = strconv.AppendUint(nil, n, 10)
		}
		if r.b == nil {
			return nil, false
		}
		if key == id {
			return val, true
		}
	}
	return nil, false
}

// field returns a field's value as text.
func (m *mqtt) field(name string) ([]byte, bool) {
	switch name {
	case "flags":
		return strconv.AppendUint(nil, uint64(m.flags), 10), true
	case "protocol_name":
		return m.protocol, true
	case "protocol_version":
		return strconv.AppendUint(nil, uint64(m.version), 10), true
	case "keepalive":
		return strconv.AppendInt(nil, int64(m.keep), 10), true
	case "reason_code":
		return strconv.AppendUint(nil, uint64(m.reason), 10), true
	}
	b, ok := m.fields[name]
	return b, ok && len(b) > 0
}

func newMQTTField(_ *keyword.Env, a args) (evalFunc, error) {
	kind, ok := mqttTypes[strings.ToLower(a.str(0, ""))]
	if !ok {
		return nil, errText("Unknown MQTT type '" + a.str(0, "") + "'")
	}
	name := strings.ToLower(a.str(1, ""))
	prop, err := strconv.ParseUint(name, 10, 16)
	isProp := err == nil
	if isProp && mqttProps[prop] == 0 || !isProp && !strings.Contains(mqttFields[kind], " "+name+" ") {
		return nil, errText("Unknown MQTT field name '" + a.str(1, "") + "' for packet type '" + a.str(0, "") + "'")
	}
	return func(_ *tx.Tx, v *Value) bool {
		m, ok := parseMQTT(v.B)
		if !ok || m.kind != kind {
			return false
		}
		var val []byte
		if isProp {
			val, ok = m.property(prop)
		} else {
			val, ok = m.field(name)
		}
		v.SetStr(val)
		return ok
	}, nil
}
