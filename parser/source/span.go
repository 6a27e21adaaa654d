package source

import "strconv"

// Span is a range of bytes of a file. The zero Span is "nowhere": command
// line, defaults, generated objects.
type Span struct {
	File       *File
	Start, End int32 // byte offsets, End exclusive
}

// IsZero says whether the span points nowhere.
func (s Span) IsZero() bool { return s.File == nil }

// Line returns the line at which the span starts, counted from 1; 0 for nowhere.
func (s Span) Line() int {
	if s.File == nil {
		return 0
	}
	l, _ := s.File.Position(int(s.Start))
	return l
}

// Col returns the column in bytes at which the span starts, counted from 1; 0 for nowhere.
func (s Span) Col() int {
	if s.File == nil {
		return 0
	}
	_, c := s.File.Position(int(s.Start))
	return c
}

// Text returns the bytes as they stand in the file, quotes and escapes included.
func (s Span) Text() string {
	if s.File == nil {
		return ""
	}
	return string(s.File.Data[s.Start:s.End])
}

// String prints "file:line", as messages do; "" for nowhere.
func (s Span) String() string {
	if s.File == nil {
		return ""
	}
	return s.File.Name + ":" + strconv.Itoa(s.Line())
}

// To returns the span from the start of s to the end of t, which must be of the same file.
func (s Span) To(t Span) Span {
	if s.File == nil {
		return t
	}
	if t.File == s.File {
		s.End = t.End
	}
	return s
}

// Word is one word of a line after quotes, escapes and variables were resolved.
type Word struct {
	Text string // what the word means
	Span Span   // where it stands; Span.Text() is how it was written
}
