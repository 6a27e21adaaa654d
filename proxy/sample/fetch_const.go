package sample

import (
	"crypto/rand"
	"encoding/hex"
	mathrand "math/rand/v2"
	"os"
	"time"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// constFetches depend on no connection: constants, the process, chance.
var constFetches = []word[Fetch]{
	fetch("always_true", "", tx.TypeBool, Constant, "Always true.", plain(func(_ *tx.Tx, v *Value) bool { v.SetBool(true); return true })),
	fetch("always_false", "", tx.TypeBool, Constant, "Always false.", plain(func(_ *tx.Tx, v *Value) bool { v.SetBool(false); return true })),
	fetch("str", "string", tx.TypeStr, Constant, "A constant string.", newStr),
	fetch("int", "integer", tx.TypeInt, Constant, "A constant integer.", newInt),
	fetch("bool", "string", tx.TypeBool, Constant, "A constant boolean.", newBool),
	fetch("bin", "string", tx.TypeBin, Constant, "A constant block, written in hexadecimal.", newBin),
	fetch("ipv4", "IPv4 address", tx.TypeIPv4, Constant, "A constant IPv4 address.", newIP),
	fetch("ipv6", "IPv6 address", tx.TypeIPv6, Constant, "A constant IPv6 address.", newIP),
	fetch("meth", "string", tx.TypeMethod, Constant, "A constant method.", newMeth),
	fetch("env", "string", tx.TypeStr, Constant, "Value of an environment variable of the process.", newEnv),
	fetch("hostname", "", tx.TypeStr, Constant, "Name of the machine.", newHostname),
	fetch("date", "[integer,string]", tx.TypeInt, Constant, "The moment, with an offset, in s, ms or us since 1970.", newDate),
	fetch("date_us", "", tx.TypeInt, Constant, "Microseconds of the moment's second.", plain(func(_ *tx.Tx, v *Value) bool { v.SetInt(int64(time.Now().Nanosecond() / 1000)); return true })),
	fetch("rand", "[integer]", tx.TypeInt, Constant, "A random integer from 0 to the argument less one.", newRand),
	fetch("uuid", "[integer]", tx.TypeStr, Constant, "A new UUID of version 4 or 7 (RFC 9562).", newUUID),
	fetch("pid", "", tx.TypeInt, Constant, "Number of the process, as the kernel counts.", plain(constantOf(func() int64 { return int64(os.Getpid()) }))),
	fetch("proc", "", tx.TypeInt, Constant, "Number of the process, always 1.", plain(constant(1))),
	fetch("nbproc", "", tx.TypeInt, Constant, "Count of processes, always 1.", plain(constant(1))),
	fetch("thread", "", tx.TypeInt, Constant, "Number of the thread; this program has none to name and says 0.", plain(constant(0))),
	fetch("tgroup", "", tx.TypeInt, Constant, "Number of the thread group; this program has none to name and says 0.", plain(constant(0))),
	fetch("quic_enabled", "", tx.TypeBool, Constant, "Whether QUIC is in use.", plain(func(_ *tx.Tx, v *Value) bool { v.SetBool(false); return true })),
	fetch("uptime", "", tx.TypeInt, Constant, "Seconds since the process began.", plain(func(_ *tx.Tx, v *Value) bool { v.SetInt(int64(time.Since(started) / time.Second)); return true })),
}

// started is when the process began, near enough.
var started = time.Now()

func newStr(_ *keyword.Env, a args) (evalFunc, error) {
	b := []byte(a.str(0, ""))
	return func(_ *tx.Tx, v *Value) bool {
		v.SetStr(b)
		return true
	}, nil
}

func newInt(_ *keyword.Env, a args) (evalFunc, error) { return constant(a.int(0, 0)), nil }

func newBool(_ *keyword.Env, a args) (evalFunc, error) {
	var b bool
	switch a.str(0, "") {
	case "true", "1":
		b = true
	case "false", "0":
	default:
		return nil, errText("Expects 'true', 'false', '0' or '1'")
	}
	return func(_ *tx.Tx, v *Value) bool {
		v.SetBool(b)
		return true
	}, nil
}

func newBin(_ *keyword.Env, a args) (evalFunc, error) {
	if a.str(0, "") == "" {
		return nil, errText("(null)") // the original has no text for this
	}
	b, err := hexBytes(a.str(0, ""))
	return func(_ *tx.Tx, v *Value) bool {
		v.SetBin(b)
		return true
	}, err
}

func newIP(_ *keyword.Env, a args) (evalFunc, error) {
	ip := a[0].ip
	return func(_ *tx.Tx, v *Value) bool {
		setAddr(v, ip)
		return true
	}, nil
}

func newMeth(_ *keyword.Env, a args) (evalFunc, error) {
	b := []byte(a.str(0, ""))
	return func(_ *tx.Tx, v *Value) bool {
		v.Type, v.B = tx.TypeMethod, b
		return true
	}, nil
}

func newEnv(_ *keyword.Env, a args) (evalFunc, error) {
	b, ok := os.LookupEnv(a.str(0, ""))
	val := []byte(b)
	return func(_ *tx.Tx, v *Value) bool {
		v.SetStr(val)
		return ok
	}, nil
}

func newHostname(*keyword.Env, args) (evalFunc, error) {
	name, err := os.Hostname()
	b := []byte(name)
	return func(_ *tx.Tx, v *Value) bool {
		v.SetStr(b)
		return err == nil
	}, nil
}

// constantOf makes a fetch of a number that does not change, asked for once.
func constantOf(f func() int64) evalFunc {
	n := f()
	return constant(n)
}

func newDate(_ *keyword.Env, a args) (evalFunc, error) {
	unit, err := dateUnit(a, 1)
	if err != nil {
		return nil, err
	}
	offset := a.int(0, 0)
	return func(t *tx.Tx, v *Value) bool {
		now := t.Now
		if now.IsZero() {
			now = time.Now()
		}
		v.SetInt(unit(now) + offset)
		return true
	}, nil
}

func newRand(_ *keyword.Env, a args) (evalFunc, error) {
	n := a.int(0, 0)
	return func(_ *tx.Tx, v *Value) bool {
		r := int64(mathrand.Uint32())
		if n > 0 {
			r = r * n >> 32
		}
		v.SetInt(r)
		return true
	}, nil
}

func newUUID(_ *keyword.Env, a args) (evalFunc, error) {
	version := a.int(0, 4)
	if version != 4 && version != 7 {
		return nil, errText("Unsupported UUID version: '" + a.str(0, "") + "'")
	}
	return func(t *tx.Tx, v *Value) bool {
		v.SetStr(AppendUUID(t.Scratch.Alloc(36)[:0], int(version), time.Now()))
		return true
	}, nil
}

// AppendUUID appends a new UUID of version 4 or 7 (RFC 9562).
func AppendUUID(dst []byte, version int, now time.Time) []byte {
	var u [16]byte
	_, _ = rand.Read(u[:]) // never fails (crypto/rand)
	if version == 7 {
		ms := now.UnixMilli()
		for i := range 6 {
			u[i] = byte(ms >> (40 - 8*i))
		}
	}
	u[6] = u[6]&0x0f | byte(version)<<4
	u[8] = u[8]&0x3f | 0x80
	for i, c := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, []byte{c})
	}
	return dst
}
