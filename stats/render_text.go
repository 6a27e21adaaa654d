package stats

import (
	"strconv"
	"strings"
)

func appendUint(b []byte, n uint64) []byte { return strconv.AppendUint(b, n, 10) }
func appendInt(b []byte, n int64) []byte   { return strconv.AppendInt(b, n, 10) }

// endOfFixed stands between the columns with a promised position and those of
// modules. It is a column of the CSV format only: no other format counts it.
const (
	endOfFixed        = "-,"
	firstModuleColumn = ColH2HeadersRcvd
)

// AppendCSVHeader appends the header line: "# pxname,svname,…,\n".
func AppendCSVHeader(b []byte) []byte {
	b = append(b, "# "...)
	for c := range NumColumns {
		if c == firstModuleColumn {
			b = append(b, endOfFixed...)
		}
		b = append(b, columns[c].Name...)
		b = append(b, ',')
	}
	return append(b, '\n')
}

// AppendCSV appends the row as one CSV line, ending with a comma and "\n".
func (r *Row) AppendCSV(b []byte) []byte {
	for c := range NumColumns {
		if c == firstModuleColumn {
			b = append(b, endOfFixed...)
		}
		if v, ok := r.Value(c); ok {
			if v.Type == Str {
				b = appendCSVString(b, v.S)
			} else {
				b = v.AppendText(b)
			}
		}
		b = append(b, ',')
	}
	return append(b, '\n')
}

// appendCSVString quotes s where a reader could misunderstand it (RFC 4180).
func appendCSVString(b []byte, s string) []byte {
	if !strings.ContainsAny(s, "\",\r\n") {
		return append(b, s...)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(s, `"`, `""`)...)
	return append(b, '"')
}

// AppendTyped appends the row in the typed format, one line a value:
//
//	F.2.0.0.pxname.1:KNSV:str:fe
//
// type.iid.sid.position.name.process:tags:type:value. With desc the column's
// description follows in quotes. There is no empty line at the end.
func (r *Row) AppendTyped(b []byte, desc bool) []byte {
	for c := range NumColumns {
		v, ok := r.Value(c)
		if !ok {
			continue
		}
		def := &columns[c]
		b = append(b, r.Kind.String()[0], '.')
		b = appendUint(b, uint64(r.ProxyID))
		b = append(b, '.')
		b = appendUint(b, uint64(r.ID))
		b = append(b, '.')
		b = appendTyped(b, int(c), def.Name, def.TagsFor(r.Kind), v)
		b = appendDesc(b, def.Doc, desc)
	}
	return b
}

// appendTyped appends "7.stot.1:MCPP:u64:0", the part that rows and process
// information share.
func appendTyped(b []byte, pos int, name, tags string, v Value) []byte {
	b = appendUint(b, uint64(pos))
	b = append(b, '.')
	b = append(b, name...)
	b = append(b, ".1:"...)
	b = append(b, tags...)
	b = append(b, ':')
	b = append(b, v.Type.String()...)
	b = append(b, ':')
	return v.AppendText(b)
}

func appendDesc(b []byte, doc string, desc bool) []byte {
	if desc {
		b = append(b, `:"`...)
		b = append(b, doc...)
		b = append(b, '"')
	}
	return append(b, '\n')
}

// CSV renders rows with their header, as "show stat" does without the empty
// line that ends an answer.
func CSV(rows []Row) []byte {
	b := AppendCSVHeader(nil)
	for i := range rows {
		b = rows[i].AppendCSV(b)
	}
	return b
}

// Typed renders rows as "show stat typed" does.
func Typed(rows []Row, desc bool) []byte {
	var b []byte
	for i := range rows {
		b = rows[i].AppendTyped(b, desc)
	}
	return b
}
