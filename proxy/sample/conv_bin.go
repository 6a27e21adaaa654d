package sample

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"tandem/parser/keyword"
	"tandem/parser/source"
	"tandem/proxy/tx"
)

const chunkSig = "string[,integer,integer]"

// binConvs turn blocks into text and back.
var binConvs = []word[Conv]{
	conv("hex", "", tx.TypeBin, tx.TypeStr, "Two upper-case hexadecimal digits a byte.", plain(applyHex)),
	conv("hex2i", "", tx.TypeStr, tx.TypeInt, "Integer of hexadecimal text.", plain(applyHex2i)),
	conv("base2", "", tx.TypeBin, tx.TypeStr, "Eight binary digits a byte.", plain(applyBase2)),
	conv("base64", "", tx.TypeBin, tx.TypeStr, "Base64 text (RFC 4648 4).", plain(encode64(base64.StdEncoding))),
	conv("b64dec", "", tx.TypeStr, tx.TypeBin, "Bytes of base64 text.", plain(decode64(base64.StdEncoding))),
	conv("ub64enc", "", tx.TypeBin, tx.TypeStr, "Base64 text for URLs, without padding (RFC 4648 5).", plain(encode64(base64.RawURLEncoding))),
	conv("ub64dec", "", tx.TypeStr, tx.TypeBin, "Bytes of base64 text for URLs.", plain(decode64(base64.RawURLEncoding))),
	conv("be2hex", chunkSig, tx.TypeBin, tx.TypeStr, "Hexadecimal text with a separator between chunks.", newBE2Hex),
	conv("be2dec", chunkSig, tx.TypeBin, tx.TypeStr, "Decimal numbers of big-endian chunks with a separator between them.", newChunksToDec(true)),
	conv("le2dec", chunkSig, tx.TypeBin, tx.TypeStr, "Decimal numbers of little-endian chunks with a separator between them.", newChunksToDec(false)),
	conv("bytes", "string[,string]", tx.TypeBin, tx.TypeBin, "Part of a block: offset and length, as numbers or variables.", newBytes),
	conv("htonl", "", tx.TypeInt, tx.TypeBin, "Four bytes of an integer, in network order.", plain(applyHtonl)),
	conv("has_ctl", "[string]", tx.TypeBin, tx.TypeBool, "Whether the block has control characters of a mask.", newHasCtl),
}

const hexUpper = "0123456789ABCDEF"

// appendHex appends two upper-case digits a byte.
func appendHex(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, hexUpper[c>>4], hexUpper[c&15])
	}
	return dst
}

func applyHex(t *tx.Tx, v *Value) bool {
	v.SetStr(appendHex(t.Scratch.Alloc(2 * len(v.B))[:0], v.B))
	return true
}

func applyHex2i(_ *tx.Tx, v *Value) bool {
	var n uint64
	for _, c := range v.B {
		d := source.HexDigit(c)
		if d < 0 {
			return false
		}
		n = n<<4 | uint64(d)
	}
	v.SetInt(int64(n))
	return true
}

func applyBase2(t *tx.Tx, v *Value) bool {
	out := t.Scratch.Alloc(8 * len(v.B))
	for i, c := range v.B {
		for bit := range 8 {
			out[8*i+bit] = '0' + c>>(7-bit)&1
		}
	}
	v.SetStr(out)
	return true
}

func encode64(enc *base64.Encoding) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		out := t.Scratch.Alloc(enc.EncodedLen(len(v.B)))
		enc.Encode(out, v.B)
		v.SetStr(out)
		return true
	}
}

func decode64(enc *base64.Encoding) evalFunc {
	return func(t *tx.Tx, v *Value) bool {
		in := v.B
		if enc == base64.RawURLEncoding {
			for len(in) > 0 && in[len(in)-1] == '=' {
				in = in[:len(in)-1]
			}
		}
		out := t.Scratch.Alloc(enc.DecodedLen(len(in)))
		n, err := enc.Decode(out, in)
		v.SetBin(out[:n])
		return err == nil
	}
}

// chunks are the arguments of be2hex, be2dec and le2dec.
func chunks(a args) (sep []byte, size int, whole bool, err error) {
	sep, size, whole = []byte(a.str(0, "")), int(a.int(1, 0)), a.int(2, 0) != 0
	if n := a.int(2, 0); n != 0 && n != 1 {
		return nil, 0, false, fmt.Errorf("Unsupported truncate value (%d)", n)
	}
	return sep, size, whole, nil
}

func newBE2Hex(_ *keyword.Env, a args) (evalFunc, error) {
	sep, size, whole, err := chunks(a)
	if err != nil {
		return nil, err
	}
	if (a.has(1) || a.str(0, "") != "") && size <= 0 {
		return nil, fmt.Errorf("chunk_size needs to be positive (%d)", size)
	}
	return func(t *tx.Tx, v *Value) bool {
		b := v.B
		if size <= 0 {
			v.SetStr(appendHex(t.Scratch.Alloc(2 * len(b))[:0], b))
			return true
		}
		out := t.Scratch.Alloc(2*len(b) + (len(b)/size+1)*len(sep))[:0]
		for i := 0; i < len(b); i += size {
			end := min(i+size, len(b))
			if whole && end-i < size {
				break
			}
			if i > 0 {
				out = append(out, sep...)
			}
			out = appendHex(out, b[i:end])
		}
		v.SetStr(out)
		return true
	}, nil
}

func newChunksToDec(big bool) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		sep, size, whole, err := chunks(a)
		if err != nil {
			return nil, err
		}
		if size < 1 || size > 8 {
			return nil, fmt.Errorf("chunk_size out of [1..8] range (%d)", size)
		}
		return func(t *tx.Tx, v *Value) bool {
			b := v.B
			out := t.Scratch.Alloc((len(b)/size + 1) * (20 + len(sep)))[:0]
			for i := 0; i < len(b); i += size {
				end := min(i+size, len(b))
				if whole && end-i < size {
					break
				}
				var n uint64
				for k, c := range b[i:end] {
					if big {
						n = n<<8 | uint64(c)
					} else {
						n |= uint64(c) << (8 * k)
					}
				}
				if i > 0 {
					out = append(out, sep...)
				}
				out = strconv.AppendUint(out, n, 10)
			}
			v.SetStr(out)
			return true
		}, nil
	}
}

// number is an argument that is an integer or a variable.
type number struct {
	n     int64
	name  tx.VarName
	isVar bool
}

// parseNumber reads a number or the name of a variable.
func parseNumber(s string) (number, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil || s == "" {
		return number{n: n}, nil
	}
	name, err := ParseVar(s)
	if err != nil {
		return number{}, errText("expects an integer or a variable name")
	}
	return number{name: name, isVar: true}, nil
}

// get returns the number now; ok is false where the variable is none.
func (n *number) get(t *tx.Tx) (int64, bool) {
	if !n.isVar {
		return n.n, true
	}
	val, ok := getVar(t, n.name)
	if !ok || !Cast(t, &val, tx.TypeInt) {
		return 0, false
	}
	return val.Int, true
}

func newBytes(_ *keyword.Env, a args) (evalFunc, error) {
	if !a.has(0) {
		return func(*tx.Tx, *Value) bool { return true }, nil
	}
	off, err := parseNumber(a.str(0, ""))
	if err != nil {
		return nil, err
	}
	size := number{n: 1<<63 - 1}
	if a.has(1) {
		if size, err = parseNumber(a.str(1, "")); err != nil {
			return nil, err
		}
	}
	if !off.isVar && off.n < 0 {
		return nil, errText("expects a non-negative integer")
	}
	if !size.isVar && size.n <= 0 {
		return nil, errText("expects a positive integer")
	}
	return func(t *tx.Tx, v *Value) bool {
		from, ok := off.get(t)
		n, ok2 := size.get(t)
		if !ok || !ok2 || from < 0 || n < 0 || from >= int64(len(v.B)) {
			v.SetBin(v.B[:0:0])
			return false
		}
		v.SetBin(v.B[from:min(int64(len(v.B)), from+min(n, int64(len(v.B))))])
		return true
	}, nil
}

func applyHtonl(t *tx.Tx, v *Value) bool {
	b, n := t.Scratch.Alloc(4), uint32(v.Int)
	b[0], b[1], b[2], b[3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	v.SetBin(b)
	return true
}

func newHasCtl(_ *keyword.Env, a args) (evalFunc, error) {
	mask := uint64(0x1fffffdff)
	switch s := a.str(0, ""); s {
	case "":
	case "any":
		mask = 0x1ffffffff
	case "http":
		mask = 0x2401
	default:
		n, at := parseUint(s)
		if at < len(s) {
			return nil, fmt.Errorf("cannot parse value '%s', problem at position %d; expecting an integer value (decimal or hex with '0x' prefix)", s, at)
		}
		if n > 0x1ffffffff {
			return nil, fmt.Errorf("unsupported excess bits 0x%x in argument value 0x%x", n&^0x1ffffffff, n)
		}
		mask = n
	}
	return func(_ *tx.Tx, v *Value) bool {
		found := false
		for _, c := range v.B {
			if c < 32 && mask>>c&1 == 1 || c == 127 && mask>>32 == 1 {
				found = true
				break
			}
		}
		v.SetBool(found)
		return true
	}, nil
}

// parseUint reads a decimal or 0x number and returns where reading stopped.
func parseUint(s string) (n uint64, at int) {
	base := uint64(10)
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		base, at = 16, 2
	}
	for ; at < len(s); at++ {
		d := source.HexDigit(s[at])
		if d < 0 || uint64(d) >= base {
			return n, at
		}
		if n = n*base + uint64(d); n > 1<<60 {
			n = 1 << 60
		}
	}
	return n, at
}
