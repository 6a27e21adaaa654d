// Package source holds the bytes of configuration files and says where in
// them a thing stands. It knows no grammar: lexers make Words with Spans,
// and everything later reports against them.
package source

import (
	"bytes"
	"sort"
)

// File is one configuration file as it was read, never modified.
type File struct {
	Name string // as the user gave it: what messages print
	Data []byte

	lines []int // offset at which each line starts, built on first use
}

// New wraps data, which the caller must not change afterwards.
func New(name string, data []byte) *File {
	f := &File{Name: name, Data: data}
	f.lines = append(make([]int, 0, 1+bytes.Count(data, []byte{'\n'})), 0)
	for i := 0; i < len(data); {
		n := bytes.IndexByte(data[i:], '\n')
		if n < 0 {
			break
		}
		i += n + 1
		f.lines = append(f.lines, i)
	}
	return f
}

// Lines returns the number of lines; a file that ends in LF has no last empty line.
func (f *File) Lines() int {
	n := len(f.lines)
	if n > 0 && f.lines[n-1] == len(f.Data) {
		n--
	}
	return n
}

// Line returns line n, counted from 1, without its LF; nil if there is none.
func (f *File) Line(n int) []byte {
	if n < 1 || n > len(f.lines) {
		return nil
	}
	end := len(f.Data)
	if n < len(f.lines) {
		end = f.lines[n] - 1
	}
	return f.Data[f.lines[n-1]:end]
}

// LineStart returns the offset at which line n, counted from 1, begins.
func (f *File) LineStart(n int) int {
	if n < 1 || n > len(f.lines) {
		return len(f.Data)
	}
	return f.lines[n-1]
}

// Position returns the line and the column (in bytes) of an offset, both counted from 1.
func (f *File) Position(off int) (line, col int) {
	line = sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > off })
	return line, off - f.lines[line-1] + 1
}
