package stats

import "fmt"

// Info is the snapshot of the process from which "show info" is rendered. The
// caller fills it; N holds the numbers by column.
type Info struct {
	Name, Version, ReleaseDate string
	Node, Description          string // Description may be empty: no line
	BuildInfo                  string
	Tainted                    string // "0", or a hexadecimal mask
	N                          [NumInfo]uint64
}

// Uptime renders seconds as "show info" and the page do: "0d 0h00m01s".
func Uptime(seconds uint64) string {
	return fmt.Sprintf("%dd %dh%02dm%02ds",
		seconds/86400, seconds%86400/3600, seconds%3600/60, seconds%60)
}

// Value returns the value of one line, and whether it is shown.
func (in *Info) Value(c InfoCol) (Value, bool) {
	switch c {
	case InfoZlibMemUsage, InfoMaxZlibMemUsage:
		return Value{}, false // no zlib here: its lines never existed
	case InfoDescription:
		return Value{Type: Str, S: in.Description}, in.Description != ""
	case InfoName:
		return Value{Type: Str, S: in.Name}, true
	case InfoVersion:
		return Value{Type: Str, S: in.Version}, true
	case InfoReleaseDate:
		return Value{Type: Str, S: in.ReleaseDate}, true
	case InfoUptime:
		return Value{Type: Str, S: Uptime(in.N[InfoUptimeSec])}, true
	case InfoNode:
		return Value{Type: Str, S: in.Node}, true
	case InfoBuildInfo:
		return Value{Type: Str, S: in.BuildInfo}, true
	case InfoTainted:
		return Value{Type: Str, S: in.Tainted}, true
	}
	return Value{Type: infoColumns[c].Type, N: in.N[c]}, true
}

// AppendText appends "Name: value" lines; with desc the description follows
// in quotes.
func (in *Info) AppendText(b []byte, desc bool) []byte {
	for c := range NumInfo {
		v, ok := in.Value(c)
		if !ok {
			continue
		}
		b = append(b, infoColumns[c].Name...)
		b = append(b, ": "...)
		b = v.AppendText(b)
		b = appendDesc(b, infoColumns[c].Doc, desc)
	}
	return b
}

// AppendTyped appends the typed format: "0.Name.1:POSV:str:HAProxy".
func (in *Info) AppendTyped(b []byte, desc bool) []byte {
	for c := range NumInfo {
		v, ok := in.Value(c)
		if !ok {
			continue
		}
		def := &infoColumns[c]
		b = appendTyped(b, int(c), def.Name, def.Tags, v)
		b = appendDesc(b, def.Doc, desc)
	}
	return b
}

// AppendJSON appends the JSON array of "show info json".
func (in *Info) AppendJSON(b []byte) []byte {
	b = append(b, '[')
	first := true
	for c := range NumInfo {
		v, ok := in.Value(c)
		if !ok {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		def := &infoColumns[c]
		b = append(b, '{')
		b = appendJSONField(b, int(c), def.Name, def.Tags, v)
	}
	return append(b, ']', '\n')
}

// String returns the usual form of "show info".
func (in *Info) String() string { return string(in.AppendText(nil, false)) }
