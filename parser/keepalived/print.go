package keepalived

import "strings"

// String prints the file as it was read, byte for byte.
func (f *File) String() string {
	var b strings.Builder
	for _, l := range f.Lines {
		b.WriteString(l.String())
	}
	return b.String()
}

// String prints the line with its end.
func (l *Line) String() string {
	var b strings.Builder
	for _, p := range l.Pieces {
		b.WriteString(p.Raw)
	}
	b.WriteString(l.EOL)
	return b.String()
}
