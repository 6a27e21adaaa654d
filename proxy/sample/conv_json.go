package sample

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// jsonConvs write and read JSON.
var jsonConvs = []word[Conv]{
	conv("json", "string", tx.TypeStr, tx.TypeStr, "Text escaped for a JSON string.", newJSON),
	conv("json_query", "string[,string]", tx.TypeStr, tx.TypeAny, "Value at a path in a JSON text; 'int' makes an integer of it.", newJSONQuery),
}

func newJSON(_ *keyword.Env, a args) (evalFunc, error) {
	mode := a.str(0, "ascii")
	switch mode {
	case "ascii", "utf8", "utf8s", "utf8p", "utf8ps":
	default:
		return nil, errText("Unexpected input code type. Allowed value are 'ascii', 'utf8', 'utf8s', 'utf8p' and 'utf8ps'")
	}
	return func(t *tx.Tx, v *Value) bool {
		out := t.Scratch.Alloc(6 * len(v.B))[:0]
		for b := v.B; len(b) > 0; {
			r, n := rune(b[0]), 1
			if mode != "ascii" && b[0] >= utf8.RuneSelf {
				r, n = utf8.DecodeRune(b)
				if r == utf8.RuneError && n <= 1 || n == 4 { // JSON's \u has 16 bits
					if mode == "utf8" || mode == "utf8p" {
						return false
					}
					b = b[max(1, n):]
					continue
				}
			}
			out = appendJSONRune(out, r)
			b = b[n:]
		}
		v.SetStr(out)
		return true
	}, nil
}

// appendJSONRune appends one character of a JSON string (RFC 8259 7).
func appendJSONRune(out []byte, r rune) []byte {
	switch {
	case r == '"', r == '\\', r == '/':
		return append(out, '\\', byte(r))
	case r == '\b':
		return append(out, '\\', 'b')
	case r == '\f':
		return append(out, '\\', 'f')
	case r == '\r':
		return append(out, '\\', 'r')
	case r == '\n':
		return append(out, '\\', 'n')
	case r == '\t':
		return append(out, '\\', 't')
	case r >= 32 && r < 127:
		return append(out, byte(r))
	}
	return appendJSONRune16(out, r)
}

func appendJSONRune16(out []byte, r rune) []byte {
	const hexLower = "0123456789abcdef"
	return append(out, '\\', 'u', hexLower[r>>12&15], hexLower[r>>8&15], hexLower[r>>4&15], hexLower[r&15])
}

// jsonStep is one step of a path: a key or an index.
type jsonStep struct {
	key   string
	index int
	isKey bool
}

// parseJSONPath reads "$.a.b[0]['c']".
func parseJSONPath(s string) ([]jsonStep, error) {
	bad := errText("invalid json_path value for json_query.")
	if s == "" || s[0] != '$' {
		return nil, bad
	}
	var out []jsonStep
	for s = s[1:]; s != ""; {
		switch s[0] {
		case '.':
			s = s[1:]
			key, rest := jsonKey(s)
			if key == "" {
				return nil, bad
			}
			out = append(out, jsonStep{key: key, isKey: true})
			s = rest
		case '[':
			in, rest, ok := strings.Cut(s[1:], "]")
			if !ok || in == "" {
				return nil, bad
			}
			if q := in[0]; q == '\'' || q == '"' {
				if len(in) < 2 || in[len(in)-1] != q {
					return nil, bad
				}
				out = append(out, jsonStep{key: in[1 : len(in)-1], isKey: true})
			} else {
				n, err := strconv.Atoi(in)
				if err != nil || n < 0 {
					return nil, bad
				}
				out = append(out, jsonStep{index: n})
			}
			s = rest
		default:
			return nil, bad
		}
	}
	return out, nil
}

// jsonKey splits a path behind the key that it begins with. A backslash takes
// the character behind it into the key, as in "my\\.key".
func jsonKey(s string) (key, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
		case s[i] == '.' || s[i] == '[':
			return b.String(), s[i:]
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// jsonAt walks a path and returns what it leads to, as raw JSON.
func jsonAt(doc []byte, path []jsonStep) (json.RawMessage, bool) {
	raw := json.RawMessage(doc)
	for _, step := range path {
		if step.isKey {
			var m map[string]json.RawMessage
			if json.Unmarshal(raw, &m) != nil {
				return nil, false
			}
			next, ok := m[step.key]
			if !ok {
				return nil, false
			}
			raw = next
			continue
		}
		var l []json.RawMessage
		if json.Unmarshal(raw, &l) != nil || step.index >= len(l) {
			return nil, false
		}
		raw = l[step.index]
	}
	return bytes.TrimSpace(raw), json.Valid(raw)
}

// setJSON puts a JSON value into v: texts without quotes, numbers as text or
// integer, booleans as booleans, lists as they stand, objects not at all.
func setJSON(t *tx.Tx, v *Value, raw []byte, asInt bool) bool {
	if len(raw) == 0 {
		return false
	}
	switch c := raw[0]; {
	case c == '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return false
		}
		v.SetStr(stringBytes(t, s))
	case c == 't', c == 'f':
		v.SetBool(c == 't')
	case c == '-' || c >= '0' && c <= '9':
		if !asInt {
			v.SetStr(t.Scratch.Copy(raw))
			break
		}
		f, err := strconv.ParseFloat(text(raw), 64)
		if err != nil || math.Abs(f) > math.MaxInt64 {
			return false
		}
		if n, err := strconv.ParseInt(text(raw), 10, 64); err == nil {
			v.SetInt(n)
		} else {
			v.SetInt(int64(f))
		}
	case c == 'n', c == '{':
		return false
	default:
		v.SetStr(t.Scratch.Copy(raw))
	}
	return true
}

func newJSONQuery(_ *keyword.Env, a args) (evalFunc, error) {
	if a.str(0, "") == "" {
		return nil, errText("json_path must not be empty.")
	}
	path, err := parseJSONPath(a.str(0, ""))
	found := err == nil // the original takes any path, and finds nothing at a bad one
	asInt := false
	switch s := a.str(1, ""); s {
	case "":
	case "int":
		asInt = true
	default:
		return nil, errText("output_type only supports \"int\" as argument.")
	}
	return func(t *tx.Tx, v *Value) bool {
		if !found {
			return false
		}
		raw, ok := jsonAt(v.B, path)
		return ok && setJSON(t, v, raw, asInt)
	}, nil
}
