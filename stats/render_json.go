package stats

import (
	"unicode/utf8"
)

// JSON renders rows as "show stat json" does: an array of rows, each an array
// of values with their nature.
func JSON(rows []Row) []byte {
	b := []byte{'['}
	for i := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = rows[i].AppendJSON(b)
	}
	return append(b, ']', '\n')
}

// AppendJSON appends the array of one row's values.
func (r *Row) AppendJSON(b []byte) []byte {
	b = append(b, '[')
	first := true
	for c := range NumColumns {
		v, ok := r.Value(c)
		if !ok {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		def := &columns[c]
		b = append(b, `{"objType":"`...)
		b = append(b, r.Kind.String()...)
		b = append(b, `","proxyId":`...)
		b = appendUint(b, uint64(r.ProxyID))
		b = append(b, `,"id":`...)
		b = appendUint(b, uint64(r.ID))
		b = append(b, ',')
		b = appendJSONField(b, int(c), def.Name, def.TagsFor(r.Kind), v)
	}
	return append(b, ']')
}

// appendJSONField appends the members that rows and process information share,
// and the closing brace.
func appendJSONField(b []byte, pos int, name, tags string, v Value) []byte {
	b = append(b, `"field":{"pos":`...)
	b = appendUint(b, uint64(pos))
	b = append(b, `,"name":"`...)
	b = append(b, name...)
	b = append(b, `"},"processNum":1,"tags":{"origin":"`...)
	b = append(b, tagWord(originWords, tags, 0)...)
	b = append(b, `","nature":"`...)
	b = append(b, tagWord(natureWords, tags, 1)...)
	b = append(b, `","scope":"`...)
	b = append(b, tagWord(scopeWords, tags, 2)...)
	b = append(b, `"},"value":{"type":"`...)
	b = append(b, v.Type.String()...)
	b = append(b, `","value":`...)
	if v.Type == Str {
		b = appendJSONString(b, v.S)
	} else {
		b = v.AppendText(b)
	}
	return append(b, '}', '}')
}

// Words for the letters of [Column.Tags] (Management Guide 9.2).
var (
	originWords = map[byte]string{
		'M': "Metric", 'S': "Status", 'K': "Key", 'C': "Config", 'P': "Product",
	}
	natureWords = map[byte]string{
		'G': "Gauge", 'L': "Limit", 'm': "Min", 'M': "Max", 'R': "Rate",
		'C': "Counter", 'D': "Duration", 'A': "Age", 'T': "Time", 'N': "Name",
		'O': "Output", 'a': "Avg",
	}
	scopeWords = map[byte]string{
		'C': "Cluster", 'P': "Process", 'S': "Service", 'y': "System",
	}
)

func tagWord(words map[byte]string, tags string, i int) string {
	if i < len(tags) {
		if w := words[tags[i]]; w != "" {
			return w
		}
	}
	return "Unknown"
}

// appendJSONString appends s quoted. Bytes that are not UTF-8, which names and
// check outputs may hold, become the replacement character.
func appendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20 || r == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// ErrorJSON renders the answer of a JSON command that failed.
func ErrorJSON(text string) string {
	return `{"errorStr":` + string(appendJSONString(nil, text)) + "}\n"
}
