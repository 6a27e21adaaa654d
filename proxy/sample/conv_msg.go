package sample

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

const protobufSig = "Protocol buffers field number[,string]"

// messageConvs read messages of other protocols.
var messageConvs = []word[Conv]{
	conv("protobuf", protobufSig, tx.TypeBin, tx.TypeBin, "Field of a Protocol Buffers message, by its dotted number.", newProtobuf(0)),
	conv("ungrpc", protobufSig, tx.TypeBin, tx.TypeBin, "Field of a gRPC message, by its dotted number.", newProtobuf(5)),
	conv("fix_is_valid", "", tx.TypeBin, tx.TypeBool, "Whether the block is a valid FIX message.", plain(applyFIXValid)),
	conv("fix_tag_value", "string", tx.TypeBin, tx.TypeBin, "Value of a tag in a FIX message.", newFIXTag),
	conv("mqtt_is_valid", "", tx.TypeBin, tx.TypeBool, "Whether the block is a valid MQTT CONNECT or CONNACK packet.", plain(func(_ *tx.Tx, v *Value) bool {
		if mqttPartial(v.B) {
			v.MayChange = true
			return false
		}
		_, ok := parseMQTT(v.B)
		v.SetBool(ok)
		v.MayChange = false // what follows changes nothing
		return true
	})),
	conv("mqtt_field_value", "string,string", tx.TypeBin, tx.TypeStr, "Field or property of an MQTT CONNECT or CONNACK packet.", newMQTTField),
}

// protobufTypes gives each type its wire type (protobuf encoding guide).
var protobufTypes = map[string]int{
	"int32": 0, "int64": 0, "uint32": 0, "uint64": 0, "sint32": 0, "sint64": 0, "bool": 0, "enum": 0,
	"fixed64": 1, "sfixed64": 1, "double": 1, "fixed32": 5, "sfixed32": 5, "float": 5,
}

// newProtobuf makes protobuf and, with the length of gRPC's head, ungrpc.
func newProtobuf(head int) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		var path []uint64
		for _, p := range strings.Split(a.str(0, ""), ".") {
			n, err := strconv.ParseUint(p, 10, 29)
			if err != nil {
				return nil, &argError{err: fmt.Errorf("failed to parse '%s' as type 'Protocol buffers field number' at position 1", a.str(0, ""))}
			}
			path = append(path, n)
		}
		typ, wire := a.str(1, ""), 2
		if typ != "" {
			w, ok := protobufTypes[typ]
			if !ok {
				return nil, errText("Wrong protocol buffer type '" + typ + "'")
			}
			wire = w
		}
		return func(_ *tx.Tx, v *Value) bool {
			b, ok := v.B, true
			if head > 0 {
				if b, ok = grpcMessage(b, head); !ok {
					return false
				}
			}
			last := len(path) - 1
			for _, field := range path[:last] {
				if b, _, ok = protobufField(b, field, 2); !ok {
					return false
				}
			}
			b, num, ok := protobufField(b, path[last], wire)
			switch {
			case !ok:
				return false
			case wire == 2:
				v.SetBin(b)
			default:
				v.SetInt(protobufInt(typ, num))
			}
			return true
		}, nil
	}
}

// grpcMessage cuts the head off a message that is not compressed, and what
// follows behind its length.
func grpcMessage(b []byte, head int) ([]byte, bool) {
	if len(b) <= head || b[0] != 0 {
		return nil, false
	}
	n := int(binary.BigEndian.Uint32(b[1:]))
	if b = b[head:]; n <= len(b) {
		b = b[:n]
	}
	return b, true
}

// protobufField finds the first field of a number and wire type.
func protobufField(b []byte, field uint64, wire int) (data []byte, num uint64, ok bool) {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, 0, false
		}
		b = b[n:]
		data, num = nil, 0
		switch key & 7 {
		case 0:
			if num, n = binary.Uvarint(b); n <= 0 {
				return nil, 0, false
			}
		case 1:
			if n = 8; len(b) < n {
				return nil, 0, false
			}
			num = binary.LittleEndian.Uint64(b)
		case 5:
			if n = 4; len(b) < n {
				return nil, 0, false
			}
			num = uint64(binary.LittleEndian.Uint32(b))
		case 2:
			size, k := binary.Uvarint(b)
			if k <= 0 || size > uint64(len(b)-k) {
				return nil, 0, false
			}
			n = k + int(size)
			data = b[k:n]
		default:
			return nil, 0, false
		}
		if key>>3 == field && int(key&7) == wire {
			return data, num, true
		}
		b = b[n:]
	}
	return nil, 0, false
}

// protobufInt gives a number of a type as an integer.
func protobufInt(typ string, n uint64) int64 {
	switch typ {
	case "int32", "enum", "sfixed32":
		return int64(int32(n))
	case "uint32", "fixed32":
		return int64(uint32(n))
	case "bool":
		return boolInt(n != 0)
	case "sint32", "sint64":
		return int64(n>>1) ^ -int64(n&1)
	case "float":
		return int64(math.Float32frombits(uint32(n)))
	case "double":
		return int64(math.Float64frombits(n))
	}
	return int64(n)
}

// fixTags are the tags that have names here.
var fixTags = map[string]uint64{
	"BeginString": 8, "BodyLength": 9, "CheckSum": 10, "MsgType": 35, "SenderCompID": 49, "TargetCompID": 56,
}

// fixTag takes "8=FIX.4.2" and SOH off a message.
func fixTag(b []byte) (tag uint64, val, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '=')
	if i <= 0 {
		return 0, nil, nil, false
	}
	tag, err := strconv.ParseUint(text(b[:i]), 10, 32)
	if err != nil || b[0] == '0' {
		return 0, nil, nil, false
	}
	b = b[i+1:]
	end := bytes.IndexByte(b, 1)
	if end <= 0 {
		return 0, nil, nil, false
	}
	return tag, b[:end], b[end+1:], true
}

var fixVersions = map[string]bool{"FIX.4.0": true, "FIX.4.1": true, "FIX.4.2": true, "FIX.4.3": true, "FIX.4.4": true, "FIXT.1.1": true}

func applyFIXValid(_ *tx.Tx, v *Value) bool {
	if fixPartial(v.B) {
		v.MayChange = true
		return false
	}
	v.SetBool(validFIX(v.B))
	v.MayChange = false // what follows changes nothing
	return true
}

// fixPartial says whether b is the beginning of a message that is longer: its
// first two tags, or as much as its length says, are not there.
func fixPartial(b []byte) bool {
	if bytes.Count(b, []byte{1}) < 2 {
		return true
	}
	_, _, rest, ok := fixTag(b)
	if !ok {
		return false
	}
	tag, val, rest, ok := fixTag(rest)
	size, err := strconv.Atoi(string(val))
	const sum = len("10=000\x01")
	return ok && tag == 9 && err == nil && size+sum > len(rest)
}

// validFIX checks the three first tags, the length and the checksum.
func validFIX(msg []byte) bool {
	tag, val, rest, ok := fixTag(msg)
	if !ok || tag != 8 || !fixVersions[string(val)] {
		return false
	}
	tag, val, rest, ok = fixTag(rest)
	size, err := strconv.Atoi(string(val))
	if !ok || tag != 9 || err != nil || size < 0 || size > len(rest) {
		return false
	}
	sumAt := len(msg) - len(rest) + size
	if tag, _, _, ok = fixTag(rest); !ok || tag != 35 {
		return false
	}
	for body := rest[:size]; len(body) > 0; {
		if _, _, body, ok = fixTag(body); !ok {
			return false
		}
	}
	tag, val, _, ok = fixTag(msg[sumAt:])
	if !ok || tag != 10 || len(val) != 3 {
		return false
	}
	sum := byte(0)
	for _, c := range msg[:sumAt] {
		sum += c
	}
	want, err := strconv.Atoi(string(val))
	return err == nil && want == int(sum)
}

func newFIXTag(_ *keyword.Env, a args) (evalFunc, error) {
	want, ok := fixTags[a.str(0, "")]
	if !ok {
		n, err := strconv.ParseUint(a.str(0, ""), 10, 32)
		if err != nil {
			return nil, errText("Unknown FIX tag name '" + a.str(0, "") + "'")
		}
		want = n
	}
	return func(_ *tx.Tx, v *Value) bool {
		for b := v.B; len(b) > 0; {
			tag, val, rest, ok := fixTag(b)
			if !ok {
				return false
			}
			if tag == want {
				v.SetBin(val)
				return true
			}
			b = rest
		}
		return false
	}, nil
}
